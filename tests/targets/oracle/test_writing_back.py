"""Values of Entra ID get to Oracle HCM: once, also through faults and kills, and an echo of them starts nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcm_pipeline.deciders import Decider
from hcm_pipeline.delivery import WRITES_BACK, HistoryStop, ask_undo
from hcm_pipeline.flow.views.written_over import written_over
from hcm_pipeline.flow.writing_back import refuse_another
from hcm_pipeline.oracle import OracleConnection, same_number
from hcm_pipeline.profile import Writeback
from hcm_pipeline.warehouse import ensure_columns
from tests.budget import examples
from tests.sandbox.hcm_support import URL

from .town import ATTRIBUTES, Town, town

PHONE = {"country": "31", "area": "20", "number": "5550101"}


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Town]:
    with town(tmp_path) as made:
        for number in ("100", "101", "102"):
            made.employ(number, email=f"{number}@old.test", phone=PHONE)
        made.drain()
        yield made


def ruled(here: Town, **attributes: dict[str, str]) -> None:
    here.section = Writeback.model_validate({"limits": [{"kind": "update", "max": 1000}], **attributes})


def test_a_value_is_written_once_and_nothing_follows_before_or_after_it_is_read_back(here: Town) -> None:
    here.entra("100", "work_phone", "+31 20 5550199")
    assert here.back().counts == {"update": 1}
    assert here.truth()["100"]["work_phone"] == "+31 20 555-0199"
    assert here.back().manifests == ()
    here.drain()
    assert here.back().manifests == ()
    assert here.wire.writes.total() == 1


def test_a_person_who_changes_it_back_in_hr_is_written_over_again(here: Town) -> None:
    here.entra("100", "work_phone", "+31 20 5550199")
    here.back()
    here.hr("100", "work_phone", "5550101")  # before anybody has read what was written
    here.drain()
    assert here.back().counts == {"retry": 1}
    assert here.truth()["100"]["work_phone"] == "+31 20 555-0199"


def test_a_reading_from_before_the_write_leads_to_a_look_and_to_no_write(here: Town) -> None:
    here.entra("100", "work_mail", "kim@new.test")
    made = here.plan()
    here.drain()  # what HR had is read once more, and comes in late
    assert made.manifest is not None
    here.send(made.manifest)
    assert here.back().counts == {"retry": 1}
    assert here.back().manifests == ()
    assert here.wire.writes.total() == 1


def test_two_users_of_one_number_and_none_are_left_out_and_told(here: Town) -> None:
    here.users.set("id-double", employeeId="100", userPrincipalName="other", mail="x@y.test", accountEnabled=True)
    here.entra("100", "work_mail", "whoever@x.test")  # either of the two would be written
    here.users.remove("id-101")
    here.entra("102", "work_mail", "kim@new.test")
    made = here.back()
    assert made.counts == {"update": 1}
    assert made.withheld == {
        "several users of Entra ID have the person number": 1, "no user of Entra ID has the person number": 1,
    }  # fmt: skip
    here.users.remove("id-double")
    here.entra("100", "work_mail", "kim2@new.test")
    assert here.back().counts == {"update": 1}


def test_where_hr_wins_a_persons_change_there_stays_and_one_of_entra_alone_is_written(here: Town) -> None:
    ruled(here, work_mail={"winner": "hr"}, work_phone={"winner": "hr"})
    here.entra("101", "work_mail", "101@old.test")
    here.plan()
    here.entra("100", "work_mail", "kim@new.test")
    here.entra("101", "work_mail", "kim1@new.test")
    here.hr("101", "work_mail", "person@hr.test")
    here.drain()
    assert here.back().counts == {"update": 1}
    assert (here.truth()["100"]["work_mail"], here.truth()["101"]["work_mail"]) == ("kim@new.test", "person@hr.test")


@pytest.mark.parametrize("direction", ["from_hr", "off"])
def test_an_attribute_that_does_not_go_to_hr_is_never_written(here: Town, direction: str) -> None:
    ruled(here, work_mail={"direction": direction})
    here.entra("100", "work_mail", "kim@new.test")
    assert here.back().manifests == ()


def test_a_blank_in_entra_id_clears_nothing(here: Town) -> None:
    here.entra("100", "work_mail", None)
    assert here.back().manifests == ()
    assert here.truth()["100"]["work_mail"] == "100@old.test"


def test_an_undo_puts_back_what_was_there_and_the_next_plan_leaves_it(here: Town) -> None:
    here.entra("100", "work_phone", "+31 20 5550199")
    made = here.back()
    assert made.manifest is not None
    here.drain()
    ask_undo(here.con, here.target().key, made.manifest.manifest_id, Decider("ada", here.clock()))
    [undo] = here.plan().held
    with here.journal() as journal:
        journal.approve(undo.manifest_id, by="ada", why=None, until=here.clock().replace(year=2040))
    here.send(undo)
    assert same_number(here.truth()["100"]["work_phone"], "+31 20 5550101")
    here.drain()
    assert here.back().withheld == {"undone": 1}
    assert same_number(here.truth()["100"]["work_phone"], "+31 20 5550101")


def test_a_receipt_says_what_was_there_before_and_a_failure_what_mends_it(here: Town) -> None:
    here.entra("100", "work_mail", "kim@new.test")
    here.entra("101", "user_name", "u102")  # somebody else's
    here.back()
    good, bad = here.receipts()
    assert orjson.loads(good[2]) == {"work_mail": {"before": "100@old.test", "after": "kim@new.test", "how": "PATCH"}}
    assert bad[:2] == ("101", "failed")
    assert here.con.execute("select error_code, failure_class from failures").fetchall() == [("Refused", "needs data")]


def test_a_link_that_is_lost_leads_to_a_full_reading_and_to_nothing_else(here: Town) -> None:
    here.back()
    here.users.lost = True
    before = here.con.execute("select count(*) from entra_contacts").fetchone()
    assert here.back().manifests == ()
    assert here.con.execute("select count(*) from entra_contacts").fetchone() == before


def test_a_first_plan_of_many_is_held(here: Town) -> None:
    here.section = Writeback.model_validate({})
    for place in range(30):
        here.employ(str(200 + place), email=f"{place}@old.test")
        here.entra(str(200 + place), "work_mail", f"{place}@new.test")
    here.drain()
    [held] = here.plan().manifests
    assert (held.held_for, held.operations) == ("update", 30)


def test_a_worker_who_cannot_be_written_stops_nobody_else_and_is_tried_again(here: Town) -> None:
    here.office.act({"do": "terminate", "person_number": "100", "on": here.office.today.isoformat()})
    here.office.advance(days=1)
    for number in ("100", "101"):
        here.entra(number, "work_mail", f"{number}@new.test")
    here.back()
    assert [(number, state) for number, state, _ in here.receipts()] == [("100", "failed"), ("101", "succeeded")]
    assert here.truth()["101"]["work_mail"] == "101@new.test"
    assert here.truth()["100"]["work_mail"] == "100@old.test"


def test_what_was_refused_is_tried_again_when_hr_has_another_value_and_not_for_the_same_once_more(here: Town) -> None:
    here.entra("101", "user_name", "u102")  # somebody else's
    here.back()
    here.drain()
    assert here.back().manifests == ()
    here.hr("101", "user_name", "newer")
    here.drain()
    assert here.back().counts == {"retry": 1}


def test_a_worker_over_whom_oracle_fails_again_and_again_keeps_nobody_waiting(here: Town) -> None:
    for number in ("100", "101"):
        here.entra(number, "work_mail", f"{number}@new.test")
    here.office.fault("status", on="workers", status=500, times=3)
    here.back()
    assert [(number, state) for number, state, _ in here.receipts()] == [("100", "failed"), ("101", "succeeded")]
    here.office.advance(hours=2)
    assert here.back().counts == {"retry": 1}
    assert here.truth()["100"]["work_mail"] == "100@new.test"


def test_a_value_that_somebody_else_changes_after_it_was_written_is_told_and_one_that_hr_only_spells_otherwise_is_not(
    here: Town,
) -> None:
    phone, spelled = "+31 20 5550199", "+31 20 555-0199"
    home, settings = SimpleNamespace(feeds=here.home.feeds), SimpleNamespace(oracle=OracleConnection(URL))
    columns = {"work_phone": None, "work_mail": None}
    profile = SimpleNamespace(writeback=here.section, columns=columns, oracle=None)
    told: Any = SimpleNamespace(profile=profile, settings=settings, home=home, clock=here.clock)

    def over() -> list[tuple[str, str, int, bool]]:
        return [(one.person_number, one.attribute, one.times, one.now) for one in written_over(here.con, told)]

    def hr_says(value: str) -> None:
        here.con.execute("delete from worker_versions")
        here.con.execute(
            """insert into worker_versions by name select '100' as person_number, date '2026-01-01' as valid_from, ? as work_phone,
            'x@y.test' as work_mail, 99 as extract_id, 1 as row_no, md5_number('')::uuid as digest
            """,
            [value],
        )

    ensure_columns(here.con, "worker_versions", {"work_phone": "VARCHAR", "work_mail": "VARCHAR"})
    assert over() == []
    here.entra("100", "work_phone", phone)
    here.back()
    hr_says(spelled)
    assert over() == []
    hr_says("+31 20 5550101")
    assert over() == [("100", "work_phone", 0, True)]
    for times in (1, 2):
        here.hr("100", "work_phone", "5550101")
        here.drain()
        here.back()
        hr_says(spelled)
        assert over() == [("100", "work_phone", times, False)]


def test_another_oracle_hcm_is_refused_until_a_person_says_so(here: Town) -> None:
    here.entra("100", "work_mail", "kim@new.test")
    here.back()
    home: Any = SimpleNamespace(journal=here.journal, clock=here.clock)
    refuse_another(home, here.target().key, None)
    with pytest.raises(HistoryStop, match=r"hcm\.test, and ORACLE_HCM_URL names other\.test"):
        refuse_another(home, f"{WRITES_BACK}other.test", None)
    refuse_another(home, f"{WRITES_BACK}other.test", ("the test pod was replaced", "ada"))


# --- weeks

NUMBERS = ("100", "101", "102")
VALUES = {
    "user_name": ("kim.a", "kim.b"),
    "work_mail": ("a@new.test", "B@New.test"),
    "work_phone": ("+31 20 5550201", "0031 (20) 555 0202"),
    "mobile_phone": ("+31 20 6660201", "+31 20 666-0202"),
}
IN_HR = {"user_name": ("hr.a", "kim.a"), "work_mail": ("hr@old.test", "a@new.test"), "work_phone": ("5550101", "5550201"),
         "mobile_phone": ("6660101", "6660201")}  # fmt: skip
WHO, WHAT, WHICH = st.sampled_from(NUMBERS), st.sampled_from(sorted(ATTRIBUTES)), st.integers(0, 1)
STEPS = st.one_of(
    st.tuples(st.just("entra"), WHO, WHAT, WHICH),
    st.tuples(st.just("hr"), WHO, WHAT, WHICH),
    st.tuples(st.just("drain")),
    st.tuples(st.just("drain"), WHO),
    st.tuples(st.just("back")),
    st.tuples(st.just("fault"), st.sampled_from(["reset_after", "reset_before", "status"]), st.integers(0, 3)),
    st.tuples(st.just("kill"), st.integers(0, 2), st.booleans()),
    st.tuples(st.just("lost")),
)


def same(attribute: str, one: str, other: str) -> bool:
    return same_number(one, other) if "phone" in attribute else one.casefold() == other.casefold()


def name_of(number: str, attribute: str, value: str) -> str:
    """User names and addresses are somebody's own."""
    return (
        value.replace("kim.", f"kim{number}.").replace("hr.a", f"hr{number}.a") if attribute == "user_name" else value
    )


