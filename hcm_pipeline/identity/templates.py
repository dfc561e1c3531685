"""Candidates of a name as SQL: templates over the spelled parts of a worker's name."""

from __future__ import annotations

from hcm_pipeline.identity.limits import Limit
from hcm_pipeline.profile.model import NAME_PARTS, PLACEHOLDER, Naming
from hcm_pipeline.warehouse import literal, quote

NAMING_PARTS = frozenset({"first", "preferred", "last"})
"""Without one of these a template still makes a name: some people have one name only."""
EDGES = "._ -'"
_WORDS = "'[ -]+'"


def fields_of(templates: tuple[str, ...]) -> set[str]:
    """Worker fields that templates take their parts from."""
    return {NAME_PARTS.get(part, part) for template in templates for part, _ in PLACEHOLDER.findall(template)}


def candidate_sql(template: str, naming: Naming, limit: Limit) -> str:
    """SQL (VARCHAR) for one candidate over columns that hold spelled parts; NULL where it makes no name of its own."""
    pieces: list[str] = []
    needed: list[str] = []
    naming_parts: list[str] = []
    position = 0
    for match in PLACEHOLDER.finditer(template):
        if template[position : match.start()]:
            pieces.append(literal(template[position : match.start()]))
        part, modifier = match.groups()
        value = _part_sql(part, modifier, naming)
        pieces.append(value)
        (naming_parts if part in NAMING_PARTS else needed).append(value)
        position = match.end()
    if template[position:]:
        pieces.append(literal(template[position:]))
    joined = " || ".join(pieces)
    lacking = " or ".join(f"{value} = ''" for value in naming_parts) or "false"
    # where a part is blank, what stood between it and the next one goes
    tidy = f"case when {lacking} then regexp_replace({joined}, '([._ -])[._ -]+', '\\1', 'g') else {joined} end"
    # a single name may come from one part only: what is left of the other must not stand for it
    nothing = [f"{value} = ''" for value in needed]
    if naming_parts:
        nothing.append("(" + " and ".join(f"{value} = ''" for value in naming_parts) + ")")
    name = f"trim(left(trim({tidy}, {literal(EDGES)}), {limit.chars}), {literal(EDGES)})"
    return f"case when {' or '.join(nothing)} then null else nullif({name}, '') end"


def numbered_sql(base: str, number: str, naming: Naming, limit: Limit) -> str:
    """SQL for `base` with `number` behind it, cut so that both are within the limit."""
    separator = naming.number_separator
    room = f"{limit.chars - len(separator)} - length({number}::varchar)"
    return f"rtrim(left({base}, {room}), {literal(EDGES)}) || {literal(separator)} || {number}::varchar"


def stem_sql(name: str, limit: Limit) -> str:
    """SQL for what the numbered forms of a name have in common, without regard to case."""
    return f"left(regexp_replace(lower({name}), '[._ -]?[0-9]+$', ''), {limit.chars - 5})"


def number_sql(name: str) -> str:
    """SQL (BIGINT) for the number behind a name, of at most six digits; NULL when there is none."""
    return f"try_cast(nullif(regexp_extract({name}, '[1-9][0-9]{{0,5}}$'), '') as bigint)"


def _part_sql(part: str, modifier: str | None, naming: Naming) -> str:
    text = quote(part)
    if modifier == "initials":
        text = f"array_to_string(list_transform(regexp_split_to_array({text}, {_WORDS}), lambda word: word[1]), '')"
    elif modifier and modifier.startswith("part"):
        text = f"coalesce(regexp_split_to_array({text}, {_WORDS})[{int(modifier[4:])}], '')"
    cased = {"lower": f"lower({text})", "upper": f"upper({text})", "keep": text}[naming.case]
    keep = naming.keep.replace("-", "") + ("-" if "-" in naming.keep else "")
    clean = f"regexp_replace({cased}, {literal(f'[^A-Za-z0-9{keep}]+')}, '', 'g')"
    return f"left({clean}, {int(modifier)})" if modifier and modifier.isdigit() else clean
