"""Names of people who change theirs, leave and come back."""

from __future__ import annotations

import datetime as dt
import io

from hcm_pipeline.identity import export_ledger, import_ledger
from hcm_pipeline.identity.renames import follow_renames, retire
from hcm_pipeline.identity.retention import lost_names
from hcm_pipeline.warehouse import scratch
from tests.identity.people import CHANGES, FIRST, Ledger, Years, entered_names, profile


def test_a_renamed_worker_keeps_the_given_names_unless_the_profile_says_otherwise() -> None:
    years = Years(profile())
    years.day(0, ("1", "Ann", "Lee", True))
    assert years.day(1, ("1", "Ann", "Miller", True)) == 0
    assert years.upn("1") == "ann.lee"


def test_who_follows_a_rename_gets_new_names_and_the_former_ones_stay_theirs() -> None:
    years = Years(profile(rename="follow"))
    years.day(0, ("1", "Ann", "Lee", True))
    assert years.day(1, ("1", "Ann", "Miller", True)) == 1
    assert years.names()["1"] == ("ann.miller@contoso.com", "amiller")
    assert years.former() == [("1", "alee"), ("1", "ann.lee@contoso.com")]
    years.day(2, ("2", "Ann", "Lee", True))
    assert years.names()["2"] == ("a.lee@contoso.com", "alee1")
    assert years.day(1, ("1", "Ann", "Miller", True)) == 0, "a day processed anew renames nobody again"
    assert years.day(3, ("1", "Ann", "Lee", True)) == 1
    assert years.names()["1"] == ("ann.lee@contoso.com", "alee"), "who takes the old name back gets it"


def test_another_spelling_of_the_same_name_is_no_rename() -> None:
    years = Years(profile(rename="follow"))
    years.day(0, ("0", "Ann", "Lee", True), ("1", "Ann", "Lee", True))
    before = years.names()
    assert years.day(1, ("1", "Änn", "LEE", True)) == 0
    assert years.names() == before


def test_a_leavers_names_are_kept_as_long_as_the_retention_and_come_back_with_the_person() -> None:
    years = Years(profile(retention_days=30))
    years.day(0, ("1", "Ann", "Lee", True))
    years.day(1, ("1", "Ann", "Lee", False))
    years.day(31, ("2", "Ann", "Lee", True))
    assert years.upn("2") == "a.lee", "the last day of the retention still counts"
    years.day(32)
    assert years.day(33, ("1", "Ann", "Lee", True)) == 0
    assert years.upn("1") == "ann.lee"
    years.day(40, ("1", "Ann", "Lee", False))
    years.day(71, ("3", "Ann", "Lee", True))
    assert years.upn("3") == "ann.lee", "released, and so free for others"
    assert years.day(80, ("1", "Ann", "Lee", True)) == 1
    assert years.upn("1") == "an.lee", "what is somebody else's by now stays theirs"


def test_without_a_retention_a_leavers_names_are_never_free() -> None:
    years = Years(profile())
    years.day(0, ("1", "Ann", "Lee", True))
    years.day(1, ("1", "Ann", "Lee", False))
    years.day(3650, ("2", "Ann", "Lee", True))
    assert (years.upn("1"), years.upn("2")) == ("ann.lee", "a.lee")


def test_days_before_the_release_processed_anew_take_nothing_from_anybody() -> None:
    years = Years(profile(retention_days=0))
    years.day(0, ("1", "Ann", "Lee", True))
    years.day(1, ("1", "Ann", "Lee", False))
    years.day(2, ("2", "Ann", "Lee", True))
    before = years.names()
    for day in (0, 1, 2):
        people = {0: [("1", "Ann", "Lee", True)], 1: [("1", "Ann", "Lee", False)], 2: [("2", "Ann", "Lee", True)]}[day]
        years.day(day, *people)
    assert years.names() == before


