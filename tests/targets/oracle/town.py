"""Entra ID and Oracle HCM between which values are written back: both change, calls fail, and processes die."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pyarrow as pa

from hcm_pipeline.delivery import (
    Canary,
    Facts,
    Journal,
    Manifest,
    Plan,
    Rules,
    Snapshot,
    Task,
    UploadReport,
    UploadTerms,
    make_plan,
    names_of,
    sync_warehouse,
    upload,
)
from hcm_pipeline.directory import contacts
from hcm_pipeline.entra import ChangesLost
from hcm_pipeline.errors import ServiceUnavailable
from hcm_pipeline.home import Home
from hcm_pipeline.http import Patience
from hcm_pipeline.oracle import OracleConnection, WriteRules
from hcm_pipeline.profile import Delivery, Guards, Outcomes, Writeback
from hcm_pipeline.sandbox.oracle.front import HcmTransport
from hcm_pipeline.targets.oracle import HR, OracleLive, OracleTarget, key_of, limits_of
from hcm_pipeline.warehouse import Relation, Scratch, quote, scratch, table
from tests.delivery.conftest import one_at_a_time
from tests.delivery.house import InMemory
from tests.delivery.tables import empty_tables
from tests.sandbox.hcm_support import URL, Office, office

ATTRIBUTES = {
    "user_name": "userPrincipalName",
    "work_mail": "mail",
    "work_phone": "businessPhones",
    "mobile_phone": "mobilePhone",
}
COLUMNS = {"user_name": "Username", "work_mail": "Email Address", "work_phone": "Phone Number",
           "mobile_phone": "Mobile Phone Number"}  # fmt: skip


class Killed(BaseException):
    """Stands for the end of the process."""


@dataclass
class Wire(httpx.BaseTransport):
    """Carries calls to Oracle HCM, and counts the writes that were sent. `dies`: with so many more of them, before or after."""

    inner: HcmTransport
    writes: Counter[str] = field(default_factory=Counter)
    dies: int | None = None
    arrives: bool = True

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.method not in ("POST", "PATCH"):
            return self.inner.handle_request(request)
        if self.dies is not None:
            self.dies -= 1
            if self.dies < 0 and not self.arrives:
                self.dies = None
                raise Killed
        answer = self.inner.handle_request(request)
        self.writes[request.url.path] += answer.status_code < 300
        if self.dies is not None and self.dies < 0:
            self.dies = None
            raise Killed
        return answer


@dataclass
class Users:
    """Users of Entra ID as Graph's delta shows them; a link is a place in the list of what was told."""

    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    told: list[dict[str, Any]] = field(default_factory=list)
    lost: bool = False

    def set(self, object_id: str, **values: Any) -> None:
        """A user is made, or changed; null clears."""
        self.people.setdefault(object_id, {"id": object_id}).update(values)
        self.told.append({"id": object_id, **values})

    def remove(self, object_id: str, reason: str = "deleted") -> None:
        del self.people[object_id]
        self.told.append({"id": object_id, "@removed": {"reason": reason}})

    def changes(
        self, resource: str, select: Sequence[str], link: str | None = None
    ) -> Generator[Mapping[str, object], None, str]:
        """As `GraphClient.changes`."""
        assert resource == "users"
        if link is not None and self.lost:
            self.lost = False
            raise ChangesLost("the link is not known any more", 410, "")
        entries = list(self.people.values()) if link is None else self.told[int(link) :]
        for entry in [*entries, *entries[-1:]]:  # the last one twice, as the service may
            yield {name: value for name, value in entry.items() if name in (*select, "id", "@removed")}
        return str(len(self.told))


