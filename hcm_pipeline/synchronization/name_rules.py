"""Rules of the names of attributes: custom attributes, and the misprints of the tutorial.

A rule is given what is judged and yields what is broken; `rules.RULES` says in one sentence what each asks, and its source.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher

from hcm_pipeline.synchronization.judged import Judged, Said, own

# --- names


def custom_attributes(on: Judged) -> Iterator[Said]:
    directory = next(i for i, one in enumerate(on.schema.directories) if one.name == on.people.rule.source_directory) if (
        on.people.source
    ) else 0  # fmt: skip
    for name, one in on.people.source.items():
        if not own(name):
            continue
        if one.type == "Reference" or one.multivalued:
            what = "refers to another object" if one.type == "Reference" else "has several values"
            yield (
                "error", f"directories[{directory}]", name, f"a custom attribute that {what} is not supported",
                "define it with one value, as String, Integer, Boolean or DateTime",
            )  # fmt: skip


def misprints(on: Judged) -> Iterator[Said]:
    named: dict[str, tuple[str, str]] = {}
    for name in on.people.source:
        named.setdefault(name, (f"directories of {on.people.rule.source_directory!r}", name))
    for path, one in on.mappings:
        for name in one.sources:
            named.setdefault(name, (f"{path}.source", one.target))
    for name, (path, attribute) in named.items():
        if name.lower().startswith("urn:") and re.search(r"\s", name.partition("[")[0]):
            yield (
                "error", path, attribute, f"{name}: the URN is split by a blank, as the tutorial prints it",
                f"write {re.sub(chr(92) + 's+', '', name)}",
            )  # fmt: skip
        if "COMPANYAME" in name:
            yield (
                "error", path, attribute, f"{name}: COMPANYAME is a misprint of the tutorial",
                "write the name of your own schema, the same for every custom attribute",
            )  # fmt: skip
        elif "COMPANYNAME" in name:
            yield (
                "warning", path, attribute, f"{name}: COMPANYNAME stands for your own name in the tutorial",
                "write the name of your own schema, as the payload has it",
            )  # fmt: skip
    yield from _lookalikes(named)
    for path, one in on.mappings:
        if one.target.lower() in ("displayname", "cn") and (one.direct or "").lower() == "username":
            yield (
                "error", f"{path}.source", one.target,
                "takes the user name: worksheet 2 of the tutorial calls it displayName, and people see it as a person's name",
                "map displayName",
            )  # fmt: skip


def _lookalikes(named: Mapping[str, tuple[str, str]]) -> Iterator[Said]:
    """Two own namespaces that differ by a letter or two are one and a misprint of it."""
    urns = sorted({name.rpartition(":")[0] for name in named if own(name) and "COMPANYAME" not in name})
    for i, urn in enumerate(urns):
        for other in urns[i + 1 :]:
            if urn.lower() == other.lower() or SequenceMatcher(None, urn, other).ratio() > 0.97:
                name = next(one for one in named if one.rpartition(":")[0] == other)
                yield (
                    "warning", *named[name], f"{other} and {urn} differ by a letter or two: one may be a misprint",
                    "write the name of your schema as the payload has it",
                )  # fmt: skip
