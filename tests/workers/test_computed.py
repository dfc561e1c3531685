"""An expression of the profile that fails for one worker is that worker's matter, wherever it stands."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from hcm_pipeline.flow.plan_facts import facts_of
from hcm_pipeline.flow.profiles import parse_profile
from hcm_pipeline.profile import Profile
from hcm_pipeline.targets.entra import EntraTarget
from hcm_pipeline.warehouse import Scratch, scratch

from . import few
from .driver import PROFILE, Firm, day, worker

NAMED = True
GRADE = "cast(city as integer)"
OF_NUMBER = "cast(person_number as integer)"
GONE = {"Active": "False"}
PLACES = {
    "mapping": ("[scim.mapping]\n", f"[scim.mapping]\ntitle = {{ sql = '({GRADE})::varchar' }}\n"),
    "scope": ("[identity]\n", f"[scope]\ninclude = ['coalesce({GRADE}, 1) > 0']\n[identity]\n"),
    "life": ("[identity]\n", f"[workers.life]\non_leave = '{GRADE} > 5'\n[identity]\n"),
    "zones": ("[identity]\n", f"[[workers.life.zones]]\nwhen = '{GRADE} > 5'\nzone = 'Asia/Tokyo'\n[identity]\n"),
    "domains": ("[scim.mapping]\n", f"[[identity.domains]]\nwhen = '{GRADE} > 5'\ndomain = 'b.example'\n[scim.mapping]\n"),
    "placement": (
        "[scim.mapping]\n", f"[[identity.placement]]\nwhen = '{GRADE} > 5'\ncontainer = 'OU=B,DC=a'\n[scim.mapping]\n",
    ),
    "division": ("[scim.mapping]\n", "[scim.mapping]\ntitle = { sql = \"strptime(city, '%d')::varchar\" }\n"),
}  # fmt: skip


@cache
def profile(place: str) -> Profile:
    """The firm's profile with an expression that wants a number in the city."""
    return parse_profile(PROFILE.replace(*PLACES[place]), "firm.toml").profile


@pytest.mark.parametrize("place", PLACES)
def test_the_cells_that_an_expression_reads_are_held_back_and_the_rest_of_the_row_counts(
    t: Scratch, place: str
) -> None:
    rows = [worker(1, City="Rome", Department="B"), worker(2, City="7"), worker(3, City="Rome", **GONE), worker(4)]
    known = few.people(1, 3, city="7", department="A")
    found = few.judged(t, profile(place), rows, known)
    assert few.reasons(t, found) == [(2, "expression", "City"), (4, "expression", "City")]
    assert few.accepted(t, profile(place), found, "department, city, active") == {
        "1": ("B", "7", True), "2": (None, "7", True), "3": (None, "7", False), "4": (None, None, True),
    }  # fmt: skip
    [(told,)] = t.rows(f"select distinct unnest(violations).value_class from {found.quarantined}")
    assert told.startswith("letters (4): ")
    assert told.endswith(" cannot be computed")
    assert "Rome" not in told


@pytest.mark.parametrize("place", PLACES)
def test_a_day_goes_on_whatever_an_expression_does(tmp_path: Path, place: str) -> None:
    firm = Firm(tmp_path, PROFILE.replace(*PLACES[place]))
    [counts] = [firm.take([worker(1, City="7"), worker(2, City="Rome"), worker(3, City="8")], day(1))]
    assert counts.stopped is None
    assert {"1", "3"} <= firm.snapshot().keys()


def planned(firm: Firm) -> tuple[set[str], set[tuple[str, str]], dict[str, bool]]:
    """Person numbers of the versions, who waits and why, and who is in scope."""
    target = EntraTarget("t", profile=firm.loaded.profile)
    with firm.warehouse.write() as con, scratch(con) as t:
        facts = facts_of(t, firm.loaded.profile)
        assert facts is not None
        nobody = t.empty("nobody", {"person_number": "VARCHAR", "basis": "UUID"})
        found = target.desired(t, facts.sources, nobody, nobody)
        versions = {number for (number,) in t.rows(f"select person_number from {found.versions}")}
        waiting = set(t.rows(f"from {found.waiting}")) if found.waiting else set()
        return versions, waiting, dict(t.rows(f"select person_number, in_scope from {facts.sources['workers']}"))