@dataclass
class Town:
    """Both sides, what the pipeline knows of them, and its home."""

    con: duckdb.DuckDBPyConnection
    home: Home
    office: Office
    wire: Wire
    users: Users = field(default_factory=Users)
    section: Writeback = field(
        default_factory=lambda: Writeback.model_validate({"limits": [{"kind": "update", "max": 1000}]})
    )
    known: dict[str, dict[str, str]] = field(default_factory=dict)
    statements: dict[str, int] = field(default_factory=dict)
    drains: int = 0

    @property
    def warehouse(self) -> InMemory:
        return InMemory(self.home, con=self.con)

    def clock(self) -> dt.datetime:
        return dt.datetime.fromtimestamp(self.office.clock.now(), dt.UTC)

    def sleep(self, seconds: float) -> None:
        self.office.advance(seconds=seconds)

    def journal(self) -> Journal:
        return Journal(self.home.journal, clock=self.clock)

    # --- both sides

    def employ(self, number: str, **hr: Any) -> None:
        """Somebody works here, and has an account."""
        self.office.hire(number, username=f"u{number}", **hr)
        self.users.set(
            f"id-{number}", employeeId=number, userPrincipalName=f"u{number}", mail=hr.get("email"),
            businessPhones=[], mobilePhone=None, accountEnabled=True,
        )  # fmt: skip

    def entra(self, number: str, attribute: str, value: str | None) -> None:
        """A person changes a value in Entra ID."""
        shown = ([value] if value else []) if attribute == "work_phone" else value
        self.users.set(f"id-{number}", **{ATTRIBUTES[attribute]: shown})

    def in_entra(self, number: str, attribute: str) -> str:
        value = self.users.people[f"id-{number}"].get(ATTRIBUTES[attribute])
        return str((value[0] if value else "") if isinstance(value, list) else value or "")

    def hr(self, number: str, attribute: str, value: str) -> None:
        """A person changes a value in Oracle HCM. A phone is its digits, of area 20 of country 31."""
        if attribute == "user_name":
            action: dict[str, Any] = {"do": "change_username", "username": value}
        elif attribute == "work_mail":
            action = {"do": "change_email", "email": value, "type": "W1"}
        else:
            phone = {"country": "31", "area": "20", "number": value}
            action = {"do": "change_phone", "phone": phone, "type": "W1" if attribute == "work_phone" else "WM"}
        self.office.act({**action, "person_number": number})

    def truth(self) -> dict[str, dict[str, str]]:
        """What Oracle HCM has."""
        rows = self.office.control("truth", "GET")["rows"]
        return {row["Person Number"]: {name: row[column] for name, column in COLUMNS.items()} for row in rows}

    # --- the pipeline

    def drain(self, *numbers: str) -> None:
        """Oracle HCM is read: everybody, or some."""
        self.drains += 1
        for number, row in self.truth().items():
            if not numbers or number in numbers:
                self.known[number], self.statements[number] = row, self.drains

    def facts(self, t: Scratch, target: OracleTarget) -> Facts:
        numbers = sorted(self.known)
        workers = t.of_arrow("read", pa.table({
            "person_number": pa.array(numbers, pa.string()),
            **{column: pa.array([self.known[n][name] or None for n in numbers], pa.string()) for name, column in HR.items()},
        }))  # fmt: skip
        hr = t.view("hr_workers", f"select *, 'active' as life_stage, true as in_scope from {workers}")
        stated = t.of_arrow("stated", pa.table({
            "person_number": pa.array(numbers, pa.string()),
            "statement": pa.array([self.statements[n] for n in numbers], pa.int64()),
        }))  # fmt: skip
        delivered = t.complete(table(self.con, "delivered"), dict.fromkeys(names_of(target), "VARCHAR"))
        failed = "person_number in (select person_number from failures) as failed"
        written = f"select person_number, {', '.join(map(quote, names_of(target)))}, {failed} from {delivered}"
        nobody = t.empty("groups", {"person_number": "VARCHAR", "valid_from": "DATE", "valid_to": "DATE"})
        people: dict[str, Relation] = {
            "workers": t.view("people", f"select person_number, 1 as extract_id, date '2020-01-01' as starts_on,"
                                        f" null::varchar as refers_to from {hr}"),
            "names": t.view("names", f"select person_number, md5_number(person_number) as digest from {hr}"),
            "extracts": t.view("one_extract", "select 1 as extract_id, 'e' as sha256, 'hr' as source, 'hr' as name,"
                                              " date '2026-11-01' as business_date"),
        }  # fmt: skip
        sources = {
            "hr_workers": hr, "contacts": table(self.con, "entra_contacts"), "written": t.view("written", written),
            "stated": stated,
        }  # fmt: skip
        return Facts(Snapshot(self.office.today, str(self.drains), "one"), groups=nobody, sources=sources, **people)

    def target(self) -> OracleTarget:
        key = key_of(OracleConnection(URL))
        return OracleTarget(key, limits_of(2, 1000), key, section=self.section)

    def plan(self) -> Plan:
        """Entra ID is read, and a plan made."""
        client: Any = self.users
        contacts.refresh(self.warehouse, client, "tenant", self.clock())
        guards = self.target().guards(Guards.model_validate({}), len(self.known))
        rules = Rules("town", "one", guards, Delivery.model_validate({}))
        with scratch(self.con) as t, self.journal() as journal:
            target = self.target()
            return make_plan(self.con, Task(target, rules, self.facts(t, target), self.clock()), self.home, journal)

    def live(self) -> OracleLive:
        held = self.office.hcm.sign_in.credentials
        connection = OracleConnection(URL, held.username, held.password)
        target = self.target()
        return OracleLive(
            target.key, target.limits, target.tenant, connection=connection, zone_day=dt.datetime.date, wire=self.wire,
            rules=WriteRules(user_name_by=self.section.user_name_by, account_mail=self.section.account_mail), timeout=5.0,
        )  # fmt: skip

    def send(self, manifest: Manifest) -> UploadReport | None:
        """Send what is left of a manifest; None: the process died or gave up."""
        live = self.live()
        try:
            with self.journal() as journal:
                return upload(
                    self.home, live, manifest.manifest_id, journal=journal, in_flight=one_at_a_time,
                    terms=UploadTerms(Patience(sleep=self.sleep, give_up_after=60), self.clock, Canary()),
                )  # fmt: skip
        except (Killed, ServiceUnavailable):
            return None
        finally:
            sync_warehouse(self.warehouse, live, Outcomes.model_validate({}))

    def back(self) -> Plan:
        """Plan, and send what is free."""
        self.office.advance(seconds=2)
        made = self.plan()
        if made.manifest is not None:
            self.send(made.manifest)
        return made

    def receipts(self) -> Iterator[tuple[str, str, str]]:
        yield from self.con.execute("select person_number, state, reason from receipts order by all").fetchall()


@contextmanager
def town(folder: Path) -> Iterator[Town]:
    """A town without people."""
    with empty_tables() as con, office(folder) as here:
        yield Town(con, Home(folder / "home").create(), here, Wire(HcmTransport(here.hcm, sleep=lambda _: None)))