def test_a_restored_ledger_knows_former_and_released_names() -> None:
    years, other = Years(profile(rename="follow", retention_days=0)), Years(profile(rename="follow", retention_days=0))
    years.day(0, ("1", "Ann", "Lee", True), ("2", "Bo", "Li", True))
    years.day(1, ("1", "Ann", "Miller", True), ("2", "Bo", "Li", False))
    years.day(2, ("3", "Bo", "Li", True))
    text = io.StringIO()
    export_ledger(years.con, text)
    done = import_ledger(other.con, io.StringIO(text.getvalue(), newline=""), FIRST)
    assert (done.refused, done.added) == ([], 3)
    again = io.StringIO()
    export_ledger(other.con, again)
    assert again.getvalue() == text.getvalue()
    for ledger in (years, other):
        ledger.day(3, ("4", "Ann", "Lee", True), ("5", "Bo", "Li", True))
    assert [years.names()[n] for n in "45"] == [other.names()[n] for n in "45"] == [
        ("a.lee@contoso.com", "alee1"), ("b.li@contoso.com", "bli1")]  # fmt: skip


def test_names_are_lost_when_somebody_else_holds_one_of_them_by_now() -> None:
    ledger = Ledger(profile(reserved=["robot"]))
    entered_names(ledger.con, ("1", "given", "ann.lee"), ("2", "released", "bo.li"), ("3", "released", "robot"))
    columns = {"person_number": "varchar", "mail_nickname": "varchar", "sam_account_name": "varchar"}
    people = [
        ("1", "Ann.Lee", "own"),
        ("2", "bo.li", "bo.li"),
        ("3", "robot", "r"),
        ("4", "x", "ANN.LEE"),
        ("5", "y", "y"),
    ]
    with scratch(ledger.con) as t:
        lost = lost_names(t, ledger.profile, t.of_rows("released", columns, people))
        assert t.rows(f"from {lost} order by 1") == [("3",), ("4",)]


def test_names_that_are_retired_become_former_ones_and_a_container_that_was_found_is_kept() -> None:
    ledger = Ledger()
    entered_names(ledger.con, ("1", "adopted", "ann"), ("2", "given", "bo"), ("3", "given", "cy"))
    ledger.con.execute("""update identities set parent_distinguished_name = 'OU=A,DC=x',
        placed_by = if(status = 'adopted', 'account', 'default')""")
    with scratch(ledger.con) as t:
        leaving = t.of_rows("leaving", {"person_number": "varchar"}, [("1",), ("2",), ("4",)])
        retired = retire(t, leaving, "renamed", FIRST)
        assert t.rows(f"from {retired} order by 1") == [("1", "OU=A,DC=x", "account"), ("2", None, None)]
        assert t.rows("select distinct person_number, reason, until from former_names order by 1") == [
            ("1", "renamed", FIRST), ("2", "renamed", FIRST)]  # fmt: skip
    assert set(ledger.names()) == {"3"}


def test_the_names_of_those_are_followed_whose_own_name_changed_on_the_day() -> None:
    ledger = Ledger(profile(rename="follow"))
    entered_names(ledger.con, *((number, "given", f"name{number}") for number in "1234"))
    before = FIRST - dt.timedelta(days=1)
    for number, was, now in (("1", "Lee", "Gray"), ("2", "Lee", "LÉE"), ("3", "Lee", "Lee"), ("4", "Lee", "Gray")):
        ledger.add((number, "Ann", was), valid_from=before, valid_to=FIRST)
        ledger.add((number, "Ann", now), valid_from=FIRST)
    changed = [(FIRST, "1", "update", ["last_name"], before), (FIRST, "2", "update", ["last_name"], before),
               (FIRST, "3", "update", ["department"], before), (before, "4", "update", ["last_name"], before)]  # fmt: skip
    with ledger.workforce() as (t, people):
        followed = follow_renames(t, ledger.profile, people, t.of_rows("changes", CHANGES, changed))
        assert t.rows(f"select person_number from {followed}") == [("1",)]
