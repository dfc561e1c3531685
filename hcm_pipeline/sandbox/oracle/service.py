"""The Oracle HCM itself, without HTTP: its people, its entries, its clock, and the answer to a call."""

from __future__ import annotations

import sqlite3
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import date

import orjson

from hcm_pipeline.sandbox.clock import Clock, http_date
from hcm_pipeline.sandbox.options import checked
from hcm_pipeline.sandbox.oracle import atom, scim, workers, writes
from hcm_pipeline.sandbox.oracle.actions import HumanResources
from hcm_pipeline.sandbox.oracle.company import Company, arrive
from hcm_pipeline.sandbox.oracle.entries import FEEDS, Event, keep_entry
from hcm_pipeline.sandbox.oracle.faults import HcmFaults
from hcm_pipeline.sandbox.oracle.messages import Asked, Refused, Reply, error_reply, html_reply
from hcm_pipeline.sandbox.oracle.options import HcmOptions
from hcm_pipeline.sandbox.oracle.people import Person, dumped, loaded
from hcm_pipeline.sandbox.oracle.query import Node, Shape
from hcm_pipeline.sandbox.oracle.resources import Renderer, version_of
from hcm_pipeline.sandbox.oracle.sign_in import TOKEN_PATH, Credentials, SignIn
from hcm_pipeline.sandbox.oracle.stamps import day_of
from hcm_pipeline.sandbox.oracle.tree import ACCOUNTS
from hcm_pipeline.sandbox.state import Store

FIRST_ID = 300000000100000
FEED_ROOTS = ("hcmRestApi", "hcmCoreApi")
RELEASES = ("11.13.18.05", "latest")


