"""Worksheet 2 as SQL: a profile's mapping compiled into one SELECT whose rows are SCIM users.

DuckDB renders the JSON itself: the shape of a user is constant, so a row is constants and one token for each mapped value,
joined. That is the fastest way there is (no Python object per worker), and the bytes depend on the values alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import orjson

from hcm_pipeline.errors import ProfileFault
from hcm_pipeline.profile import LEDGER_COLUMNS, LIFE_COLUMNS, Mapped, Profile
from hcm_pipeline.targets.entra.scim_schema import CORE, ENTERPRISE, Path, parse_path
from hcm_pipeline.warehouse import DUCKDB_TYPES, can_fail, literal, quote, type_of

MANDATORY = ("externalId", "userName", "active", "displayName")
"""The attributes that every operation must carry: the anchor, the name the service cannot choose, `active` (omitting it has
disabled accounts: entra-id-inbound-provisioning issue 16), and displayName, without which the Entra target creates nobody."""


@dataclass(frozen=True)
class Leaf:
    """One mapped value: where it goes, where it comes from, and how it is rendered.

    `column` names it in the warehouse (the SCIM path as the profile writes it, with URNs filled in). `value` is an SQL
    expression of type VARCHAR: the text of the value, NULL for none. `json` is its kind of JSON token.
    """

    column: str
    path: Path
    value: str
    json: str  # string | raw
    fallible: str | None
    """The expression that it is made from, where computing that may raise an error for some worker."""
    origin: str
    """The worker field, the SQL expression or the constant it comes from, for people."""

    @property
    def token(self) -> str:
        """SQL for the JSON token, given the value under its column name."""
        name = quote(self.column)
        return f"coalesce({name}, 'null')" if self.json == "raw" else f"coalesce(to_json({name})::varchar, 'null')"


@dataclass(frozen=True)
class Mapping:
    """A compiled mapping."""

    leaves: tuple[Leaf, ...]
    user_json: str
    """SQL (VARCHAR) for the whole SCIM user, over columns named like the leaves."""

    @property
    def select(self) -> str:
        """SQL select list: every leaf's value under its column name, over worker fields and identity columns."""
        return ",\n    ".join(f"{leaf.value} as {quote(leaf.column)}" for leaf in self.leaves)


def columns_of(profile: Profile) -> dict[str, str]:
    """Everything an expression may use: worker fields, stage of life, names from the ledger, the manager who may be sent."""
    fields = {name: DUCKDB_TYPES[kind] for name, kind in {**profile.types, **LIFE_COLUMNS}.items()}
    return {**fields, **dict.fromkeys((*LEDGER_COLUMNS, "manager_external_id"), "VARCHAR")}


def carriers(mapping: Mapping, column: str) -> list[Leaf]:
    """The mapped values that are made of a column of the ledger, alone or in an expression."""
    return [leaf for leaf in mapping.leaves if re.search(rf"\b{column}\b", leaf.origin)]


def mapping_faults(profile: Profile) -> list[ProfileFault]:
    """Every rule that a profile's mapping breaks."""
    faults: list[ProfileFault] = []
    seen: dict[Path, str] = {}
    for key, source in profile.scim.mapping.items():
        where = f"scim.mapping.{key}"
        try:
            path = parse_path(_fill(profile, key))
        except ValueError as error:
            faults.append(ProfileFault(where, repr(_shown(source)), str(error)))
            continue
        if path in seen:
            faults.append(ProfileFault(where, repr(_shown(source)), f"{seen[path]} already fills this place"))
        seen[path] = key
        try:
            _leaf(profile, key, path, source)
        except ValueError as error:
            faults.append(ProfileFault(where, repr(_shown(source)), str(error)))
    mapped = {path.keys for path in seen if path.urn is None}
    faults += [
        ProfileFault(f"scim.mapping.{name}", "(missing)", "every operation carries this attribute")
        for name in MANDATORY
        if (name,) not in mapped
    ]
    return faults


def _fill(profile: Profile, key: str) -> str:
    return key.replace("{custom}", profile.scim.custom_schema).replace("{enterprise}", ENTERPRISE)


def _shown(source: Mapped) -> object:
    return source.field or source.sql or source.value


def _leaf(profile: Profile, key: str, path: Path, mapped: Mapped) -> Leaf:
    columns = columns_of(profile)
    if mapped.field is not None:
        if mapped.field not in columns:
            raise ValueError(f"one of {', '.join(columns)}; or a table with sql or value")
        expression, kind, origin = quote(mapped.field), columns[mapped.field], mapped.field
    elif mapped.sql is not None:
        expression, kind, origin = f"({mapped.sql}\n)", type_of(mapped.sql, columns), f"sql: {mapped.sql}"
    else:
        expression, kind, origin = _constant(mapped.value), _constant_type(mapped.value), f"value: {mapped.value!r}"
    if path.urn is None and path.keys == ("displayName",) and kind == "VARCHAR":
        # an expression of first and last name makes nothing of somebody with one name, and nobody is created without any
        expression = f"coalesce({expression}, nullif(concat_ws(' ', first_name, last_name), ''))"
    value, json = _rendered(expression, kind, mapped)
    if path.boolean and kind != "BOOLEAN":
        raise ValueError(f"must be a boolean, and is {kind}")
    if not path.boolean and not path.free and (kind == "BOOLEAN" or json == "raw"):
        raise ValueError(f"must be text, and is {kind}")
    fallible = mapped.sql if mapped.sql is not None and can_fail(mapped.sql, columns) else None
    return Leaf(_fill(profile, key), path, value, json, fallible, origin)


