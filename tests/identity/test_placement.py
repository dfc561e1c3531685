"""Containers: by rules, by date, validated, moved into and remembered."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from hcm_pipeline.directory import canonical, key_sql
from hcm_pipeline.errors import GuardStop
from hcm_pipeline.identity import find_moves
from hcm_pipeline.identity.placement import place_findings
from hcm_pipeline.warehouse import first, memory, scratch
from tests.directory.objects import account, fill
from tests.identity.people import FIRST, Ledger, Years, entered_names, profile

USERS, DALLAS, LEFT, ARCHIVE = (f"OU={name},DC=x" for name in ("Users", "Dallas", "Left", "Archive"))
LEES = {"when": "last_name = 'Lee'", "container": DALLAS}


def rules(**more: Any) -> Any:
    """Users by default, those of the name Lee in Dallas."""
    return profile(**{"parent_distinguished_name": USERS, "placement": [LEES], **more})


def where(years: Years) -> dict[str, tuple[str, str, str]]:
    """Person number to container, common name and the rule that decided."""
    rows = years.con.execute("select person_number, parent_distinguished_name, common_name, placed_by from identities")
    return {number: (container, name, rule) for number, container, name, rule in rows.fetchall()}


def before(years: Years) -> list[tuple[Any, ...]]:
    """Every former place, in the order of time."""
    return years.con.execute("""select person_number, parent_distinguished_name, common_name, until, cause
        from former_places order by until, person_number""").fetchall()


def on(number: int) -> dt.date:
    """The date of a day of `Years`."""
    return FIRST + dt.timedelta(days=number)


def test_who_fits_another_rule_moves_and_the_former_place_is_remembered() -> None:
    years = Years(rules())
    years.day(0, ("1", "Ann", "Lee", True), ("2", "Bo", "Li", True))
    assert where(years) == {"1": (DALLAS, "Ann Lee", "placement 1"), "2": (USERS, "Bo Li", "default")}
    assert years.day(1, ("1", "Ann", "Li", True)) == 0
    assert where(years)["1"] == (USERS, "Ann Lee", "default")
    assert before(years) == [("1", DALLAS, "Ann Lee", on(1), "worker")]


def test_who_moves_to_where_somebody_has_their_common_name_gets_the_next_candidate_there() -> None:
    years = Years(rules())
    years.day(0, ("1", "Ann", "Lee", True), ("2", "Ann", "Li", True), ("3", "Ann", "Lee", True))
    assert [where(years)[n][1] for n in "13"] == ["Ann Lee", "Ann Lee 2"]
    years.con.execute("update identities set common_name = 'ann LEE' where person_number = '2'")
    assert years.day(1, ("1", "Ann", "Li", True)) == 1
    assert where(years)["1"] == (USERS, "Ann Li", "default")
    assert before(years) == [("1", DALLAS, "Ann Lee", on(1), "worker")]
    assert years.names()["1"] == ("ann.lee@contoso.com", "alee")
    tried = [(t.name, t.held_by) for t in years.explain("1") if t.attribute == "common_name"]
    assert tried == [("Ann Li", "this worker")]


def test_of_several_who_bring_one_common_name_the_first_by_person_number_keeps_it() -> None:
    places = {"Lee": "OU=A,DC=x", "LEE": "OU=B,DC=x", "Li": "OU=C,DC=x"}
    years = Years(
        profile(placement=[{"when": f"last_name = '{n}'", "container": place} for n, place in places.items()])
    )
    years.day(0, ("1", "Ann", "Lee", True), ("2", "Ann", "LEE", True))
    years.day(1, ("2", "Ann", "Li", True), ("1", "Ann", "Li", True))
    assert {number: place[:2] for number, place in where(years).items()} == {
        "1": ("OU=C,DC=x", "Ann Lee"), "2": ("OU=C,DC=x", "Ann Li")}  # fmt: skip


def test_two_who_change_places_keep_their_common_names() -> None:
    years = Years(rules())
    years.day(0, ("1", "Ann", "Lee", True), ("2", "Ann", "Li", True))
    years.con.execute("update identities set common_name = 'Ann Lee'")
    assert years.day(1, ("1", "Ann", "Li", True), ("2", "Ann", "Lee", True)) == 0
    assert where(years) == {"1": (USERS, "Ann Lee", "default"), "2": (DALLAS, "Ann Lee", "placement 1")}


def test_leavers_move_by_date_to_the_container_of_most_days_and_back_when_they_return() -> None:
    leavers = [{"container": LEFT}, {"container": ARCHIVE, "days": 30}]
    years = Years(rules(leavers=leavers))
    years.day(0, ("1", "Ann", "Lee", True))
    years.day(1, ("1", "Ann", "Lee", False))
    assert where(years)["1"] == (LEFT, "Ann Lee", "leavers 1")
    years.day(20, ("1", "Ann", "Leigh", False))
    years.day(30)
    assert where(years)["1"][0] == LEFT, "another change of a leaver is no other last day"
    years.day(31)
    assert where(years)["1"] == (ARCHIVE, "Ann Lee", "leavers 2")
    years.day(40, ("1", "Ann", "Lee", True))
    assert where(years)["1"] == (DALLAS, "Ann Lee", "placement 1")
    assert [(place[1], place[4]) for place in before(years)] == [
        (DALLAS, "worker"), (LEFT, "date"), (ARCHIVE, "worker")]  # fmt: skip


def test_the_last_day_is_the_termination_date_where_there_is_one() -> None:
    years = Years(rules(leavers=[{"container": LEFT, "days": 1}]))
    years.fields["termination_date"] = dt.date(2026, 11, 10)
    years.day(0, ("1", "Ann", "Lee", False))
    years.day(9)
    assert where(years)["1"][0] == DALLAS
    years.day(10)
    assert where(years)["1"][0] == LEFT


def test_a_leaver_who_never_was_seen_active_left_when_first_seen() -> None:
    years = Years(rules(leavers=[{"container": LEFT, "days": 2}]))
    years.day(0, ("1", "Ann", "Lee", False))
    years.day(1, ("1", "Ann", "Leigh", False))
    assert where(years)["1"][0] == USERS
    years.day(2)
    assert where(years)["1"][0] == LEFT


def test_a_changed_rule_is_the_cause_of_a_move_and_a_changed_worker_of_theirs() -> None:
    years = Years(rules())
    years.day(0, ("1", "Ann", "Lee", True), ("2", "Bo", "Lee", True))
    years.profile = rules(placement=[{"when": "last_name = 'Lee'", "container": "OU=Austin,DC=x"}])
    years.day(1)
    assert [(place[0], place[4]) for place in before(years)] == [("1", "rules"), ("2", "rules")]
    years.profile = rules(placement=[{"when": "last_name = 'Lee'", "container": "OU=Austin,DC=x"},
                                     {"when": "last_name = 'Gray'", "container": DALLAS}])  # fmt: skip
    years.day(2, ("1", "Ann", "Gray", True))
    assert [(place[0], place[4]) for place in before(years)][2:] == [("1", "worker")]


def test_a_container_that_is_only_spelled_differently_is_no_move_but_another_rule_is_told() -> None:
    years = Years(rules())
    years.day(0, ("1", "Ann", "Lee", True))
    years.profile = rules(
        placement=[{"when": "false", "container": USERS}, {"when": "last_name = 'Lee'", "container": "ou=dallas, dc=x"}]
    )
    years.day(1)
    assert where(years)["1"] == (DALLAS, "Ann Lee", "placement 2")
    assert before(years) == []


def test_a_rule_that_puts_nobody_anywhere_moves_nobody() -> None:
    years = Years(rules())
    years.day(0, ("1", "Ann", "Lee", True))
    years.profile = profile(placement=[{"when": "last_name = 'Nobody'", "container": USERS}])
    years.day(1, ("1", "Ann", "Li", True))
    assert where(years)["1"][0] == DALLAS


def test_days_before_a_move_processed_anew_move_nobody_back() -> None:
    years = Years(rules(leavers=[{"container": LEFT, "days": 1}]))
    story = [
        [("1", "Ann", "Lee", True), ("2", "Ann", "Li", True)],
        [("1", "Ann", "Li", True)],
        [("2", "Ann", "Li", False)],
        [],
    ]
    for _ in range(2):
        for number, people in enumerate(story):
            years.day(number, *people)
        found = (where(years), before(years))
    assert found == (where(years), before(years))
    assert before(years) == [("1", DALLAS, "Ann Lee", on(1), "worker"), ("2", USERS, "Ann Li", on(3), "date")]


ADOPTED = "CN=Ann Lee,OU=Legacy,DC=x"


@pytest.mark.parametrize(("policy", "container"), [("keep", "OU=Legacy,DC=x"), ("move", DALLAS)])
def test_an_adopted_account_stays_where_it_was_found_unless_the_profile_says_so(policy: str, container: str) -> None:
    years = Years(rules(placement_of_adopted=policy, rename="follow"))
    fill(
        years.con,
        account("annie@contoso.com", employee_id="1", distinguished_name=ADOPTED),
        account("bo@contoso.com", employee_id="2"),
    )
    years.day(0, ("1", "Ann", "Lee", True), ("2", "Bo", "Lee", True))
    assert where(years)["1"] == ("OU=Legacy,DC=x", "Ann Lee", "account")
    assert where(years)["2"] == (DALLAS, "Bo Lee", "placement 1"), "of which no container is known, the rules say where"
    years.day(1)
    assert where(years)["1"][0] == container
    years.day(2, ("1", "Ann", "Gray", True))
    assert years.upn("1") == "ann.gray"
    assert where(years)["1"][0] == (container if policy == "keep" else USERS)


def containers(*names: str) -> list[dict[str, Any]]:
    """The containers that a directory tells."""
    return [{"object_id": name, "kind": "container", "deleted": False, "distinguished_name": name} for name in names]


def test_a_rule_with_a_container_that_the_directory_does_not_have_stops_the_day_by_the_rules_name() -> None:
    years = Years(rules())
    fill(years.con, *containers("ou=users,dc=X"), directory="ad")
    years.day(0, ("1", "Bo", "Li", True))
    with pytest.raises(GuardStop, match=r"identity\.placement\[0\]\.container is OU=Dallas,DC=x, .* 1 worker would"):
        years.day(1, ("2", "Ann", "Lee", True))
    with pytest.raises(GuardStop, match=r"identity\.placement\[0\]\.container"):
        years.day(1, ("1", "Bo", "Lee", True))
    fill(years.con, *containers(USERS, "OU=Dallas , DC=x"), directory="ad")
    years.day(1, ("1", "Bo", "Lee", True))
    assert where(years)["1"][0] == DALLAS


def test_the_findings_count_those_who_would_be_put_into_a_container_that_is_not_there() -> None:
    ledger = Years(rules())
    fill(ledger.con, *containers(USERS), directory="ad")
    entered_names(ledger.con, ("3", "given", "cy"))
    columns = {"person_number": "varchar", "placed_by": "varchar"}
    with scratch(ledger.con) as t:
        moving = t.of_rows("moving", columns, [("3", "placement 1"), ("4", "default")])
        newcomers = t.of_rows("newcomers", columns, [("1", "placement 1"), ("2", "default"), ("3", "placement 1")])
        [finding] = place_findings(t, ledger.profile, FIRST, moving, newcomers)
        assert place_findings(t, rules(placement=[]), FIRST, moving, newcomers) == []
    assert finding.rule == "unknown_container"
    assert finding.sentence == (
        "identity.placement[0].container is OU=Dallas,DC=x, which the directory does not have; 2 workers would be put there"
    )


def test_everybody_in_scope_who_is_elsewhere_moves_and_nobody_else() -> None:
    ledger = Ledger(rules())
    entered_names(ledger.con, *((number, "given", f"name{number}") for number in "123"), ("4", "released", "gone"))
    ledger.con.execute("update identities set placed_by = 'default', parent_distinguished_name = ?", [USERS])
    for number, last in (("1", "Lee"), ("2", "Li"), ("4", "Lee"), ("5", "Lee")):
        ledger.add((number, "Ann", last))
    with ledger.workforce() as (t, people):
        found = find_moves(t, ledger.profile, people)
        assert t.rows(f"from {found.moving}") == [("1", USERS, DALLAS, "placement 1", "rules")]
        assert t.count(found.relabelled) == 0
        nowhere = find_moves(t, profile(), people)
        assert (t.count(nowhere.moving), nowhere.moving.columns) == (0, found.moving.columns)


def test_a_directory_that_tells_no_containers_stops_nobody() -> None:
    years = Years(rules())
    fill(years.con, account("x@contoso.com"))
    years.day(0, ("1", "Ann", "Lee", True))
    assert where(years)["1"][0] == DALLAS


@pytest.mark.parametrize(
    ("spelled", "name"),
    [
        (r"ou = Smith\2C John , dc=x", r"OU=Smith\, John,DC=x"),
        (r"OU=\C3\A9t\C3\A9,DC=x", "OU=été,DC=x"),
        (r"OU=a\ ,DC=x", r"OU=a\ ,DC=x"),
        (r"OU=a\\,DC=x", r"OU=a\\,DC=x"),
        (r"CN=\#1,DC=x", r"CN=\#1,DC=x"),
    ],
)
def test_a_distinguished_name_has_one_spelling(spelled: str, name: str) -> None:
    assert canonical(spelled) == name == canonical(name)


@pytest.mark.parametrize("text", ["", "Users", "OU=", "OU=a,", "OU=a,,DC=x", r"OU=a\\,"])
def test_what_is_no_distinguished_name_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="RFC 4514"):
        canonical(text)


def test_distinguished_names_are_compared_without_case_and_spaces_around_separators_alone() -> None:
    names = (r"ou=A\, B , dc = x", r"OU=a\, b,DC=X", r"OU=a\,b,DC=X")
    with memory() as con:
        keys = first(con, f"select {', '.join(key_sql('?::varchar') for _ in names)}", names) or ()
    assert [one == keys[1] for one in keys] == [True, True, False]
