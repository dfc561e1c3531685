"""A SCIM user as the source side of a synchronization job sees it: one value for each attribute name.

Sources: RFC 7643; "inbound-provisioning-api-issues" (07/2026): of collections only the entries of type work are processed;
"inbound-provisioning-api-concepts": `manager.value` is the manager's externalId.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hcm_pipeline.expressions import Value

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
MANAGER = f"{ENTERPRISE}:manager"
WORK = "work"
NOT_VALUES = ("type", "primary")
"""The parts of an entry that say which one it is."""


@dataclass(frozen=True)
class SourceRecord:
    """The values by attribute name; a null is there as None.

    `passed_over`: attributes of entries that are not of type work; `strange`: attributes that the source directory has not.
    """

    values: Mapping[str, Value]
    passed_over: frozenset[str] = frozenset()
    strange: frozenset[str] = frozenset()

    def omits(self, name: str) -> bool:
        """Whether an attribute is left out where the object or entry that it would stand in is there."""
        return name not in self.values and parent_of(name) in {parent_of(each) for each in self.values}


def source_record(user: Mapping[str, object]) -> SourceRecord:
    """Read a SCIM user. Of each collection the first entry of type work counts."""
    values: dict[str, Value] = {}
    passed_over: set[str] = set()
    for key, value in user.items():
        if key == "schemas":
            continue
        if key == CORE and isinstance(value, dict):
            values.update(source_record(value).values)
        elif isinstance(value, list):
            _collection(values, passed_over, key, value)
        elif isinstance(value, dict):
            for name, inner in value.items():
                if key == ENTERPRISE and name == "manager":
                    values[MANAGER] = _simple(inner.get("value") if isinstance(inner, dict) else inner)
                else:
                    values[f"{key}:{name}" if key.startswith("urn:") else f"{key}.{name}"] = _simple(inner)
        else:
            values[key] = _simple(value)
    return SourceRecord(values, frozenset(passed_over))


def parent_of(name: str) -> str:
    """The object or the entry that an attribute stands in; empty for one of the user itself."""
    if name.startswith("urn:"):
        return name.rpartition(":")[0]
    return name.rpartition(".")[0]


def _collection(values: dict[str, Value], passed_over: set[str], key: str, entries: list[object]) -> None:
    if not all(isinstance(entry, dict) for entry in entries):
        values[key] = tuple(str(entry) for entry in entries if entry is not None)
        return
    taken = False
    for entry in entries:
        assert isinstance(entry, dict)
        kind = entry.get("type")
        for name, inner in entry.items():
            if name in NOT_VALUES:
                continue
            attribute = f'{key}[type eq "{kind}"].{name}'
            if kind == WORK and not taken:
                values[attribute] = _simple(inner)
            elif kind != WORK and inner is not None:
                passed_over.add(attribute)
        taken = taken or kind == WORK


def _simple(value: object) -> Value:
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, list):
        return tuple(str(each) for each in value if each is not None)
    return None