class Hcm:
    """One Oracle HCM. Safe to use from several threads: a call is answered, and an action done, one at a time."""

    def __init__(self, store: Store, clock: Clock, options: HcmOptions | None = None) -> None:
        self.store, self._clock = store, clock
        self.options = self._options_at_start = options or HcmOptions()
        self.faults = HcmFaults()
        self.lock = threading.RLock()
        kept = store.meta()
        credentials = Credentials(**orjson.loads(kept["hcm"])) if "hcm" in kept else Credentials.fresh()
        if "hcm" not in kept:
            store.keep({"hcm": orjson.dumps(asdict(credentials)).decode()})
        self.sign_in = SignIn(credentials, lambda: self.now() / 1e6, lambda: self.options.token_seconds)
        self.secret = credentials.key.encode()
        self._moment: int | None = None
        self._calls = 0
        self._db: sqlite3.Connection | None = None
        self._touched: set[int] = set()
        self._load()

    def _load(self) -> None:
        self.people: dict[int, Person] = {}
        self.company: Company | None = None
        self._version = self._latest = 0
        self._rows: list[Node] = []
        self._rows_of: object = None
        self.assignment_numbers: dict[int, str] = {}
        self._index: dict[str, dict[str, set[int]]] = defaultdict(dict)
        self._indexed: dict[int, list[tuple[str, str]]] = {}
        self._last_id = int(self.store.meta().get("hcm_last_id", FIRST_ID))
        for row in self.store.rows("SELECT body FROM hcm_people ORDER BY id"):
            self._take_in(loaded(row["body"]))
        text = self.store.meta().get("hcm_company")
        self.company = Company.kept(self, text) if text else None

    def forget(self) -> None:
        """Back to nobody; credentials stay."""
        with self.lock:
            self.store.keep({"hcm_last_id": str(FIRST_ID), "hcm_company": ""})
            self.faults.disarm()
            self.options = self._options_at_start
            self._load()

    # --- time

    def now(self) -> int:
        """Microseconds since 1970 on Oracle's clock; within an action that was done earlier, its moment."""
        if self._moment is not None:
            return self._moment
        return round((self._clock.now() + self.options.clock_ahead_seconds) * 1_000_000)

    def today(self) -> date:
        """The day of `now`, in UTC."""
        return day_of(self.now())

    @contextmanager
    def at(self, moment: int) -> Iterator[None]:
        """Within the block it is this moment, in microseconds."""
        before, self._moment = self._moment, moment
        try:
            yield
        finally:
            self._moment = before

    def change_options(self, changes: Mapping[str, object]) -> None:
        """Change options by name. Raises ValueError that says what is allowed."""
        self.options = checked(HcmOptions, {**asdict(self.options), **changes})

    def restore_options(self) -> None:
        """Back to the options it was started with."""
        self.options = self._options_at_start

    def catch_up(self) -> None:
        """Play what is due of the company's life."""
        if self.company is not None:
            self.company.live(self.now())

    def found(self, body: Mapping[str, object]) -> None:
        """Found a company. Raises ValueError."""
        self.company = Company.founded(self, body)

    def remembered(self, key: object, make: Callable[[], list[Node]]) -> list[Node]:
        """Rows that were made before, unless people or options have changed since, or a fault holds somebody back."""
        if self._latest > self.now():
            return make()
        state = (self._version, self.options, key)
        if self._rows_of != state:
            self._rows, self._rows_of = make(), state
        return self._rows

    def count_call(self) -> int:
        """A number that no call had before."""
        self._calls += 1
        return self._calls

    # --- people

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is kept within the block is kept together."""
        with self.lock:
            if self._db is not None:
                yield
                return
            with self.store.write() as db:
                self._db, self._touched = db, set()
                try:
                    yield
                    db.execute(
                        "INSERT OR REPLACE INTO meta (key, value) VALUES ('hcm_last_id', ?)", (str(self._last_id),)
                    )
                except BaseException:
                    self._put_back()
                    raise
                finally:
                    self._db = None

    def _put_back(self) -> None:
        """The people of a transaction that fails, as they were: what is read here is what was committed before it."""
        for one in self._touched:
            kept = self.store.rows("SELECT body FROM hcm_people WHERE id = ?", (one,))
            if kept:
                self._take_in(loaded(kept[0]["body"]))
            else:
                self._drop(one)
                self.people.pop(one, None)
                self._version += 1

    def new_id(self) -> int:
        """The next surrogate id."""
        self._last_id += 1
        return self._last_id

    def keep(self, person: Person) -> None:
        """Keep a person, new or changed."""
        with self.transaction():
            person.updated_at = self.now()
            assert self._db is not None
            self._touched.add(person.id)
            self._db.execute("INSERT OR REPLACE INTO hcm_people (id, body) VALUES (?, ?)", (person.id, dumped(person)))
            self._take_in(person)

    def _take_in(self, person: Person) -> None:
        self._drop(person.id)
        self._version += 1
        self._latest = max(self._latest, person.visible_at)
        self.people[person.id] = person
        keys = [("PersonNumber", person.number), ("PersonId", str(person.id))]
        if person.account:
            keys += [("Username", person.account.username), ("GUID", person.account.guid)]
        for _, held in person.assignments():
            self.assignment_numbers[held.id] = held.number
            keys += [
                ("workRelationships.assignments.AssignmentNumber", held.number),
                ("workRelationships.assignments.AssignmentId", str(held.id)),
            ]
        for path, value in keys:
            self._index[path].setdefault(value, set()).add(person.id)
        self._indexed[person.id] = keys

    def _drop(self, person_id: int) -> None:
        for path, value in self._indexed.pop(person_id, ()):
            self._index[path].get(value, set()).discard(person_id)

    def find(self, path: str, value: str) -> list[Person]:
        """People by the value of an indexed attribute."""
        return [self.people[one] for one in sorted(self._index[path].get(value, ()))]

    def person(self, number: str) -> Person:
        """A copy of the person of a number, to be changed and kept. Raises ValueError."""
        found = self.find("PersonNumber", number)
        if not found:
            raise ValueError(f"person_number: nobody has {number}")
        return loaded(dumped(found[0]))

    def sees(self, person: Person, on: date) -> bool:
        """Whether resources show a person as of a day: begun, in the caller's data security, and not held back by a fault."""
        first = person.first_name_day
        begun = first is not None and first <= on
        gone = not person.relationships and self.options.cancelled_person == "gone"
        return (
            begun and not gone and person.visible_at <= self.now() and person.number not in self.options.hidden_people
        )

    def keyed(self, key: str, shape: Shape, renderer: Renderer) -> Iterator[Person]:
        """People that the key of a path may mean."""
        if not shape.hashed:
            yield from self.find("PersonId", key)
            return
        known = self._index[f"key {shape.name}"]
        if key not in known:
            for person in self.people.values():
                plain = person.account.guid if shape is ACCOUNTS and person.account else str(person.id)
                known.setdefault(renderer.key_of(plain, shape), set()).add(person.id)
        yield from (self.people[one] for one in known.get(key, ()) if one in self.people)

    def work_mail(self, number: str, address: str | None) -> None:
        """Another work e-mail for somebody, told as usual."""
        with self.transaction():
            HumanResources(self).change_email(number, address)

    def raise_entry(self, event: Event) -> None:
        """Keep an entry, with what faults do to it."""
        with self.transaction():
            assert self._db is not None
            name = f"EMP{self.new_id()}"
            keep_entry(self._db, event, name, self.today(), self.faults, changed=self.options.changed_attributes)

    # --- calls

    def reply(self, asked: Asked) -> Reply:
        """Answer a call."""
        parts = [part for part in asked.path.split("/") if part]
        with self.lock:
            self.catch_up()
            call, group = _names(parts)
            wait = self.options.latency_seconds
            slow = self.faults.take("latency", call, group)
            wait += slow.seconds if slow else 0.0
            reply = self._faulty(call, group) or self._answer(asked, parts, call, group)
            if self.faults.take("reset_after", call, group) is not None:
                reply = Reply(cut=True)
            headers = {"Date": http_date(self.now() / 1e6), **reply.headers}
            return replace(reply, headers=headers, wait=wait)

    def _faulty(self, call: str, group: str) -> Reply | None:
        if self.faults.take("reset_before", call, group) is not None:
            return Reply(cut=True)
        fault = self.faults.take("status", call, group)
        if fault is None:
            return None
        seconds = fault.retry_after
        text = http_date(self.now() / 1e6 + (seconds or 0)) if fault.retry_as_date else str(seconds)
        headers = {} if seconds is None else {"Retry-After": text}
        return html_reply(fault.status, "A fault was armed for this call", headers)

    def _answer(self, asked: Asked, parts: list[str], call: str, group: str) -> Reply:
        if asked.path == TOKEN_PATH:
            return self.sign_in.issue(asked) if asked.method == "POST" else html_reply(405, "Method Not Allowed")
        if not self.sign_in.knows(asked.headers.get("authorization")):
            return html_reply(401, "Unauthorized", {"WWW-Authenticate": 'Basic realm="oracle"'})
        if asked.length > self.options.most_url:
            return html_reply(414, "Request-URI Too Long")
        wanted = {call, group} if asked.method == "GET" else {call, group, f"{call}:write"}
        wanted |= {parts[place + 1] for place, part in enumerate(parts[:-1]) if part == "child"}
        wanted |= {name for path in (asked.value("expand") or "").split(",") for name in path.split(".")}
        if wanted & self.options.refused:
            return html_reply(403, "Forbidden")
        version = 4
        try:
            if group == "atom":
                return self._feed(asked, parts)
            if group == "scim":
                return scim.answer(self, asked, parts[2:])
            version = version_of(asked)
            return self._resource(asked, parts)
        except Refused as refused:
            return error_reply(refused, version)

    def _feed(self, asked: Asked, parts: list[str]) -> Reply:
        root, _, workspace, feed, *name = parts
        if asked.method != "GET":
            raise Refused(405, "Feeds are read only.")
        if name:
            return atom.read_entry(self, asked, root, feed, name[0])
        reply = atom.read_feed(self, asked, root, workspace, feed)
        if self.faults.take("arriving_entry", feed, "atom") is not None:
            with self.transaction():
                arrive(self, self.count_call())
        return reply

    def _resource(self, asked: Asked, parts: list[str]) -> Reply:
        if len(parts) < 4 or parts[:2] != ["hcmRestApi", "resources"] or parts[2] not in RELEASES:
            raise Refused(404, "The resource does not exist.")
        root, name, rest = "/" + "/".join(parts[:3]), parts[3], parts[4:]
        if name not in workers.SHAPES:
            raise Refused(404, "The resource does not exist.")
        if asked.method == "GET":
            reply = workers.read(self, asked, name, rest, root)
        else:
            with self.transaction():
                reply = writes.write(self, asked, name, rest, root)
        return replace(reply, headers={**reply.headers, "REST-Framework-Version": str(version_of(asked))})

    def sizes(self) -> tuple[int, int]:
        """How many people, and how many entries."""
        return len(self.people), self.store.number("SELECT count(*) FROM hcm_entries")

    def counts(self) -> dict[str, int]:
        """People, and entries by feed."""
        rows = self.store.rows("SELECT feed, count(*) AS many FROM hcm_entries GROUP BY feed")
        return {"people": len(self.people), **dict.fromkeys(FEEDS, 0), **{row["feed"]: row["many"] for row in rows}}


def _names(parts: list[str]) -> tuple[str, str]:
    """The name that a call has for faults and privileges, and that of its group."""
    if len(parts) >= 4 and parts[1] == "atomservlet" and parts[0] in FEED_ROOTS:
        return parts[3], "atom"
    if parts[:2] == ["hcmRestApi", "scim"]:
        return "scim", "scim"
    if len(parts) >= 4 and parts[1] == "resources":
        return parts[3], parts[3]
    return ("token", "token") if "/" + "/".join(parts) == TOKEN_PATH else ("", "")
