"""A worker becomes one row: the relationship that speaks, its assignment, and the values that hold on the day."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcm_pipeline.feeds import NOT_READ, differing, digests_of
from hcm_pipeline.oracle import COLUMNS, MoreColumn, ReadingRules
from hcm_pipeline.oracle.worker_children import expansion, tree_of
from hcm_pipeline.oracle.worker_rows import (
    ManagerKey,
    Reduced,
    UnreadableWorker,
    active,
    is_of_context,
    reduced,
    speaking_of,
    text_of,
    yes,
)
from hcm_pipeline.profile.oracle_section import READ_COLUMNS

ON = dt.date(2031, 6, 15)
RULES = ReadingRules()
OPEN = "4712-12-31"


def assignment(**given: Any) -> dict[str, Any]:
    usual = {
        "AssignmentId": 31, "AssignmentNumber": "E1", "AssignmentName": "Engineer", "JobCode": "ENG", "DepartmentName": "R&D",
        "BusinessUnitName": "BU", "LocationCode": "AMS", "PrimaryFlag": True, "PrimaryAssignmentFlag": True,
        "EffectiveStartDate": "2031-01-01", "EffectiveEndDate": OPEN, "EffectiveSequence": 1, "EffectiveLatestChange": "Y",
        "AssignmentStatusType": "ACTIVE", "AssignmentType": "E", "managers": [],
    }  # fmt: skip
    return {**usual, **given}


def relationship(start: str = "2031-01-01", end: str | None = None, **given: Any) -> dict[str, Any]:
    usual = {"PeriodOfServiceId": 21, "LegalEmployerName": "Example BV", "WorkerType": "E", "PrimaryFlag": True,
             "StartDate": start, "TerminationDate": end, "assignments": [assignment()]}  # fmt: skip
    return {**usual, **given}


def worker(*relationships: dict[str, Any], **given: Any) -> dict[str, Any]:
    usual = {"PersonId": 300000000100003, "PersonNumber": "0042", "names": [{"LastName": "Li", "NameType": "GLOBAL"}],
             "emails": [], "phones": [], "addresses": [], "workRelationships": list(relationships)}  # fmt: skip
    return {**usual, **given}


def read(*relationships: dict[str, Any], on: dt.date = ON, **given: Any) -> Reduced:
    return reduced(worker(*relationships, **given), RULES, on)


def row(*relationships: dict[str, Any], on: dt.date = ON, **given: Any) -> dict[str, str]:
    return read(*relationships, on=on, **given).row


# --- relationships


def test_the_day_of_termination_is_the_last_active_one() -> None:
    ends = relationship(end="2031-06-15")
    assert row(ends)["Account Status"] == "True"
    assert row(ends)["Termination Date"] == "2031-06-15"
    assert row(ends, on=dt.date(2031, 6, 16))["Account Status"] == "False"


@pytest.mark.parametrize("end", [None, "", OPEN])
def test_a_termination_that_was_reversed_or_is_open_is_none(end: str | None) -> None:
    found = row(relationship(end=end, ProjectedTerminationDate="2031-02-01"))
    assert (found["Account Status"], found["Termination Date"]) == ("True", "")


@pytest.mark.parametrize("flag", [True, False, "Y", "N", None])
def test_a_relationship_that_ended_beside_one_that_began_disables_nobody(flag: object) -> None:
    old = relationship("2030-01-01", "2031-05-31", PrimaryFlag=flag, LegalEmployerName="Old")
    new = relationship("2031-06-01", PrimaryFlag=not yes(flag), LegalEmployerName="New")
    for order in ([old, new], [new, old]):
        found = row(*order)
        assert (found["Account Status"], found["Legal Employer"]) == ("True", "New")
        assert (found["Hire Date"], found["Termination Date"]) == ("2031-06-01", "")


def test_of_active_relationships_the_primary_speaks_then_the_newest() -> None:
    first, second = relationship("2030-01-01", LegalEmployerName="A"), relationship("2031-01-01", LegalEmployerName="B")
    assert row(first, {**second, "PrimaryFlag": False})["Legal Employer"] == "A"
    assert row(first, second)["Legal Employer"] == "B"
    without = [{key: value for key, value in one.items() if key != "PrimaryFlag"} for one in (second, first)]
    assert row(*without)["Legal Employer"] == "B"


def test_an_employee_speaks_before_the_pending_worker_who_became_one() -> None:
    pending = relationship("2031-06-01", WorkerType="P", PrimaryFlag=True)
    found = row(pending, relationship("2031-06-10", WorkerType="E", PrimaryFlag=False))
    assert (found["Worker Type"], found["Hire Date"]) == ("E", "2031-06-10")
    assert row(pending)["Worker Type"] == "P"


def test_a_coming_relationship_speaks_where_none_is_active_and_is_shown_as_of_its_first_day() -> None:
    gone = relationship("2029-01-01", "2030-12-31", LegalEmployerName="Old")
    coming = relationship(
        "2031-07-01", LegalEmployerName="New", assignments=[assignment(EffectiveStartDate="2031-07-01")]
    )
    email = {"EmailType": "W1", "EmailAddress": "x@example.test", "FromDate": "2031-07-01"}
    found = row(gone, coming, emails=[email])
    assert (found["Account Status"], found["Legal Employer"], found["Hire Date"]) == ("True", "New", "2031-07-01")
    assert (found["Termination Date"], found["Job Code"], found["Email Address"]) == ("", "ENG", "x@example.test")


def test_of_ended_relationships_the_latest_speaks() -> None:
    found = row(relationship("2020-01-01", "2021-01-01"), relationship("2022-01-01", "2023-01-01"), on=ON)
    assert (found["Account Status"], found["Termination Date"], found["Hire Date"]) == (
        "False",
        "2023-01-01",
        "2022-01-01",
    )


def test_a_worker_without_any_relationship_is_not_active_and_keeps_no_employment() -> None:
    found = read()
    assert found.row["Account Status"] == "False"
    assert (found.row["Hire Date"], found.row["Job Code"], found.row["Manager"]) == ("", "", "")
    assert found.missing == ()


def test_an_offer_makes_nobody_active() -> None:
    assert row(relationship(WorkerType="O"))["Account Status"] == "False"


@pytest.mark.parametrize("key", ["TerminationDate", "StartDate"])
def test_a_date_that_is_none_is_no_guess_but_makes_the_worker_unreadable(key: str) -> None:
    with pytest.raises(UnreadableWorker, match=f"{key} is no date") as caught:
        read(relationship(**{key: "31.12.2031"}))
    assert "31.12" not in str(caught.value)


def test_a_worker_without_a_number_is_unreadable() -> None:
    with pytest.raises(UnreadableWorker, match="no person number"):
        read(relationship(), PersonNumber=None)


# --- what did not come


@pytest.mark.parametrize(
    ("child", "columns"),
    [
        ("names", {"First Name", "Last Name", "Middle Name"}), ("emails", {"Email Address"}),
        ("phones", {"Phone Number", "Mobile Phone Number"}),
        ("addresses", {"Street Address", "City", "State", "Postal Code", "Country"}),
        ("workRelationships", {
            "Account Status", "Worker Type", "Legal Employer", "Company", "Hire Date", "Termination Date", "Division",
            "Department Name", "Job Code", "Job Name", "Work Address", "Manager"}),
    ],
)  # fmt: skip
def test_a_child_that_did_not_come_leaves_its_columns_out_and_is_named(child: str, columns: set[str]) -> None:
    whole = read(relationship())
    assert set(COLUMNS) - set(whole.row) == {"Username"}
    for absent in (None, "gone"):
        given = {key: value for key, value in worker(relationship()).items() if absent is None or key != child}
        found = reduced(given if absent else {**given, child: None}, RULES, ON)
        assert set(whole.row) - set(found.row) == columns
        assert found.missing == (child,)


def test_an_assignment_or_manager_that_did_not_come_is_not_empty() -> None:
    found = read({key: value for key, value in relationship().items() if key != "assignments"})
    assert found.missing == ("assignments",)
    assert not {"Job Code", "Manager", "Department Name"} & set(found.row)
    bare = assignment()
    del bare["managers"]
    found = read(relationship(assignments=[bare]))
    assert found.missing == ("managers",)
    assert "Manager" not in found.row
    assert found.row["Job Code"] == "ENG"


# --- assignments and managers


def test_the_row_of_the_day_speaks_by_its_latest_change() -> None:
    rows = [
        assignment(JobCode="OLD", EffectiveEndDate="2031-05-31"),
        assignment(JobCode="EARLIER", EffectiveStartDate="2031-06-01", EffectiveLatestChange="N", EffectiveSequence=3),
        assignment(JobCode="NOW", EffectiveStartDate="2031-06-01", EffectiveSequence="2"),
        assignment(JobCode="COMING", EffectiveStartDate="2031-09-01"),
    ]
    for order in (rows, rows[::-1]):
        assert row(relationship(assignments=order))["Job Code"] == "NOW"


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({}, {"PrimaryFlag": False, "PrimaryAssignmentFlag": False}),
        ({"PrimaryFlag": "Y", "PrimaryAssignmentFlag": None}, {"PrimaryFlag": "N", "PrimaryAssignmentFlag": "N"}),
        ({"AssignmentStatusType": "INACTIVE"}, {"PrimaryFlag": False, "PrimaryAssignmentFlag": False}),
        ({}, {"AssignmentStatusType": "INACTIVE", "AssignmentStatusTypeCode": "INACTIVE_PROCESS"}),
        ({}, {"EffectiveEndDate": "2031-02-01"}), ({"PrimaryFlag": False}, {"EffectiveStartDate": "2031-12-01"}),
        ({}, {"AssignmentType": "O"}), ({"EffectiveStartDate": "2031-02-01"}, {}),
    ],
)  # fmt: skip
def test_of_several_assignments_the_better_one_speaks(better: dict[str, Any], worse: dict[str, Any]) -> None:
    pair = [
        assignment(AssignmentId=31, JobCode="BETTER", **better),
        assignment(AssignmentId=32, JobCode="WORSE", **worse),
    ]
    for order in (pair, pair[::-1]):
        assert row(relationship(assignments=order))["Job Code"] == "BETTER"


def manager(kind: str | None = "LINE_MANAGER", **given: Any) -> dict[str, Any]:
    usual = {"ManagerType": kind, "ManagerAssignmentId": 99, "ManagerAssignmentNumber": "E100",
             "EffectiveStartDate": "2031-01-01", "EffectiveEndDate": OPEN}  # fmt: skip
    return {**usual, **given}


def managed(*managers: dict[str, Any], rules: ReadingRules = RULES) -> Reduced:
    return reduced(worker(relationship(assignments=[assignment(managers=list(managers))])), rules, ON)


def test_the_manager_is_of_the_first_type_that_exists_on_the_day() -> None:
    project = manager("PROJECT_MANAGER", ManagerAssignmentNumber="E200")
    past = manager(EffectiveEndDate="2031-06-14", ManagerAssignmentNumber="E300")
    assert managed(project, manager(), past).manager == ManagerKey("99", "E100", "")
    assert managed(project).row["Manager"] == ""
    both = ReadingRules(manager_types=("LINE_MANAGER", "Project_Manager"))
    assert managed(project, past, rules=both).manager == ManagerKey("99", "E200", "")
    assert managed(manager(None)).manager == ManagerKey("99", "E100", "")
    assert managed(manager(ManagerPersonNumber="7")).row["Manager"] == "7"


def test_a_manager_without_any_key_is_unknown_and_not_none() -> None:
    found = managed(manager(ManagerAssignmentId=None, ManagerAssignmentNumber=None))
    assert (found.missing, "Manager" in found.row) == (("managers",), False)


# --- names, e-mail, phones, addresses


def name(last: str, kind: str | None, **given: Any) -> dict[str, Any]:
    return {"LastName": last, "NameType": kind, "EffectiveStartDate": "2031-01-01", "EffectiveEndDate": OPEN, **given}


@pytest.mark.parametrize(
    ("names", "wanted"),
    [
        ([name("李", "CN"), name("Li", "GLOBAL")], "Li"), ([name("李", "CN"), name("Li", "LATN")], "Li"),
        ([name("李", "CN")], "李"),
        ([name("Old", "GLOBAL", EffectiveEndDate="2031-06-14"), name("New", "GLOBAL", EffectiveStartDate="2031-06-15")], "New"),
        ([name("Coming", "GLOBAL", EffectiveStartDate="2032-01-01")], "Coming"),
        ([name("Past", "GLOBAL", EffectiveEndDate="2031-02-01"), name("李", "CN")], "李"),
        ([name("Berg", "GLOBAL", PreNameAdjunct="van der")], "van der Berg"), ([], ""), ([name("Li", None)], "Li"),
    ],
)  # fmt: skip
def test_the_last_name_is_the_global_one_of_the_day_else_a_latin_one_else_any(names: list[Any], wanted: str) -> None:
    for order in (names, names[::-1]):
        assert row(relationship(), names=order)["Last Name"] == wanted


def test_a_mononym_has_a_blank_first_name() -> None:
    found = row(relationship(), names=[name("Suharto", "GLOBAL", FirstName=None, MiddleNames=" M ")])
    assert (found["First Name"], found["Middle Name"]) == ("", "M")


@pytest.mark.parametrize(
    ("parts", "wanted"),
    [
        (("31", "20", "5550101", "12"), "+31 20 5550101 x12"), (("1", "510", "555-0101", None), "+1 510 555-0101"),
        ((None, "020", "5550101", ""), "020 5550101"), (("+49", None, "30 123", None), "+49 30 123"),
        (("31", "20", "+31 20 5550101", None), "+31 20 5550101"), (("31", "20", None, "12"), ""),
        ((31, 20, 5550101, 12), "+31 20 5550101 x12"),
    ],
)  # fmt: skip
def test_a_phone_is_put_together_from_its_parts(parts: tuple[Any, ...], wanted: str) -> None:
    keys = ("CountryCodeNumber", "AreaCode", "PhoneNumber", "Extension")
    phone = {"PhoneType": "WM", **dict(zip(keys, parts, strict=True))}
    assert row(relationship(), phones=[phone])["Mobile Phone Number"] == wanted


def test_of_several_rows_of_a_type_the_primary_one_that_holds_counts() -> None:
    def email(text: str, kind: str = "W1", **given: Any) -> dict[str, Any]:
        return {
            "EmailType": kind,
            "EmailAddress": text,
            "FromDate": "2031-01-01",
            "ToDate": None,
            "PrimaryFlag": False,
            **given,
        }

    emails = [
        email("home", "H1", PrimaryFlag=True), email("past", ToDate="2031-06-14", PrimaryFlag=True), email("plain"),
        email("coming", FromDate="2031-06-16", PrimaryFlag=True), email("primary", PrimaryFlag="Y"),
        email("newer", FromDate="2031-06-01"),
    ]  # fmt: skip
    for order in (emails, emails[::-1]):
        assert row(relationship(), emails=order)["Email Address"] == "primary"
        assert (
            row(relationship(), emails=[one for one in order if one["EmailAddress"] != "primary"])["Email Address"]
            == "newer"
        )


def test_the_home_address_is_shown_to_nobody_unless_the_rules_name_it() -> None:
    home = {"AddressType": "HOME", "AddressLine1": "Elm 1", "TownOrCity": "X", "PrimaryFlag": True}
    work = {"AddressType": "WORK", "AddressLine1": "Main 2", "AddressLine2": "Floor 3", "TownOrCity": "Y", "Region2": "NH",
            "PostalCode": "1", "Country": "NL"}  # fmt: skip
    assert row(relationship(), addresses=[home])["Street Address"] == ""
    found = row(relationship(), addresses=[home, work])
    assert [found[key] for key in ("Street Address", "City", "State", "Postal Code", "Country")] == [
        "Main 2, Floor 3", "Y", "NH", "1", "NL"]  # fmt: skip
    assert (
        reduced(worker(relationship(), addresses=[home]), ReadingRules(address_types=("HOME",)), ON).row["City"] == "X"
    )
    untyped = {key: value for key, value in home.items() if key != "AddressType"}
    assert row(relationship(), addresses=[untyped])["City"] == "X"


def test_columns_of_the_profile_are_filled_from_the_worker_its_children_and_their_flexfields() -> None:
    paths = {
        "Cost": "assignmentsDFF/costCentre", "Grade": "assignments/GradeCode", "Badge": "workersDFF/badge",
        "Born": "worker/DateOfBirth",
        "Reason": "workRelationships/ReasonCode", "Plan": "workRelationshipsDFF/plan", "Known As": "names/KnownAs",
        "Home City": "addresses[HOME]/TownOrCity", "Private": "emails[H1]/EmailAddress",
    }  # fmt: skip
    rules = ReadingRules(more=tuple(MoreColumn.at(name, path) for name, path in paths.items()))
    ended = {"EffectiveEndDate": "2031-05-31", "costCentre": "C0"}
    there = worker(
        relationship(
            assignments=[assignment(GradeCode=7, assignmentsDFF=[ended, {"EffectiveStartDate": "2031-06-01", "costCentre": "C1"}])],
            workRelationshipsDFF=[{"__FLEX_Context": "NL", "pension": "P"}], ReasonCode=None,
        ),
        names=[{"LastName": "Li", "KnownAs": "Bo"}], workersDFF=[{"badge": True}], emails=[],
        addresses=[{"AddressType": "HOME", "TownOrCity": "X"}],
    )  # fmt: skip
    found = reduced(there, rules, ON)
    wanted = {
        "Cost": "C1",
        "Grade": "7",
        "Badge": "true",
        "Reason": "",
        "Plan": "",
        "Known As": "Bo",
        "Home City": "X",
        "Private": "",
    }
    assert {name: found.row[name] for name in wanted} == wanted
    assert ("Born" in found.row, found.missing) == (False, ("worker.DateOfBirth",))
    assert found.row["City"] == ""
    bare = reduced(worker(relationship()), rules, ON)  # no flexfield came: nothing is known of them
    assert set(paths) - bare.row.keys() == {"Cost", "Grade", "Badge", "Born", "Reason", "Plan", "Known As"}
    gone = reduced(worker(), rules, ON)
    assert {gone.row[name] for name in ("Cost", "Grade", "Reason", "Plan")} == {""}
    assert expansion(tree_of(rules)) == (
        "names,emails,phones,addresses,workRelationships.assignments.managers,workRelationships.assignments.assignmentsDFF,"
        "workRelationships.workRelationshipsDFF,workersDFF"
    )


BADGE = "PersonExtraInformationContextBADGE_5FINFOprivateVO"


@pytest.mark.parametrize(
    ("name", "context", "fits"),
    [(BADGE, "BADGE_INFO", True), (BADGE, "Badge Info", True), (BADGE, BADGE, True), (BADGE, "BADGE", False),
     ("PersonExtraInformationContextNationality__InformationprivateVO", "Nationality Information", True),
     ("AssignmentExtraInformationContextMY_5FADprivateVO", "MY_AD", True), ("CategoryCode", "BADGE_INFO", False)],
)  # fmt: skip
def test_a_context_of_an_extensible_flexfield_is_known_by_its_code(name: str, context: str, fits: bool) -> None:
    assert is_of_context(name, context) == fits


def test_extensible_flexfields_and_children_by_country_are_read_and_what_did_not_come_is_not_known() -> None:
    paths = {"Badge": "workersEFF[BADGE_INFO]/number", "Married": "legislativeInfo/MaritalStatus",
             "Abroad": "legislativeInfo[US]/Sex", "Nation": "citizenships/Citizenship",
             "Card": "externalIdentifiers[CARD]/ExternalIdentifierNumber"}  # fmt: skip
    rules = ReadingRules(more=tuple(MoreColumn.at(name, path) for name, path in paths.items()))
    old = {"EffectiveStartDate": "2030-01-01", "EffectiveEndDate": "2031-05-31", "number": "B0"}
    new = {"EffectiveStartDate": "2031-06-01", "EffectiveEndDate": OPEN, "number": "B1"}
    beside = {
        "workersEFF": [{"CategoryCode": "PER_EIT", "BADGE_INFO": [old, new]}],
        "legislativeInfo": [
            {"LegislationCode": "NL", "MaritalStatus": "M"},
            {"LegislationCode": "US", "MaritalStatus": "S", "Sex": "X"},
        ],
        "externalIdentifiers": [{"ExternalIdentifierType": "CARD", "ExternalIdentifierNumber": "C1"}],
        "citizenships": [{"Citizenship": "DE"}, {"Citizenship": "FR", "ToDate": "2031-01-01"}],
    }
    there = relationship(LegislationCode="NL")
    found = reduced(worker(there, **beside), rules, ON)
    assert {name: found.row[name] for name in paths} == {
        "Badge": "B1",
        "Married": "M",
        "Abroad": "X",
        "Card": "C1",
        "Nation": "DE",
    }
    beside["workersEFF"] = [{"BADGE_INFO": [new, {"number": "B2"}]}]
    assert reduced(worker(there, **beside), rules, ON).row["Badge"] == "B1\uffff\ufffeB2"  # held back: repeated_element
    for nothing, badge in (([], ""), ([{"BADGE_INFO": []}], ""), ([{"CategoryCode": "PER_EIT"}], None)):
        assert reduced(worker(there, **{**beside, "workersEFF": nothing}), rules, ON).row.get("Badge") == badge
    bare = reduced(worker(there), rules, ON)
    assert not paths.keys() & bare.row.keys()
    assert "workersEFF.number" in bare.missing


def test_a_change_in_the_profiles_own_columns_is_told_apart_from_another_profile() -> None:
    row = dict.fromkeys(COLUMNS, "x")
    one, other = digests_of({**row, "Cost": "1", "Badge": "b"}), digests_of({**row, "Cost": "2", "Badge": "b"})
    assert differing(one, other) == ("oracle.columns",)
    for same in (
        one,
        digests_of(row),
        digests_of({**row, "Cost": "1"}),
        digests_of({**row, "Cost": NOT_READ, "Badge": "b"}),
    ):
        assert differing(one, same) == differing(same, one) == ()
    assert COLUMNS == READ_COLUMNS


@pytest.mark.parametrize(
    ("value", "wanted"), [(3e14, "300000000000000"), (7, "7"), (None, ""), (" x ", "x"), ([1], "")]
)
def test_a_value_is_text(value: object, wanted: str) -> None:
    assert text_of(value) == wanted


# --- whatever a worker has

DATES = st.one_of(
    st.none(), st.integers(-900, 900).map(lambda days: (ON + dt.timedelta(days=days)).isoformat()), st.just(OPEN)
)
FLAGS = st.sampled_from([True, False, "Y", "N", "true", None, 1])
ASSIGNMENTS = st.builds(
    assignment, AssignmentId=st.integers(1, 3), EffectiveStartDate=DATES, EffectiveEndDate=DATES, PrimaryFlag=FLAGS,
    AssignmentStatusType=st.sampled_from(["ACTIVE", "INACTIVE", "SUSPENDED", None]), EffectiveLatestChange=FLAGS,
)  # fmt: skip
RELATIONSHIPS = st.lists(
    st.builds(
        relationship, start=DATES, end=DATES, PrimaryFlag=FLAGS, WorkerType=st.sampled_from(["E", "C", "P", "N"]),
        PeriodOfServiceId=st.integers(1, 9), assignments=st.lists(ASSIGNMENTS, max_size=3),
    ),
    max_size=4,
)  # fmt: skip


@given(RELATIONSHIPS, st.integers(-900, 900), st.randoms(use_true_random=False))
def test_nobody_with_an_active_relationship_is_ever_disabled_in_whatever_order(
    one: list[Any], days: int, chance: Any
) -> None:
    on = ON + dt.timedelta(days=days)
    found = row(*one, on=on)
    held = [each for each in one if (each["StartDate"] or "") <= on.isoformat()
            and (not each["TerminationDate"] or each["TerminationDate"] >= on.isoformat())]  # fmt: skip
    coming = not held and found["Hire Date"] > str(on) and not "" < found["Termination Date"] < found["Hire Date"]
    assert found["Account Status"] == str(bool(held) or coming)
    speaking = speaking_of(one, on)
    assert speaking is None or not held or active(speaking, on)
    chance.shuffle(one)
    assert row(*one, on=on)["Account Status"] == found["Account Status"]
    assert set(COLUMNS) - set(found) == {"Username"}


ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=12)),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["StartDate", "names", "x"]), inner, max_size=2)
    ),
    max_leaves=6,
)


@given(
    st.dictionaries(st.sampled_from([*worker(), "links"]), ANYTHING),
    st.dictionaries(st.sampled_from([*relationship()]), ANYTHING),
)
def test_a_worker_of_any_shape_is_a_row_or_unreadable_and_never_an_error(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    for given_ in (one, {**worker(other), **{"names": one.get("names")}}):
        try:
            found = reduced(given_, RULES, ON)
        except UnreadableWorker:
            continue
        assert set(found.row) <= set(COLUMNS)
        assert all(isinstance(value, str) for value in found.row.values())
