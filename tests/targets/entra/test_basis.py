"""A worker with the basis that was delivered is not looked at again, and nothing is lost by it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from hcm_pipeline.delivery.plan.fitting import fit
from hcm_pipeline.delivery.target import digest_sql, names_of
from hcm_pipeline.flow.profiles import load_profile
from hcm_pipeline.profile import IDENTITY_COLUMNS, LIFE_COLUMNS
from hcm_pipeline.targets.entra import EntraTarget, basis
from hcm_pipeline.warehouse import DUCKDB_TYPES, Relation, Scratch, first, literal, memory, quote, scratch
from tests.budget import examples

ORACLE = load_profile("oracle-hcm").profile
DEPARTMENT = next(column for column in ORACLE.scim.mapping if column.endswith("department"))
SHORTER = ORACLE.model_copy(
    update={"delivery": ORACLE.delivery.model_copy(update={"longest": {DEPARTMENT: 10}})}
)  # fmt: skip
TARGET, STRICTER = (EntraTarget("principal/job", profile=profile) for profile in (ORACLE, SHORTER))
FIELDS = {"person_number": "VARCHAR", "digest": "UUID", "in_scope": "BOOLEAN", "status_active": "BOOLEAN", "life_stage": "VARCHAR",
          **{name: DUCKDB_TYPES[kind] for name, kind in ORACLE.types.items()}}  # fmt: skip
NAMES = {"person_number": "VARCHAR", **dict.fromkeys((*IDENTITY_COLUMNS, "proxy_addresses"), "VARCHAR")}


@dataclass(frozen=True)
class Worker:
    """One worker of a day, or nobody (`there` False)."""

    there: bool
    department: str
    active: bool
    in_scope: bool
    manager: str | None
    held_back: bool
    user_name: str


WORKERS = st.builds(
    Worker, st.booleans(), st.sampled_from(["Sales", "Research and trade", "D" * 65, " "]), st.booleans(), st.booleans(),
    st.sampled_from([None, "1", "2"]), st.booleans(), st.sampled_from(["a@x.org", "b@x.org", "nobody"]),
)  # fmt: skip
DAY = st.lists(WORKERS, min_size=4, max_size=4)


def facts_of(t: Scratch, day: list[Worker]) -> dict[str, Relation]:
    people = [(str(number), one) for number, one in enumerate(day) if one.there]

    def row(number: str, one: Worker) -> list[Any]:
        told = {"person_number": number, "first_name": "Ida", "last_name": "Berg", "department": one.department,
                "manager": one.manager}  # fmt: skip
        digest = uuid.uuid5(uuid.NAMESPACE_OID, repr(sorted(map(str, told.items()))))
        made = {"digest": digest, "in_scope": one.in_scope, "active": one.active, "status_active": one.active,
                "life_stage": "active" if one.active else "left"}  # fmt: skip
        return [{**told, **made}.get(name) for name in FIELDS]

    names = [[number, *[one.user_name] * (len(NAMES) - 1)] for number, one in people]
    return {
        "workers": t.of_rows("workers", FIELDS, [row(*each) for each in people]),
        "names": t.of_rows("names", NAMES, names),
        "without_manager": t.of_rows(
            "without_manager", {"person_number": "VARCHAR"}, [(number,) for number, one in people if one.held_back]
        ),
    }


def sent(
    t: Scratch, target: EntraTarget, facts: dict[str, Relation], ever: Relation, same: Relation, has: Relation
) -> tuple[Relation, set[tuple[Any, ...]]]:
    """The versions that the target does not have, with their basis, and what was found of the values."""
    found = target.desired(t, facts, ever, same)
    fitted = fit(t, found.versions, found.breaches, found.waiting, has)
    versions = t.make(
        "versions",
        f"""select * from (select *, {digest_sql(target)} as digest from {fitted.versions})
        where (person_number, digest) not in (select person_number, digest from {has})""",
    )
    findings = {tuple(map(str, row)) for row in t.rows(f"from {fitted.findings}")} if fitted.findings else set()
    return versions, findings


@settings(max_examples=examples(10), deadline=None)
@given(before=DAY, after=DAY, other_rules=st.booleans(), in_groups=st.booleans())
def test_a_plan_of_those_whose_basis_is_another_is_the_plan_of_everybody(
    before: list[Worker], after: list[Worker], other_rules: bool, in_groups: bool
) -> None:
    then = STRICTER if other_rules else TARGET
    least = 0 if in_groups else basis.GROUPED_FROM
    with memory() as con, scratch(con) as t, patch.object(basis, "GROUPED_FROM", least):
        columns = {
            **dict.fromkeys(names_of(TARGET), "VARCHAR"),
            "person_number": "VARCHAR",
            "basis": "UUID",
            "digest": "UUID",
        }
        nobody = t.empty("nobody", columns)
        has, _ = sent(t, TARGET, facts_of(t, before), nobody, nobody, nobody)
        same = t.view("same", f"select person_number, basis from {has}")
        facts = facts_of(t, [*after[:2], *before[2:]])  # some stay as they were
        shortened, found = sent(t, then, facts, has, same, has)
        everybody, findings = sent(t, then, facts, has, nobody, has)
        values = ", ".join(map(quote, (*columns,)))
        assert set(t.rows(f"select {values} from {shortened}")) == set(t.rows(f"select {values} from {everybody}"))
        assert found == findings
        people = (then.desired(t, facts, has, one) for one in (same, nobody))
        assert len({t.count(one.everybody) + one.settled for one in people}) == 1


def test_a_group_in_which_two_people_swap_what_they_have_does_not_come_to_the_same() -> None:
    made_of = basis.Basis.of(ORACLE, TARGET.mapping, ())
    columns = ["active", *LIFE_COLUMNS, "manager", *IDENTITY_COLUMNS]
    with memory() as con:

        def comes_to(ann: dict[str, str], bob: dict[str, str]) -> object:
            rows = ", ".join(f"({', '.join(map(literal, one.values()))}, uuid())" for one in (ann, bob))
            people = f"(values {rows}) people({', '.join(ann)}, digest)"
            return first(
                con, f"select bit_xor(xor({made_of.worker}, digest::uhugeint)), bit_xor({made_of.names}) from {people}"
            )

        ann, bob = ({"person_number": who, **{name: f"{who} {name}" for name in columns}} for who in "ab")
        usual = comes_to(ann, bob)
        assert usual == comes_to(bob, ann)
        for name in columns:
            assert usual != comes_to({**ann, name: bob[name]}, {**bob, name: ann[name]}), name


def test_a_worker_who_is_delivered_as_desired_is_not_rendered_again() -> None:
    day = [Worker(True, "Sales", True, True, None, False, "a@x.org")] * 3
    with memory() as con, scratch(con) as t:
        nobody = t.empty("nobody", {"person_number": "VARCHAR", "basis": "UUID"})
        versions = TARGET.desired(t, facts_of(t, day), nobody, nobody).versions
        same = t.make("same", f"select person_number, basis from {versions} where person_number <> '1'")
        again = TARGET.desired(t, facts_of(t, day), nobody, same).versions
        assert t.rows(f"select person_number from {again}") == [("1",)]