def test_a_worker_of_whom_a_value_cannot_be_computed_waits_and_leaves_all_the_same(tmp_path: Path) -> None:
    firm = Firm(
        tmp_path, PROFILE.replace("[scim.mapping]\n", f"[scim.mapping]\ntitle = {{ sql = '({OF_NUMBER})::varchar' }}\n")
    )
    firm.take([worker("A1"), worker("2"), worker("A3", **GONE)], day(1))
    versions, waiting, _ = planned(firm)
    assert versions == {"2", "A3"}
    assert waiting == {("A1", "title cannot be computed"), ("A3", "title cannot be computed")}


@pytest.mark.parametrize(
    ("section", "key"),
    [
        (f"[workers.life]\non_leave = '{OF_NUMBER} > 5'\n", "on_leave"),
        (
            "[workers.life]\nerased = \"cast(strftime(hire_date, '%b') as integer) > 5 and person_number > 'A'\"\n",
            "erased",
        ),
        (f"[[workers.life.zones]]\nwhen = '{OF_NUMBER} > 5'\nzone = 'Asia/Tokyo'\n", "zones[0].when"),
    ],
    ids=["on_leave", "erased", "zones"],
)
def test_a_worker_whose_stage_of_life_cannot_be_told_waits_with_the_conditions_name_and_leaves_all_the_same(
    tmp_path: Path, section: str, key: str
) -> None:
    firm = Firm(tmp_path, PROFILE.replace("[identity]\n", f"{section}[identity]\n"))
    hired = {"Hired": "2020-01-01"} if key == "erased" else {}
    firm.take([worker("A1", **hired), worker("2"), worker("A3", **GONE, **hired)], day(1))
    versions, waiting, _ = planned(firm)
    said = f"workers.life.{key} cannot be computed"
    assert versions == {"2", "A3"}
    assert waiting == {("A1", said), ("A3", said)}


def test_whoever_has_an_account_keeps_it_while_nobody_can_tell_whether_they_are_in_scope(tmp_path: Path) -> None:
    firm = Firm(tmp_path, PROFILE.replace("[identity]\n", f"[scope]\ninclude = ['{OF_NUMBER} > 1']\n[identity]\n"))
    firm.take([worker("A1"), worker("2"), worker("A3"), worker("1")], day(1))
    firm.sql(
        """insert into versions by name select 't' as target, 'A3' as person_number, uuid() as digest, 1 as plan_no,
        0 as position, 'create' as kind, true as is_delivered, 1 as request_no, 1 as op_no"""
    )
    assert planned(firm)[2] == {"A1": False, "2": True, "A3": True, "1": False}


def test_a_newcomer_whose_names_cannot_be_judged_waits_and_an_account_stays_where_it_is(tmp_path: Path) -> None:
    dn = "[identity]\nparent_distinguished_name = 'OU=A,DC=a'\n"
    rule = f"[[identity.placement]]\nwhen = '{OF_NUMBER} > 1'\ncontainer = 'OU=B,DC=a'\n[scim.mapping]\n"
    before = PROFILE.replace("[identity]\n", dn)
    firm = Firm(tmp_path, before)
    firm.take([worker("A1"), worker("2")], day(1))
    firm.loaded = parse_profile(before.replace("[scim.mapping]\n", rule), "firm.toml")
    firm.take([worker("A1"), worker("2"), worker("A3")], day(2))
    assert firm.sql("select person_number, parent_distinguished_name from identities order by 1") == [
        ("2", "OU=B,DC=a"), ("A1", "OU=A,DC=a"),
    ]  # fmt: skip


def test_a_number_that_json_does_not_have_is_no_value(tmp_path: Path) -> None:
    mapped = "[scim.mapping]\n'{custom}:Ratio' = { sql = '1.0::double / length(last_name)::double' }\n"
    infinite = mapped.replace("length(last_name)", "(length(last_name) - 5)")
    for text, versions in ((mapped, {"2", "23"}), (infinite, {"2"})):
        firm = Firm(tmp_path / str(len(versions)), PROFILE.replace("[scim.mapping]\n", text))
        firm.take([worker("2"), worker("23")], day(1))
        assert planned(firm)[0] == versions
