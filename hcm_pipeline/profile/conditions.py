"""A profile's conditions over worker fields, judged as SQL before anything runs them."""

from __future__ import annotations

from collections.abc import Iterator

from hcm_pipeline.errors import ProfileFault
from hcm_pipeline.profile.model import Profile
from hcm_pipeline.profile.own_expressions import conditions_of
from hcm_pipeline.profile.scope import clause_sql
from hcm_pipeline.profile.worker_fields import LIFE_COLUMNS
from hcm_pipeline.warehouse import DUCKDB_TYPES, type_of


def condition_faults(profile: Profile) -> Iterator[ProfileFault]:
    """Every condition that is no SQL expression over the profile's fields, or is not true or false."""
    facts = {name: DUCKDB_TYPES[kind] for name, kind in profile.types.items()}
    fields = {**facts, **{name: DUCKDB_TYPES[kind] for name, kind in LIFE_COLUMNS.items()}}
    conditions = [(one.key, one.sql, facts if one.of_facts else fields) for one in conditions_of(profile)]
    for i, group in enumerate(profile.scope.groups):
        for j, clause in enumerate(group.clauses):
            where = f"scope.groups[{i}].clauses[{j}]"
            try:
                conditions.append((where, clause_sql(profile, clause), fields))
            except ValueError as error:
                yield ProfileFault(where, repr(clause.operator), str(error))
    for where, condition, columns in conditions:
        try:
            kind = type_of(condition, columns)
        except ValueError as error:
            yield ProfileFault(where, repr(condition), str(error))
            continue
        if kind != "BOOLEAN":
            yield ProfileFault(where, repr(condition), f"must be true or false, and is {kind}")
