"""Names are those of a reference that goes through workers one by one, whoever comes, and whatever is taken already."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcm_pipeline.errors import PipelineError
from hcm_pipeline.identity.allocation import GIVEN
from hcm_pipeline.identity.attributes import entered
from hcm_pipeline.warehouse import nothing
from tests.budget import examples
from tests.directory.objects import account, fill
from tests.identity.people import Ledger, profile
from tests.identity.reference import ATTRIBUTES, Books

CONTAINER = "OU=Users,DC=contoso,DC=com"
LONG = "Wolfeschlegelsteinhausen" * 3
FIRST = ["Ann", "An", "ANN", "Änn", "A", "Bo", "Jean-Luc Marie", "Олег", "太郎", "-", "💥", LONG]
LAST = [
    "Lee",
    "Lee2",
    "Lee 22",
    "Li",
    "O'Neil",
    "Lee Jr.",
    "de la Cruz-Li",
    "Щерев",
    "-",
    "Root",
    "min",
    LONG,
    LONG + "x",
    "Lee7777777",
]
ANY = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=80)
NAMES = st.tuples(st.sampled_from(FIRST) | ANY, st.sampled_from(LAST) | ANY)
HOMONYMS = st.tuples(st.sampled_from(FIRST[:5]), st.sampled_from(LAST[:3]))
PEOPLE = st.dictionaries(
    st.from_regex("[0-9A-Z]{1,3}", fullmatch=True), NAMES | HOMONYMS | HOMONYMS, min_size=1, max_size=16
)
TEMPLATES = ["{preferred}.{last}", "{first:1}.{last}", "{first:2}{last}", "{last}", "{first:initials}{last:part2}",
             "{last:3}_{first}", "{last}{number}", "{first}.{middle}.{last}"]  # fmt: skip
RULES: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries({
    name: st.fixed_dictionaries({
        "candidates": st.lists(st.sampled_from(TEMPLATES), min_size=1, max_size=3, unique=True),
        "case": st.sampled_from(["lower", "upper", "keep"]), "keep": st.sampled_from(["", "-"]),
        "number_from": st.sampled_from([0, 1, 2, 12, 100]), "number_separator": st.sampled_from(["", ".", "-", "_"]),
    }) for name in ATTRIBUTES
}) | st.just({})  # fmt: skip
HELD = st.lists(st.tuples(
    st.sampled_from(["address", "nickname", "sam", "common_name", "ledger"]),
    st.sampled_from(["ann.lee", "Ann.Lee2", "an.lee", "a.lee", "ALee", "alee1", "alee9", "alee11", "alee50", "Ann Lee",
                     "ann lee 3", "lee", "bo.li", "ann.lee-2", "ann.lee11", "user-1", LONG[:17] + "2",
                     ("ann." + LONG)[:61] + "101"]),
), max_size=10)  # fmt: skip


def hold(ledger: Ledger, books: Books, held: list[tuple[str, str]]) -> None:
    """The directory and the ledger hold these already."""
    objects: list[dict[str, Any]] = []
    for place, (kind, name) in enumerate(dict.fromkeys(held)):
        if kind == "ledger":
            books.take("user_principal_name", f"was.{name}".replace(" ", ""), f"ledger-{place}")
            books.take("user_principal_name", name.replace(" ", ""), f"ledger-{place}")
            ledger.con.execute(
                entered("""select ? as person_number, ? as user_principal_name, ? as mail_nickname, 'imported' as status,
                    date '2026-10-01' as given_on, 'imported' as upn_rule, ? as sam_account_name, 'x' || ? as common_name,
                    'imported' as sam_rule, 'imported' as cn_rule, ? as parent_distinguished_name"""),
                [f"ledger-{place}", f"was.{name}@old.com".replace(" ", ""),
                 name.replace(" ", ""), f"was{place}", f"{place}", CONTAINER],
            )  # fmt: skip
            books.take("sam_account_name", f"was{place}", f"ledger-{place}")
            books.take("common_name", f"x{place}", f"ledger-{place}")
            continue
        attribute = {"sam": "sam_account_name", "common_name": "common_name"}.get(kind, "user_principal_name")
        books.take(attribute, name, "directory")
        objects.append({
            "address": account(None, kind="group", mail=f"{name}@Contoso.com", object_id=f"{place}"),
            "nickname": account(None, mail_nickname=name, deleted=True, object_id=f"{place}"),
            "sam": account(None, kind="computer", sam_account_name=name, object_id=f"{place}"),
            "common_name": account(None, distinguished_name=f"CN={name},{CONTAINER}", object_id=f"{place}"),
        }[kind])  # fmt: skip
    fill(ledger.con, *objects)


FEW = pytest.mark.parametrize("few", [50_000, 0], ids=["few", "many"])


@FEW
@settings(max_examples=examples(10), deadline=None)
@given(arrivals=st.lists(PEOPLE, min_size=1, max_size=3), held=HELD, rules=RULES)
def test_names_are_those_of_a_reference_that_asks_one_by_one(
    few: int, arrivals: list[dict[str, tuple[str, str]]], held: list[tuple[str, str]], rules: dict[str, Any]
) -> None:
    rules = {**rules, "common_name": {**rules["common_name"], "keep": " -"}} if rules else {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hcm_pipeline.identity.allocation.FEW", few)
        made = profile(parent_distinguished_name=CONTAINER, **rules)
        ledger, books = Ledger(made), Books(made)
        hold(ledger, books, held)
        expected: dict[str, tuple[str, str, str]] = {}
        for arrival in arrivals:
            people = [(n, *names) for n, names in arrival.items() if n not in expected]
            expected |= books.join(people)
            ledger.join(*people)
    rows = ledger.con.execute("""select person_number, user_principal_name, sam_account_name, common_name from identities
        where status = 'given'""").fetchall()
    assert {number: names for number, *names in rows} == {number: list(names) for number, names in expected.items()}


@FEW
def test_a_long_number_in_a_name_that_is_cut_for_it_is_counted_the_next_day(
    few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hcm_pipeline.identity.allocation.FEW", few)
    ledger = Ledger(profile(sam_account_name={"candidates": ["{first:1}{last}"], "number_from": 98}))
    ledger.con.execute(
        entered("""select '0' as person_number, 'x@contoso.com' as user_principal_name, 'x' as mail_nickname, 'x' as common_name,
        'imported' as status, 'imported' as upn_rule, 'awolfeschlegelste101' as sam_account_name""")
    )
    ledger.join(*((str(number), "Ann", LONG) for number in range(1, 6)))
    ledger.join(("6", "Ann", LONG))
    sams = [ledger.names()[str(number)][1].removeprefix("awolfeschlegelste") for number in range(1, 7)]
    assert sams == ["inh", "i98", "i99", "100", "102", "103"]


@FEW
def test_nothing_is_entered_when_two_would_hold_one_name(few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hcm_pipeline.identity.allocation.FEW", few)
    monkeypatch.setattr("hcm_pipeline.identity.allocation._allocate", lambda *_: nothing(GIVEN))
    ledger = Ledger(profile())
    ledger.join(("1", "Ann", "Lee"), ("2", "Bob", "Lee"))
    with pytest.raises(PipelineError, match="a name twice; nothing was given"):
        ledger.join(("3", "Ann", "Lee"))