def _constant(value: str | bool | int | None) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else literal(str(value))


def _constant_type(value: str | bool | int | None) -> str:
    return "BOOLEAN" if isinstance(value, bool) else "BIGINT" if isinstance(value, int) else "VARCHAR"


def _rendered(expression: str, kind: str, mapped: Mapped) -> tuple[str, str]:
    """SQL for the value as text, and its kind of JSON token. Dates become UTC time stamps (RFC 7643 section 2.3.5)."""
    if kind == "VARCHAR":
        return expression, "string"
    if (
        kind == "BOOLEAN"
        or kind.endswith("INT")
        or kind in {"INTEGER", "DOUBLE", "FLOAT"}
        or kind.startswith("DECIMAL")
    ):
        if kind in {
            "DOUBLE",
            "FLOAT",
        }:  # JSON has no infinity, and one would spoil the request of fifty: it fails like a cast
            expression = (
                f"case when isfinite({expression}) then {expression} "
                f"else (({expression})::varchar || ' is no number')::double end"
            )
        return f"({expression})::varchar", "raw"
    if kind == "DATE":
        local = f"({expression})::timestamp + interval '{mapped.time}'"
        moment = local if mapped.zone == "UTC" else f"timezone('UTC', timezone({literal(mapped.zone)}, {local}))"
        return f"strftime({moment}, '%Y-%m-%dT%H:%M:%SZ')", "string"
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"strftime(timezone('UTC', {expression}), '%Y-%m-%dT%H:%M:%SZ')", "string"
    raise ValueError(f"must be text, boolean, number or date, and is {kind}; cast it")


@lru_cache(maxsize=8)
def _compiled(text: str) -> Mapping:
    profile = Profile.model_validate_json(text)
    leaves = tuple(
        _leaf(profile, name, parse_path(_fill(profile, name)), source) for name, source in profile.scim.mapping.items()
    )
    parts = list(_object(_tree(leaves)))
    return Mapping(leaves, "concat(" + ", ".join(_merged(parts)) + ")")


def compile_mapping(profile: Profile) -> Mapping:
    """Compile a profile's mapping. The profile has been loaded, so it has no faults."""
    return _compiled(profile.model_dump_json(by_alias=True))


Tree = dict[str, "Leaf | Tree | list[Tree] | list[str] | str"]


def _tree(leaves: tuple[Leaf, ...]) -> Tree:
    """The user as nested dictionaries in the order of the mapping; `work` entries stand first in their lists."""
    urns = [leaf.path.urn for leaf in leaves if leaf.path.urn]
    schemas: list[str] = [CORE, ENTERPRISE, *dict.fromkeys(urn for urn in urns if urn != ENTERPRISE)]
    root: Tree = {"schemas": schemas}
    entries: dict[tuple[str, str], Tree] = {}
    for leaf in leaves:
        level: Tree = root
        if leaf.path.urn:
            level = root.setdefault(leaf.path.urn, {})  # type: ignore[assignment]
        if leaf.path.entry is not None:
            attribute, part = leaf.path.keys
            known = entries.get((attribute, leaf.path.entry))
            if known is None:
                known = entries[attribute, leaf.path.entry] = {"type": leaf.path.entry}
                listed: list[Tree] = root.setdefault(attribute, [])  # type: ignore[assignment]
                listed.append(known)
                listed.sort(key=lambda entry: entry["type"] != "work")
            known[part] = leaf
            continue
        for key in leaf.path.keys[:-1]:
            level = level.setdefault(key, {})  # type: ignore[assignment]
        level[leaf.path.keys[-1]] = leaf
    root.setdefault(ENTERPRISE, {})
    return root


def _object(tree: Tree) -> Iterator[str | Leaf]:
    """Constant JSON text and leaves, in order."""
    yield "{"
    for i, (key, value) in enumerate(tree.items()):
        yield ("," if i else "") + orjson.dumps(key).decode() + ":"
        if isinstance(value, Leaf):
            yield value
        elif isinstance(value, dict):
            yield from _object(value)
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            yield "["
            for j, entry in enumerate(value):
                if j:
                    yield ","
                yield from _object(entry)
            yield "]"
        else:
            yield orjson.dumps(value).decode()
    yield "}"


def _merged(parts: list[str | Leaf]) -> Iterator[str]:
    """SQL terms: neighbouring constants joined into one literal, leaves as tokens."""
    text = ""
    for part in parts:
        if isinstance(part, str):
            text += part
            continue
        yield literal(text)
        text = ""
        yield part.token
    yield literal(text)
