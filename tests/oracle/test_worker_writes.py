"""Writing a worker: the right row, once, and nothing where nothing differs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hcm_pipeline.oracle import OracleConnection
from hcm_pipeline.oracle.hcm_calls import HcmCalls
from hcm_pipeline.oracle.worker_writes import Forbidden, NotWritten, Passing, Wish, WorkerWriter, Written
from hcm_pipeline.oracle.write_rules import WriteRules
from hcm_pipeline.sandbox.oracle.front import HcmTransport
from tests.sandbox.hcm_support import URL, Office, office

PHONE = {"country": "31", "area": "20", "number": "5550101"}


@dataclass
class Desk:
    """An Oracle HCM, and what writes to it."""

    office: Office
    calls: HcmCalls
    writer: WorkerWriter

    def ruled(self, **rules: Any) -> Desk:
        self.writer = WorkerWriter(self.calls, WriteRules(**rules), dt.datetime.date)
        return self

    def write(self, number: str = "100", **wishes: str) -> dict[str, Written]:
        return self.writer.write(number, {name: Wish(now) for name, now in wishes.items()})

    def rows(self, child: str, number: str = "100") -> list[dict[str, Any]]:
        [worker] = self.office.workers(q=f"PersonNumber='{number}'", expand=child)
        found: list[dict[str, Any]] = worker[child]["items"]
        return found

    def name(self, number: str = "100") -> str:
        [account] = self.office.get("/userAccounts", q=f"PersonNumber='{number}'").json()["items"]
        return str(account["Username"])

    @property
    def writes(self) -> int:
        return self.calls.made["PATCH"] + self.calls.made["POST"]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with office(tmp_path) as here:
        held = here.hcm.sign_in.credentials
        connection = OracleConnection(URL, held.username, held.password)
        wire = HcmTransport(here.hcm, sleep=lambda _: None)
        clock = lambda: dt.datetime.fromtimestamp(here.clock.now(), dt.UTC)  # noqa: E731
        calls = HcmCalls(connection, framework_version=4, timeout=5, width=1, clock=clock, wire=wire)
        here.hire("100", username="kim", email="kim@old.test", phone=PHONE)
        yield Desk(here, calls, WorkerWriter(calls, WriteRules(), dt.datetime.date))
        calls.close()


def test_a_phone_mail_and_user_name_are_corrected_in_the_rows_that_are_there(desk: Desk) -> None:
    done = desk.write(user_name="kim@new.test", work_mail="kim@new.test", work_phone="+31 20 5550199")
    assert desk.name() == "kim@new.test"
    [mail], [phone] = desk.rows("emails"), desk.rows("phones")
    assert (mail["EmailAddress"], phone["AreaCode"], phone["PhoneNumber"]) == ("kim@new.test", "20", "555-0199")
    assert done["work_phone"].before == "+31 20 5550101"
    assert {name: written.how for name, written in done.items()} == {
        "user_name": "PATCH user_accounts", "work_mail": "PATCH", "work_phone": "PATCH",
    }  # fmt: skip
    assert desk.writes == 3


def test_the_same_in_another_spelling_writes_nothing(desk: Desk) -> None:
    done = desk.write(user_name="KIM", work_mail="Kim@Old.test", work_phone="0031 (20) 555 0101")
    assert all(written.how == "" for written in done.values())
    assert desk.writes == 0


def test_a_row_that_is_missing_is_made_once_from_today(desk: Desk) -> None:
    desk.write(mobile_phone="+31 6 12345678")
    [made] = [row for row in desk.rows("phones") if row["PhoneType"] == "WM"]
    assert (made["FromDate"], made["ToDate"], made["PrimaryFlag"]) == (desk.office.today.isoformat(), None, False)
    assert desk.write(mobile_phone="+31612345678")["mobile_phone"].how == ""
    assert desk.writes == 1


def test_a_new_row_ends_before_the_next_of_its_type_begins(desk: Desk) -> None:
    coming = desk.office.today + dt.timedelta(days=10)
    mobile = {"country": "31", "area": "6", "number": "999"}
    desk.office.act(
        {"do": "change_phone", "person_number": "100", "phone": mobile, "type": "WM", "on": coming.isoformat()}
    )
    desk.write(mobile_phone="+31 6 12345678")
    [made] = [row for row in desk.rows("phones") if row["PhoneType"] == "WM"]
    assert (made["FromDate"], made["ToDate"]) == (
        desk.office.today.isoformat(), (coming - dt.timedelta(days=1)).isoformat(),
    )  # fmt: skip
    desk.office.advance(days=11)
    assert [row["PhoneNumber"] for row in desk.rows("phones") if row["PhoneType"] == "WM"] == ["999"]


@pytest.mark.parametrize("fault", ["reset_after", "reset_before"])
def test_a_write_without_an_answer_is_settled_by_reading(desk: Desk, fault: str) -> None:
    desk.office.fault(fault, on="workers", after=1, times=1)
    if fault == "reset_after":
        assert desk.write(work_phone="+31 20 5550199")["work_phone"].after == "+31 20 555-0199"
    else:
        with pytest.raises(Passing) as failed:
            desk.write(work_phone="+31 20 5550199")
        assert failed.value.sent
        assert desk.write(work_phone="+31 20 5550199")["work_phone"].how == "PATCH"
    assert [row["PhoneNumber"] for row in desk.rows("phones")] == ["555-0199"]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_failure_that_passes_says_how_long_to_wait(desk: Desk, status: int) -> None:
    desk.office.fault("status", on="workers", status=status, retry_after=7, times=1)
    with pytest.raises(Passing) as failed:
        desk.write(work_phone="+31 20 5550199")
    assert failed.value.reply is not None
    assert failed.value.reply.retry_after == 7


def test_nobody_is_written_who_is_not_there_has_left_or_has_not_begun(desk: Desk) -> None:
    today = desk.office.today
    desk.office.hire("200", start=(today + dt.timedelta(days=5)).isoformat())
    desk.office.act({"do": "terminate", "person_number": "100", "on": today.isoformat()})
    desk.office.advance(days=1)
    codes = []
    for number in ("100", "200", "300"):
        with pytest.raises(NotWritten) as failed:
            desk.write(number, work_phone="+31 20 5550199")
        codes.append(failed.value.code)
    assert codes[0] == "HasLeft"
    assert codes[1] in ("NotStarted", "WorkerNotFound")
    assert codes[2] == "WorkerNotFound"
    assert desk.writes == 0
    assert desk.ruled(after_end=True).write(work_phone="+31 20 5550199")["work_phone"].how == "PATCH"


def test_user_names_go_by_scim_where_user_accounts_may_not_be_written(desk: Desk) -> None:
    desk.office.set(refused=["userAccounts:write"])
    assert desk.write(user_name="kim@new.test")["user_name"].how == "PATCH scim"
    assert (desk.name(), desk.writer.way) == ("kim@new.test", "scim")
    before = desk.writes
    assert desk.write(user_name="kim@newer.test")["user_name"].how == "PATCH scim"
    assert desk.writes == before + 1  # what works is kept


def test_the_mail_of_the_account_goes_along_where_the_profile_says_so(desk: Desk) -> None:
    desk.ruled(account_mail=True).write(work_mail="kim@new.test")
    found = desk.office.http.get("/hcmRestApi/scim/Users", params={"filter": 'userName eq "kim"'}).json()
    assert [one["value"] for one in found["Resources"][0]["emails"] if one["type"] == "W"] == ["kim@new.test"]


def test_a_missing_privilege_to_write_stops_everything(desk: Desk) -> None:
    desk.office.set(refused=["workers:write"])
    with pytest.raises(Forbidden):
        desk.write(work_phone="+31 20 5550199")


def test_a_name_that_is_taken_is_refused_for_this_worker_alone(desk: Desk) -> None:
    desk.office.hire("101", username="bo")
    with pytest.raises(NotWritten, match="Refused"):
        desk.write(user_name="bo")
    assert desk.name() == "kim"


def test_children_that_may_not_be_seen_are_not_taken_for_empty(desk: Desk) -> None:
    desk.office.set(withheld_children=["phones"])
    with pytest.raises(NotWritten, match="NotVisible"):
        desk.write(work_phone="+31 20 5550199")
    assert desk.writes == 0


def test_a_correction_names_only_the_parts_that_change(desk: Desk) -> None:
    sent: list[bytes] = []
    post = desk.office.hcm.reply

    def watched(asked: Any) -> Any:
        sent.extend([asked.body] if asked.method == "PATCH" else [])
        return post(asked)

    desk.office.hcm.reply = watched  # type: ignore[method-assign]
    desk.write(work_phone="+31 20 5550199")
    assert sent == [b'{"PhoneNumber":"5550199"}']


def test_a_service_that_refuses_to_expand_is_asked_for_each_child(desk: Desk) -> None:
    desk.office.fault("status", on="workers", status=400, times=1)
    done = desk.write(work_mail="kim@new.test", work_phone="+31 20 5550199")
    assert {name: written.how for name, written in done.items()} == {"work_mail": "PATCH", "work_phone": "PATCH"}
