"""Workers are read in batches or all of them: each comes back once, whatever the service can do and whatever is broken."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import httpx
import orjson
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hcm_pipeline.errors import ServiceError, ServiceRefused
from hcm_pipeline.oracle import MoreColumn, OracleClient, Person, Reading
from tests.oracle.support import TODAY, Answer, Site, rules, service
from tests.oracle.test_worker_rows import assignment, relationship, worker
from tests.sandbox.hcm_support import RESOURCES, URL

DAY = dt.timedelta(days=1)


def by_number(readings: list[Reading]) -> dict[str | None, Reading]:
    found = {one.person.person_number or one.found_number: one for one in readings}
    assert len(found) == len(readings)
    return found


def people(*numbers: object) -> list[Person]:
    return [Person(None, str(number)) for number in numbers]


# --- the sandbox's Oracle HCM


def staffed(hcm: Site, count: int = 8) -> None:
    """A boss, her people with and without everything, a leaver, somebody who is transferred, a contractor."""
    office = hcm.office
    office.hire(
        "1", last_name="Boss", username="boss", email="b@x.example", mobile={"country": "31", "area": "6", "number": "1234"},
        phone={"country": "31", "area": "20", "number": "5550101", "extension": "12"},
        address={"street": "A 1", "street2": "B", "city": "X", "state": "NH", "postal_code": "1", "country": "NL", "type": "WORK"},
    )  # fmt: skip
    for number in range(2, count):
        office.hire(
            f"{number}", manager="1", username=f"u{number}" if number % 2 else None, job_code="ENG", job_name="Engineer",
            department="R&D", start="2031-03-01",
        )  # fmt: skip
    office.hire("C-9", type="C", start="2031-03-01", manager="2", last_name="O'Neil, Jr.", middle_name="Q")
    office.act(
        {"do": "terminate", "person_number": "3", "on": "2031-03-10"},
        {"do": "global_transfer", "person_number": "4", "legal_employer": "Other", "on": "2031-03-15"},
        {"do": "change_manager", "person_number": "5", "manager": "2", "on": "2031-03-20"},
    )


@pytest.mark.parametrize("version", [1, 2, 3, 4, 9])
@pytest.mark.parametrize("cap", [2, 500])
def test_everybody_is_read_as_is_true_on_each_day(hcm: Site, version: int, cap: int) -> None:
    staffed(hcm)
    hcm.office.set(limit_cap=cap)
    for on in (TODAY, TODAY + 7 * DAY, TODAY + 8 * DAY, TODAY + 20 * DAY):
        with hcm.client(framework_version=version) as client:
            found = {one.row["Person Number"]: one for one in client.read_everybody(on)}
            assert {number: one.row for number, one in found.items()} == hcm.truth(on)
            assert {one.missing for one in found.values()} == {()}
            again = client.read([Person(None, number) for number in found], on)
            assert {one.row["Person Number"]: one.row for one in again} == hcm.truth(on)


def test_who_was_asked_for_comes_back_once_by_id_or_number_and_who_is_not_there_is_absent(hcm: Site) -> None:
    staffed(hcm)
    with hcm.client() as client:
        ids = {one.found_number: one.found_id for one in client.read_everybody(TODAY)}
        asked = [
            Person(ids["1"], None), Person(ids["2"], "2"), Person(None, "C-9"), Person("999", "4"), Person("999", None),
            Person(None, "nobody"), Person("no id", "5"), Person(None, "O'Neil"), Person(ids["1"], None),
        ]  # fmt: skip
        found = list(client.read(asked, TODAY))
    assert sorted(map(str, (one.person for one in found))) == sorted(map(str, set(asked)))
    assert {one.person: one.outcome for one in found} == {
        **dict.fromkeys(asked, "found"),
        **dict.fromkeys([Person("999", None), Person(None, "nobody"), Person(None, "O'Neil")], "absent"),
    }
    assert {one.found_number for one in found} == {"1", "2", "C-9", "4", "5", None}


def test_a_hire_to_come_is_absent_before_the_day_and_found_on_it(hcm: Site) -> None:
    hcm.office.hire("7", start="2031-04-01")
    with hcm.client() as client:
        outcomes = [one.outcome for on in (TODAY, dt.date(2031, 4, 1)) for one in client.read(people(7), on)]
    assert outcomes == ["absent", "found"]


def test_children_past_25_are_followed_at_every_level(hcm: Site) -> None:
    hcm.office.hire("1", last_name="Boss")
    hcm.office.hire("2")
    hcm.office.hire("7", manager="1", start="2031-03-01", job_code="J0")
    hcm.office.act(*({"do": "add_assignment", "person_number": "7", "job_code": f"J{number}"} for number in range(30)))
    with hcm.client() as client:
        [one] = client.read(people(7), TODAY)
        assert one.row == hcm.truth(TODAY)["7"]
        assert client.calls["children"] == 1


@pytest.mark.parametrize(
    "child", ["names", "emails", "phones", "addresses", "workRelationships", "assignments", "managers"]
)
def test_a_withheld_child_is_told_and_never_read_as_empty(hcm: Site, child: str) -> None:
    staffed(hcm)
    hcm.office.set(withheld_children=[child])
    with hcm.client() as client:
        found = list(client.read_everybody(TODAY))
    truth = hcm.truth(TODAY)
    assert {one.missing for one in found} == {(child,)}
    for one in found:
        assert one.row.items() <= truth[one.row["Person Number"]].items()
        assert len(one.row) < 26


BADGES = "PersonExtraInformationContextBADGE_5FINFOprivateVO"
SEATS = "AssignmentExtraInformationContextSEAT__PLANprivateVO"
MORE = {
    "Badge": "workersEFF[BADGE_INFO]/badgeNumber", "Seat": "assignmentsEFF[Seat Plan]/seat",
    "Status": "legislativeInfo/MaritalStatus", "Nation": "citizenships/Citizenship",
    "Card": "externalIdentifiers[CARD]/ExternalIdentifierNumber", "Cost": "assignmentsDFF/costCentre",
    "Size": "workersDFF/shirtSize", "Warden": "workersDFF/fireWarden", "Pension": "workRelationshipsDFF/pensionPlan",
    "Bike": "assignmentsDFF/bikePlan",
}  # fmt: skip
MORE_CHILDREN = ["workersEFF", SEATS, "legislativeInfo", "citizenships", "externalIdentifiers", "assignmentsDFF", "workersDFF",
                 "workRelationshipsDFF"]  # fmt: skip


@pytest.mark.parametrize("version", [2, 4])
def test_flexfields_and_other_children_are_read_and_not_taken_for_empty_without_a_privilege(
    hcm: Site, version: int
) -> None:
    hcm.office.hire("7", location="AMS", department="R&D")
    by_child = {**MORE, "Seat": f"assignmentsEFF[{SEATS}]/seat"}
    for columns, calls in ((MORE, 2), (by_child, 1)):
        more = tuple(MoreColumn.at(name, path) for name, path in columns.items())
        with hcm.client(more=more, framework_version=version) as client:
            [one] = client.read(people(7), TODAY)
            shown = {name: one.row.get(name) for name in MORE}
            assert (shown["Badge"], shown["Card"], shown["Status"] in ("S", "M")) == ("B7", "C7", True)
            assert str(shown["Seat"]).startswith("AMS-")
            segments = [shown[name] for name in ("Cost", "Size", "Warden", "Pension", "Bike")]
            assert (segments[0], segments[1] in ("S", "M", "L"), segments[2:]) == ("CC R&D", True, ["", "P-GB", ""])
            assert (one.missing, client.calls["children"]) == ((), calls)
    hcm.office.set(withheld_children=MORE_CHILDREN)
    with hcm.client(more=more, framework_version=version) as client:
        [bare] = client.read(people(7), TODAY)
    assert not MORE.keys() & bare.row.keys()
    assert set(bare.missing) == {f"{one.child}.{one.attribute}" for one in more}


@pytest.mark.parametrize("refused", [SEATS, BADGES, "workersEFF", "assignmentsDFF", "citizenships"])
def test_a_child_of_the_profile_that_answers_403_is_told_as_missing_and_the_rest_is_read(
    hcm: Site, refused: str
) -> None:
    """Whether it is refused by its own link, or every page of workers that names it in `expand` is."""
    staffed(hcm)
    hcm.office.set(refused=[refused])
    more = tuple(MoreColumn.at(name, path) for name, path in MORE.items())
    theirs = {SEATS: "assignmentsEFF", BADGES: "workersEFF"}.get(refused, refused)
    lost = {one.name: f"{one.child}.{one.attribute}" for one in more if one.child == theirs}
    with hcm.client(more=more) as client:
        found = list(client.read_everybody(TODAY))
    truth = hcm.truth(TODAY)
    for one in found:
        assert (set(one.missing), one.row.keys() & MORE.keys()) == (set(lost.values()), MORE.keys() - lost.keys())
        assert one.row.items() >= truth[one.row["Person Number"]].items()


def test_a_list_of_25_whose_rest_is_refused_is_not_read_as_whole(hcm: Site) -> None:
    """Before framework version 3 nothing says whether there are more."""
    hcm.office.hire("7", job_code="J0")
    hcm.office.act(*({"do": "add_assignment", "person_number": "7", "job_code": f"J{number}"} for number in range(24)))
    with hcm.client(framework_version=2) as client:
        [whole] = client.read(people(7), TODAY)
    hcm.office.fault("status", on="workers", status=403, times=99, after=1)
    with hcm.client(framework_version=2) as client:
        [one] = client.read(people(7), TODAY)
    assert (whole.missing, one.missing, "Job Code" in one.row) == ((), ("assignments",), False)


@pytest.mark.parametrize("sources", [["userAccounts"], ["userAccounts", "emps"]])
def test_user_names_come_from_emps_or_are_left_out_where_accounts_may_not_be_read(
    hcm: Site, sources: list[str]
) -> None:
    staffed(hcm)
    hcm.office.set(refused=sources)
    with hcm.client(batch=2) as client:
        found = by_number(list(client.read_everybody(TODAY)))
        assert client.calls["user accounts"] <= 1 + 5 * (2 - len(sources)) + (len(sources) - 1)
    if len(sources) == 1:
        assert found["1"].row["Username"] == "boss"
        assert found["1"].missing == ()
    else:
        assert {("Username" in one.row, one.missing) for one in found.values()} == {(False, ("userAccounts",))}


def test_a_manager_whom_we_may_not_see_is_left_out_and_told(hcm: Site) -> None:
    staffed(hcm)
    hcm.office.set(hidden_people=["1"])
    with hcm.client() as client:
        found = by_number(list(client.read(people(2, "C-9"), TODAY)))
    assert (found["2"].missing, "Manager" in found["2"].row) == (("managers",), False)
    assert found["C-9"].row["Manager"] == "2"


def test_a_broken_worker_is_the_only_one_that_cannot_be_read(hcm: Site) -> None:
    staffed(hcm, count=20)
    hcm.office.fault("broken_page", person_numbers=["6", "11"], times=1000)
    with hcm.client(batch=7, limit=6) as client:
        everybody = by_number(list(client.read_everybody(TODAY)))
        asked = by_number(list(client.read(people(*range(1, 20)), TODAY)))
    for found in (everybody, asked):
        assert {number for number, one in found.items() if one.outcome == "unreadable"} == {"6", "11"}
        assert sum(one.outcome == "found" for one in found.values()) == len(found) - 2
    assert len(everybody) == len(hcm.truth(TODAY))
    assert "broken" in everybody["6"].reason


def test_short_addresses_are_kept_where_the_service_takes_no_long_ones(hcm: Site) -> None:
    staffed(hcm, count=30)
    hcm.office.set(most_url=500)
    with hcm.client() as client:
        assert {one.outcome for one in client.read(people(*range(1, 30)), TODAY)} == {"found"}


# --- services that can less


class Workers:
    """A `workers` resource of plain rules: ids from 1, `q` by `or` and `>`, limit, offset and order; each may be taken away."""

    def __init__(self, count: int, **off: Any) -> None:
        self.items = [
            worker(relationship(), PersonId=number, PersonNumber=f"n{number}") for number in range(1, count + 1)
        ]
        self.off = off
        self.broken: set[int] = set()
        self.before: Callable[[], None] = lambda: None
        self.asked: list[httpx.QueryParams] = []

    def __call__(self, request: httpx.Request) -> Answer:
        query = request.url.params
        if not request.url.path.endswith("/workers"):
            return 404, b""
        self.asked.append(query)
        self.before()
        q = query.get("q", "")
        if (self.off.get("or") and " or " in q) or (self.off.get("key") == 400 and ">" in q):
            return 400, {"title": "Bad Request"}
        if self.off.get("order") == 400 and "orderBy" in query:
            return 400, {"title": "Bad Request"}
        held = [one for one in self.items if self.off.get("q") or self.fits(one, q)]
        if not self.off.get("order") and "orderBy" in query:
            held.sort(key=lambda one: one["PersonId"])
        offset = 0 if self.off.get("offset") else int(query.get("offset", "0"))
        limit = min(self.off.get("cap", 500), int(query.get("limit", "25")))
        page = held[offset : offset + limit]
        told = {"totalResults": len(held)} if "totalResults" in query and self.off.get("total", True) else {}
        body = orjson.dumps({"items": page, "hasMore": len(held) > offset + limit, **told})
        if "fields" in query and not self.off.get("fields"):
            return orjson.dumps({"items": [{"PersonId": one["PersonId"]} for one in page], "hasMore": False})
        if any(one["PersonId"] in self.broken for one in page):
            return body[:-2] + b"Too many objects match the primary key oracle.jbo.Key[1]"
        return body

    def fits(self, item: dict[str, Any], q: str) -> bool:
        if ">" in q:
            return self.off.get("key") == "ignored" or item["PersonId"] > int(q.partition(">")[2])
        return not q or any(
            one in (f"PersonId={item['PersonId']}", f"PersonNumber='{item['PersonNumber']}'") for one in q.split(" or ")
        )


def everybody(client: OracleClient) -> list[int]:
    return [int(one.found_id or one.person.person_id or 0) for one in client.read_everybody(TODAY)]


@given(
    st.integers(0, 40), st.integers(1, 9), st.sampled_from([None, 400, "ignored"]), st.sampled_from([None, 400, "ignored"]),
    st.sets(st.integers(1, 40), max_size=3), st.booleans(), st.randoms(use_true_random=False),
)  # fmt: skip
def test_everybody_comes_once_whether_pages_follow_by_key_or_offset(
    count: int, cap: int, key: Any, order: Any, broken: set[int], total: bool, chance: Any
) -> None:
    assume(
        cap > 1 or total or order is None
    )  # pages of one worker in no order overlap nowhere, and nothing counts them
    workers = Workers(count, cap=cap, key=key, order=order, total=total)
    if order:
        chance.shuffle(workers.items)
    workers.broken = broken
    with service(workers, limit=12) as client:
        found = list(client.read_everybody(TODAY))
    assert sorted(int(one.person.person_id or 0) for one in found) == list(range(1, count + 1))
    unreadable = {int(one.person.person_id or 0) for one in found if one.outcome == "unreadable"}
    assert unreadable == {number for number in broken if number <= count}


@given(st.integers(5, 40), st.integers(2, 9), st.sampled_from([None, 400]), st.randoms(use_true_random=False))
def test_people_who_come_and_go_between_pages_make_nobody_come_twice_or_not_at_all(
    count: int, cap: int, key: Any, chance: Any
) -> None:
    workers = Workers(count, cap=cap, key=key)
    gone: set[int] = set()

    def before() -> None:
        if chance.random() < 0.3 and workers.items:
            gone.add(workers.items.pop(chance.randrange(len(workers.items)))["PersonId"])
        if chance.random() < 0.3:
            number = 1000 + len(workers.asked)
            workers.items.append(worker(relationship(), PersonId=number, PersonNumber=f"n{number}"))

    workers.before = before
    with service(workers) as client:
        found = everybody(client)
    assert len(found) == len(set(found))
    assert set(range(1, count + 1)) - gone <= set(found)


def test_a_service_without_or_is_asked_for_one_at_a_time_and_that_is_remembered() -> None:
    workers = Workers(8, **{"or": True})
    with service(workers) as client:
        for _ in range(2):
            assert {one.outcome for one in client.read(people(*(f"n{number}" for number in range(1, 9))), TODAY)} == {
                "found"
            }
    assert sum(" or " in query["q"] for query in workers.asked) <= 4
    assert len(workers.asked) <= 4 + 16


def test_one_number_that_the_service_refuses_does_not_stop_the_others() -> None:
    workers = Workers(8)

    def picky(request: httpx.Request) -> Answer:
        return (400, b"") if "n3" in request.url.params.get("q", "") else workers(request)

    with service(picky) as client:
        found = by_number(list(client.read(people(*(f"n{number}" for number in range(1, 9))), TODAY)))
    assert {number for number, one in found.items() if one.outcome != "found"} == {"n3"}
    assert found["n3"].outcome == "unreadable"


@pytest.mark.parametrize("off", [{"q": True}, {"q": True, "cap": 1}])
def test_a_service_that_ignores_the_question_is_noticed(off: dict[str, Any]) -> None:
    with service(Workers(30, **off)) as client, pytest.raises(ServiceRefused, match="does not know `q`"):
        list(client.read(people("nobody"), TODAY))


def test_a_service_that_ignores_the_offset_is_noticed() -> None:
    with service(Workers(30, cap=5, offset=True, key=400)) as client, pytest.raises(ServiceError, match="same page"):
        list(client.read_everybody(TODAY))


def test_the_other_root_of_resources_is_tried_once() -> None:
    workers = Workers(2)
    roots: list[str] = []

    def latest(request: httpx.Request) -> Answer:
        roots.append(request.url.path.split("/")[3])
        return workers(request) if "/latest/" in request.url.path else (404, b"")

    with service(latest) as client:
        assert sorted(everybody(client)) == [1, 2]
    assert roots[:2] == ["11.13.18.05", "latest"]
    assert set(roots[2:]) == {"latest"}
    with service(lambda _: (404, b"")) as client, pytest.raises(ServiceRefused, match="no such resource"):
        list(client.read_everybody(TODAY))


def test_a_worker_whom_nobody_can_even_name_is_told_all_the_same() -> None:
    workers = Workers(5, fields=True)
    workers.broken = {3}

    def nameless(request: httpx.Request) -> Answer:
        body = workers(request)
        return b"{oracle.jbo.Key" if isinstance(body, bytes) and b"oracle.jbo" in body else body

    with service(nameless) as client:
        found = list(client.read_everybody(TODAY))
    assert [one.person.person_id for one in found if one.outcome == "found"] == ["1", "2", "4", "5"]
    assert [one.person for one in found if one.outcome == "unreadable"] == [Person(None, None)]


def test_a_broken_answer_names_its_worker_where_the_keys_alone_cannot_be_had() -> None:
    workers = Workers(5, fields=True)
    workers.broken = {3}
    with service(workers) as client:
        found = list(client.read_everybody(TODAY))
    assert [one.person for one in found if one.outcome == "unreadable"] == [Person("3", "n3")]


def test_a_fault_of_the_data_that_is_a_500_is_divided_and_an_outage_is_not() -> None:
    workers = Workers(4)

    def faulty(request: httpx.Request) -> Answer:
        bad = "PersonId=3" in request.url.params.get("q", "")
        return (500, {"title": "JBO-25002: hush-hush"}) if bad else workers(request)

    with service(faulty) as client:
        found = list(client.read([Person(str(number), None) for number in range(1, 5)], TODAY))
    assert {one.person.person_id for one in found if one.outcome == "unreadable"} == {"3"}


def test_two_workers_under_one_number_are_no_guess() -> None:
    workers = Workers(2)
    workers.items[1]["PersonNumber"] = "n1"
    with service(workers) as client:
        [one] = client.read(people("n1"), TODAY)
    assert (one.outcome, one.reason) == ("unreadable", "the service shows several workers under one PersonNumber")


def test_a_worker_whose_row_would_be_a_guess_is_unreadable_and_named() -> None:
    workers = Workers(2)
    workers.items[0]["workRelationships"][0]["TerminationDate"] = "soon"
    with service(workers) as client:
        found = list(client.read([Person("1", None), Person("2", None)], TODAY))
    assert {(one.found_number, one.outcome) for one in found} == {("n1", "unreadable"), ("n2", "found")}


# --- children by links


def first_assignment(number: int) -> dict[str, Any]:
    return assignment(AssignmentId=number, JobCode=f"J{number}", PrimaryFlag=False, PrimaryAssignmentFlag=False)


def with_children(link: str, rest: Callable[[httpx.Request], Answer], **more: Any) -> Reading:
    """One worker whose first 25 assignments come along, as a collection object whose link is this."""
    collection = {
        "items": [first_assignment(number) for number in range(25)],
        "hasMore": True, "links": [{"rel": "self", "href": link}], **more,
    }  # fmt: skip
    item = worker(relationship(assignments=collection), PersonId=1, PersonNumber="n1")

    def answer(request: httpx.Request) -> Answer:
        if request.url.path.endswith("/child/assignments"):
            return rest(request)
        return {"items": [item], "hasMore": False} if request.url.path.endswith("/workers") else (404, b"")

    with service(answer) as client:
        [one] = client.read([Person("1", None)], TODAY)
    return one


def test_a_link_that_is_no_address_makes_its_child_missing_and_no_more() -> None:
    assert with_children("http://[::1/x", lambda _: (200, {"items": []})).missing[0] == "assignments"


def test_the_rest_of_a_child_is_asked_for_at_our_own_host_with_its_own_children() -> None:
    seen: list[httpx.Request] = []

    def rest(request: httpx.Request) -> Answer:
        seen.append(request)
        left = 30 - int(request.url.params["offset"])
        items = [assignment(AssignmentId=100 + left, JobCode="LAST" if left == 1 else "x", PrimaryFlag=left == 1)]
        return {"items": items, "hasMore": left > 1}

    one = with_children("https://elsewhere.test:8443/hcmRestApi/resources/latest/workers/00AB/child/assignments", rest)
    assert one.row["Job Code"] == "LAST"
    assert {request.url.host for request in seen} == {"hcm.test"}
    assert [request.url.params["offset"] for request in seen] == ["25", "26", "27", "28", "29"]
    assert {request.url.params["expand"] for request in seen} == {"managers"}
    assert {request.url.params["effectiveDate"] for request in seen} == {"2031-03-03"}


@pytest.mark.parametrize(
    "rest",
    [
        lambda _: (404, b""), lambda _: {"items": [], "hasMore": True}, lambda _: {"title": "no rows"},
        lambda _: {"items": [first_assignment(0)], "hasMore": True},
    ],
)  # fmt: skip
def test_a_child_of_which_the_rest_cannot_be_had_is_not_taken_for_whole(
    rest: Callable[[httpx.Request], Answer],
) -> None:
    one = with_children("/hcmRestApi/resources/x/workers/00AB/child/assignments", rest)
    assert one.missing[0] == "assignments"
    assert "Job Code" not in one.row


def test_a_child_whose_rest_is_broken_makes_its_worker_unreadable_and_no_other() -> None:
    one = with_children("/hcmRestApi/x/child/assignments", lambda _: b"{oracle.jbo.Key")
    assert one.outcome == "unreadable"


def test_a_plain_array_of_25_may_have_been_cut() -> None:
    item = worker(
        relationship(), PersonId=1, PersonNumber="n1", links=[{"rel": "self", "href": f"{URL}{RESOURCES}/workers/00AB"}]
    )
    item["emails"] = [{"EmailType": "H1", "EmailAddress": f"{number}"} for number in range(25)]

    def answer(request: httpx.Request) -> Answer:
        if request.url.path == f"{RESOURCES}/workers/00AB/child/emails":
            return {"items": [{"EmailType": "W1", "EmailAddress": "w@x.example"}], "hasMore": False}
        return {"items": [item], "hasMore": False} if request.url.path.endswith("/workers") else (404, b"")

    with service(answer, framework_version=1) as client:
        [one] = client.read([Person("1", None)], TODAY)
    assert one.row["Email Address"] == "w@x.example"


# --- accounts and managers of other services


def accounts(items: list[dict[str, Any]], status: int = 200) -> Callable[[httpx.Request], Answer]:
    workers = Workers(3)

    def answer(request: httpx.Request) -> Answer:
        if request.url.path.endswith("/userAccounts"):
            asked = re.findall(r"PersonId=(\d+)", request.url.params["q"])
            held = [one for one in items if str(one.get("PersonId", "1")) in asked]
            return status, {"items": held, "hasMore": False}
        return workers(request)

    return answer


@pytest.mark.parametrize(
    ("items", "wanted"),
    [
        ([{"PersonId": 1, "Username": "a"}], {"1": "a", "2": "", "3": ""}),
        ([{"PersonId": "1", "UserName": "a", "SuspendedFlag": "Y"}, {"PersonId": 1, "Username": "b"}],
         {"1": "b", "2": "", "3": ""}),
        ([{"PersonNumber": "n1", "Username": "a"}], {"1": "a", "2": "", "3": ""}),
        ([{"PersonId": 1}], {"2": "", "3": ""}), ([{"GUID": "X", "Username": "a"}], {}),
    ],
)  # fmt: skip
def test_a_user_name_is_taken_only_where_its_owner_is_certain(
    items: list[dict[str, Any]], wanted: dict[str, str]
) -> None:
    with service(accounts(items)) as client:
        found = list(client.read_everybody(TODAY))
    assert {one.found_id: one.row["Username"] for one in found if "Username" in one.row} == wanted
    assert {one.found_id for one in found if "userAccounts" in one.missing} == {"1", "2", "3"} - set(wanted)


@pytest.mark.parametrize("status", [400, 403, 404])
def test_accounts_that_may_not_be_read_are_asked_for_once_and_fail_no_reading(status: int) -> None:
    with service(accounts([], status), batch=1) as client:
        found = list(client.read([Person(str(number), None) for number in range(1, 4)], TODAY))
        assert client.calls["user accounts"] <= (5 if status == 400 else 2)  # each form of the question, and `emps`
    assert {(one.outcome, one.missing) for one in found} == {("found", ("userAccounts",))}


def test_managers_are_looked_up_once_and_together() -> None:
    boss = worker(
        relationship(assignments=[assignment(AssignmentId=99, AssignmentNumber="E100")]), PersonId=9, PersonNumber="n9"
    )
    workers = Workers(6)
    for one in workers.items:
        manager = {"ManagerType": "LINE_MANAGER", "ManagerAssignmentId": 99, "ManagerAssignmentNumber": "E100"}
        one["workRelationships"][0]["assignments"] = [assignment(AssignmentId=one["PersonId"], managers=[manager])]
    nested: list[str] = []

    def answer(request: httpx.Request) -> Answer:
        if "AssignmentNumber" in request.url.params.get("q", ""):
            nested.append(request.url.params["q"])
            return {"items": [boss], "hasMore": False}
        return workers(request)

    with service(answer, batch=2) as client:
        found = list(client.read([Person(str(number), None) for number in range(1, 7)], TODAY))
    assert {one.row["Manager"] for one in found} == {"n9"}
    assert nested == ["workRelationships.assignments.AssignmentNumber='E100'"]


def test_a_service_that_finds_nobody_by_assignment_costs_a_few_calls_and_the_manager_is_left_out() -> None:
    workers = Workers(6)
    for one in workers.items:
        manager = {
            "ManagerType": "LINE_MANAGER",
            "ManagerAssignmentId": 990 + one["PersonId"],
            "ManagerAssignmentNumber": "X",
        }
        one["workRelationships"][0]["assignments"] = [assignment(managers=[manager])]

    def answer(request: httpx.Request) -> Answer:
        return (400, b"") if "Assignment" in request.url.params.get("q", "") else workers(request)

    with service(answer) as client:
        found = list(client.read([Person(str(number), None) for number in range(1, 7)], TODAY))
        assert client.calls["managers"] <= 12
    assert {("Manager" in one.row, one.missing) for one in found} == {(False, ("managers", "userAccounts"))}


def test_several_batches_are_under_way_at_once_and_each_worker_still_comes_once() -> None:
    with service(Workers(60), batch=4, concurrency=4) as client:
        found = list(client.read([Person(str(number), None) for number in range(1, 61)], TODAY))
    assert sorted(int(one.person.person_id or 0) for one in found) == list(range(1, 61))
    assert rules().concurrency == 1


def test_a_service_that_compares_ids_as_texts_hides_nobody() -> None:
    workers = Workers(25, cap=4)
    fits = workers.fits
    workers.fits = lambda item, q: (  # type: ignore[method-assign]
        str(item["PersonId"]) > q.partition(">")[2].strip() if ">" in q else fits(item, q)
    )
    with service(workers) as client:
        assert sorted(everybody(client)) == list(range(1, 26))


@pytest.mark.parametrize("taken", [slice(0, 0), slice(0, 1), slice(-1, None)], ids=["none", "first", "last"])
def test_a_service_that_misunderstands_or_is_found_out(taken: slice) -> None:
    workers = Workers(9)
    fits = workers.fits
    workers.fits = lambda item, q: any(fits(item, one) for one in (q.split(" or ")[taken] if " or " in q else [q]))  # type: ignore[method-assign]
    with service(workers) as client:
        found = list(client.read([Person(str(number), None) for number in range(1, 10)], TODAY))
    assert {one.outcome for one in found} == {"found"}


def test_a_service_that_misunderstands_larger_than_is_found_out() -> None:
    workers = Workers(9, cap=4)
    fits = workers.fits
    workers.fits = lambda item, q: ">" not in q and fits(item, q)  # type: ignore[method-assign]
    with service(workers) as client:
        assert sorted(everybody(client)) == list(range(1, 10))


def test_a_limit_of_499_is_kept() -> None:
    workers = Workers(9)

    def strict(request: httpx.Request) -> Answer:
        return (400, b"") if int(request.url.params.get("limit", "25")) > 499 else workers(request)

    with service(strict) as client:
        assert sorted(everybody(client)) == list(range(1, 10))
    assert len(workers.asked) <= 3


@pytest.mark.parametrize("seed", [1, 2])
def test_a_company_is_read_as_is_true_by_number_and_in_full(hcm: Site, seed: int) -> None:
    hcm.office.control("company", people=25, seed=seed, events_a_day=12, silent=0.0)
    for _ in range(4):
        hcm.office.advance(days=9)
        on = hcm.office.today
        truth = hcm.truth(on)
        with hcm.client(batch=10, limit=10) as client:
            found = {one.found_number: one for one in client.read_everybody(on)}
            again = {one.found_number: one for one in client.read(people(*truth), on)}
        assert {number: one.row for number, one in found.items() if number in truth} == truth
        assert {number: one.row for number, one in again.items()} == truth
        assert {one.row["Account Status"] for number, one in found.items() if number not in truth} <= {"False"}


@pytest.mark.parametrize("body", [b"{", b'{"items": [', b"oracle.jbo.Key"])
@pytest.mark.parametrize("full", [True, False])
def test_a_service_whose_every_answer_is_broken_is_told_and_no_worker_is_blamed(body: bytes, full: bool) -> None:
    asked = [Person(str(number), None) for number in range(200)]
    with service(lambda _: body) as client, pytest.raises(ServiceError, match="nor could any"):
        list(client.read_everybody(TODAY) if full else client.read(asked, TODAY))
