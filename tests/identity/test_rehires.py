"""Workers who are back under another person number: offered, never merged by guess, and given the former names by an approval."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from hcm_pipeline.errors import UsageError
from hcm_pipeline.identity import Review, waiting
from hcm_pipeline.identity.rehires import likely_rehires
from tests.directory.objects import NOW, account, fill
from tests.identity.people import FIRST, Ledger, Years, entered_names, profile


class Company(Years):
    """Years in which everybody has an e-mail address: that of `mails`, by person number."""

    def __init__(self, mails: dict[str, str], **rules: Any) -> None:
        super().__init__(profile(**rules))
        self.mails = mails

    def give(self, day: dt.date) -> int:
        """The addresses are in the snapshot, too."""
        for row in self.versions:
            row["email"] = self.mails.get(row["person_number"])
        return super().give(day)


def left(**rules: Any) -> Company:
    """Ann Lee, number 1, has left; Bo Li, number 2, is there; number 9 is Ann again."""
    company = Company({"1": "ann@home.example", "2": "bo@home.example", "9": "ANN@home.example"}, **rules)
    company.day(0, ("1", "Ann", "Lee", True), ("2", "Bo", "Li", True))
    company.day(1, ("1", "Ann", "Lee", False))
    return company


def offered(years: Years) -> list[tuple[str, str, list[str], list[str]]]:
    """The reviews that wait: person number, reason, other numbers, their names."""
    return [(r.person_number, r.reason, r.former, r.accounts) for r in waiting(years.con)]


OFFER = ("9", "likely rehire", ["1"], ["ann.lee@contoso.com"])
BACK = ("9", "Ann", "Lee", True)


def test_who_is_likely_back_under_another_number_is_offered_and_waits() -> None:
    company = left()
    assert company.day(5, BACK) == 0
    assert offered(company) == [OFFER]
    assert set(company.names()) == {"1", "2"}
    assert waiting(company.con)[0].opened_on == FIRST + dt.timedelta(days=5)
    company.day(6)
    assert waiting(company.con)[0].opened_on == FIRST + dt.timedelta(days=5), "still the same question"


def test_by_a_persons_word_the_former_names_come_back_and_the_old_number_has_none() -> None:
    company = left(leavers=[{"container": "OU=Left,DC=x"}], parent_distinguished_name="OU=Users,DC=x")
    company.day(5, BACK)
    assert company.decide_rehire("9", "1").same_as == "1"
    company.day(6)
    assert company.names() == {"2": ("bo.li@contoso.com", "bli"), "9": ("ann.lee@contoso.com", "alee")}
    assert company.con.execute("select parent_distinguished_name, status, given_on from identities where person_number = '9'"
        ).fetchall() == [("OU=Users,DC=x", "given", FIRST + dt.timedelta(days=6))]  # fmt: skip
    assert offered(company) == []
    assert company.con.execute("from successions").fetchall() == [
        ("1", "9", FIRST + dt.timedelta(days=6), "tester", NOW)
    ]
    for day in (6, 7):
        assert company.day(day) == 0
    assert company.names()["9"] == ("ann.lee@contoso.com", "alee")
    assert company.explain("9")[0].held_by == "this worker"


def test_accepting_takes_the_only_former_worker_that_is_offered() -> None:
    company = left()
    company.day(5, BACK)
    assert company.decide("9", None, accept=True).same_as == "1"
    company.day(5, BACK)
    assert company.upn("9") == "ann.lee"


def test_another_person_gets_new_names_and_is_not_asked_about_again() -> None:
    company = left()
    company.day(5, BACK)
    assert company.decide("9", None, accept=False).same_as is None
    assert company.day(5, BACK) == 1
    assert (company.upn("1"), company.upn("9")) == ("ann.lee", "a.lee")
    company.day(6)
    assert offered(company) == []


def test_under_give_there_are_new_names_meanwhile_and_they_become_former_ones() -> None:
    company = left(rehire_meanwhile="give", rename="follow")
    assert company.day(5, BACK) == 1
    assert company.upn("9") == "a.lee"
    company.day(6)
    assert offered(company) == [OFFER]
    company.decide_rehire("9", "1")
    company.day(7)
    assert company.upn("9") == "ann.lee"
    assert company.former() == [("9", "a.lee@contoso.com"), ("9", "alee1")]
    assert offered(company) == []
    company.day(8, ("3", "Ann", "Lee", True))
    assert company.names()["3"] == ("an.lee@contoso.com", "alee2"), "nobody gets what the number held meanwhile"


def test_names_that_were_released_are_taken_over_unless_somebody_has_them_by_now() -> None:
    for somebody, expected in ((False, "ann.lee"), (True, "a.lee")):
        company = left(retention_days=2)
        company.day(4, *([("3", "Ann", "Lee", True)] if somebody else []))
        company.day(5, BACK)
        assert offered(company) == [OFFER]
        company.decide_rehire("9", "1")
        company.day(6)
        assert company.upn("9") == expected
        assert "1" not in company.names()


@pytest.mark.parametrize(
    ("mail", "name", "found"),
    [
        ("ann@home.example", ("Ann", "Lee"), True),
        (" ANN@home.example ", ("ÄNN", "lee"), True),
        ("ann@home.example", ("Anna", "Lee"), False),
        ("other@home.example", ("Ann", "Lee"), False),
        ("", ("Ann", "Lee"), False),
    ],
)
def test_all_fields_of_a_rule_must_agree_and_a_blank_agrees_with_nothing(
    mail: str, name: tuple[str, str], found: bool
) -> None:
    ledger = Ledger(profile())
    entered_names(ledger.con, ("1", "given", "ann.lee"), ("2", "given", "bo.li"))
    ledger.add(("1", "Ann", "Lee"), active=False, email="ann@home.example" if mail else "")
    ledger.add(("2", "Bo", "Li"), email=mail)
    ledger.add(("9", *name), email=mail)
    with ledger.workforce() as (t, people):
        asked = t.make("asked", f"from {people.workers} where person_number = '9'")
        likely = likely_rehires(t, ledger.profile, people, asked, list(ledger.profile.identity.rehire))
        assert t.rows(f"from {likely}") == ([("9", "likely rehire", ["ann.lee@contoso.com"], ["1"])] if found else [])


def test_a_rule_of_names_alone_finds_names_that_are_spelled_or_written_alike() -> None:
    company = left(rehire=[{"fields": ["first_name", "last_name"]}])
    company.day(5, ("8", "Anne", "Lee", True), ("9", "Änn", "Lée", True))
    assert [number for number, *_ in offered(company)] == ["9"]


def test_the_first_rule_that_finds_somebody_decides_and_several_are_all_offered() -> None:
    company = Company({"1": "a@x.y", "2": "a@x.y", "3": "c@x.y", "9": "a@x.y"},
                      rehire=[{"fields": ["email"]}, {"fields": ["last_name"]}])  # fmt: skip
    company.day(0, *[(n, "Ann", "Lee", True) for n in "123"])
    company.day(1, *[(n, "Ann", "Lee", False) for n in "123"])
    company.day(2, BACK)
    assert offered(company) == [("9", "likely rehire", ["1", "2"], ["ann.lee@contoso.com", "a.lee@contoso.com"])]
    with pytest.raises(UsageError, match="no single"):
        company.decide("9", None, accept=True)


def test_nobody_is_offered_who_is_there_and_no_namesake_of_the_same_day() -> None:
    company = Company({"1": "a@x.y", "2": "a@x.y", "3": "a@x.y"})
    company.day(0, ("1", "Ann", "Lee", True))
    company.day(1, ("2", "Ann", "Lee", True), ("3", "Ann", "Lee", False))
    assert offered(company) == []
    assert set(company.names()) == {"1", "2", "3"}


def test_who_has_an_account_under_the_new_number_is_not_asked_about() -> None:
    company = left()
    fill(company.con, account("ann@contoso.com", employee_id="9"))
    company.day(5, BACK)
    assert (offered(company), company.upn("9")) == ([], "ann")


def test_a_decision_that_makes_no_sense_is_refused_and_one_that_came_too_late_is_none() -> None:
    company = left()
    company.day(5, BACK, ("8", "Ann", "Lee", True))
    for number, former in (("9", "2"), ("9", "9"), ("9", "77"), ("77", "1"), ("1", "1")):
        with pytest.raises(UsageError):
            company.decide_rehire(number, former)
    with pytest.raises(UsageError, match="no account is in question"):
        company.decide("9", "ann.lee@contoso.com", accept=False)
    company.decide_rehire("9", "1")
    with pytest.raises(UsageError, match="9 was said"):
        company.decide_rehire("8", "1")
    company.day(6, ("1", "Ann", "Lee", True))
    assert company.names()["1"] == ("ann.lee@contoso.com", "alee")
    assert company.upn("9") == "an.lee", "the former number is somebody again, so there is nobody to be the same as"


def test_a_number_that_was_taken_over_and_is_active_again_waits_for_a_word() -> None:
    company = left()
    company.day(5, BACK)
    company.decide_rehire("9", "1")
    company.day(6)
    assert company.day(7, ("1", "Ann", "Lee", True)) == 0
    assert offered(company) == [("1", "number taken over", ["9"], [])]
    company.decide("1", None, accept=False)
    assert company.day(8) == 1
    assert (company.upn("1"), company.upn("9")) == ("a.lee", "ann.lee")


def test_a_review_says_what_is_asked() -> None:
    reviews = [
        Review("1", reason, [], FIRST, []) for reason in ("several accounts", "likely rehire", "number taken over")
    ]
    assert [review.about for review in reviews] == ["account", "rehire", "number"]