@settings(max_examples=examples(10))
@given(st.lists(STEPS, min_size=1, max_size=14))
def test_in_the_end_both_sides_agree_and_no_write_was_made_without_need(steps: list[tuple[object, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder, town(Path(folder)) as here:
        for somebody in NUMBERS:
            here.employ(somebody, email=f"{somebody}@old.test", phone=PHONE)
        here.drain()
        changes = faults = 0
        for step in steps:
            if step[0] in ("entra", "hr"):
                _, number, attribute, which = step
                assert isinstance(number, str)
                assert isinstance(attribute, str)
                assert isinstance(which, int)
                value = name_of(number, attribute, (VALUES if step[0] == "entra" else IN_HR)[attribute][which])
                (here.entra if step[0] == "entra" else here.hr)(number, attribute, value)
                changes += 1
            elif step[0] == "drain":
                here.drain(*map(str, step[1:]))
            elif step[0] == "fault":
                faults += 1
                status = {"status": 503} if step[1] == "status" else {}
                here.office.fault(str(step[1]), on="workers", after=step[2], times=1, **status)
            elif step[0] == "kill":
                assert isinstance(step[1], int)
                faults += 1
                here.wire.dies, here.wire.arrives = step[1], bool(step[2])
            elif step[0] == "lost":
                here.users.lost = True
            else:
                here.back()
        here.wire.dies = None
        for _ in range(3):
            here.drain()
            here.back()
        here.drain()
        assert here.plan().manifests == ()
        truth = here.truth()
        for person in NUMBERS:
            for name in ATTRIBUTES:
                wanted = here.in_entra(person, name)
                assert not wanted or same(name, truth[person][name], wanted), (person, name)
        assert here.wire.writes.total() <= changes  # a write that was done is never done again, whatever failed
