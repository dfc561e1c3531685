"""Candidates of a name as SQL: templates over the spelled parts of a worker's name."""

from __future__ import annotations

from hcm_pipeline.directory import EDGES, Limit, folded_sql
from hcm_pipeline.profile import NAME_PARTS, PLACEHOLDER, Naming
from hcm_pipeline.warehouse import literal, quote

NAMING_PARTS = frozenset({"first", "preferred", "last"})
"""Without one of these a template still makes a name: some people have one name only."""
_EDGES = literal(EDGES)
_WORDS = "'[ -]+'"
_NUMBERS = "'([._ -]?[0-9]+)+$'"


def fields_of(templates: tuple[str, ...]) -> set[str]:
    """Worker fields that templates take their parts from."""
    return {NAME_PARTS.get(part, part) for template in templates for part, _ in PLACEHOLDER.findall(template)}


def pieces_of(templates: tuple[str, ...]) -> list[tuple[str, str]]:
    """The pieces between braces, each once, in order: the part and its modifier."""
    return list(dict.fromkeys(found for template in templates for found in PLACEHOLDER.findall(template)))


def parts_in(template: str) -> list[str]:
    """The parts that a template is made of, each once."""
    return list(dict.fromkeys(part for part, _ in PLACEHOLDER.findall(template)))


def piece_sql(part: str, modifier: str, naming: Naming) -> str:
    """SQL (VARCHAR, never NULL) for a piece of a candidate, over the column of a spelled part."""
    text = quote(part)
    if modifier == "initials":
        text = f"array_to_string(list_transform(regexp_split_to_array({text}, {_WORDS}), lambda word: word[1]), '')"
    elif modifier.startswith("part"):
        text = f"coalesce(regexp_split_to_array({text}, {_WORDS})[{int(modifier[4:])}], '')"
    # a spelled part holds nothing else that could have to go
    for character in " .'-":
        if character not in naming.keep:
            text = f"replace({text}, {literal(character)}, '')"
    text = {"lower": f"lower({text})", "upper": f"upper({text})", "keep": text}[naming.case]
    if not modifier.isdigit():
        return text
    # somebody's only name stands whole: s is no name for Suharto
    other = {"first": "last", "preferred": "last", "last": "preferred"}.get(part)
    short = f"left({text}, {int(modifier)})"
    return f"case when {quote(other)} = '' then {text} else {short} end" if other else short


def candidate_sql(template: str, columns: dict[tuple[str, str], str], limit: Limit) -> str:
    """SQL (VARCHAR) for one candidate over the columns of its pieces; NULL where it makes no name of its own."""
    joined: list[str] = []
    lengths: list[str] = []
    needed: list[str] = []
    naming_parts: list[str] = []
    position, last = 0, ""
    for match in PLACEHOLDER.finditer(template):
        if template[position : match.start()]:
            joined.append(literal(template[position : match.start()]))
        part, modifier = match.groups(default="")
        last = columns[part, modifier]
        joined.append(last)
        lengths.append(f"strlen({last})")
        (naming_parts if part in NAMING_PARTS else needed).append(f"{last} = ''")
        position = match.end()
    if template[position:]:
        last = literal(template[position:])
        joined.append(last)
    text = " || ".join(joined)
    # told without joining them: nearly all names are neither cut nor trimmed
    length = " + ".join([*lengths, str(len(PLACEHOLDER.sub("", template).encode()))])
    lacking = " or ".join(naming_parts) or "false"
    # where a part is blank, what stood between it and the next one goes; trimming is dear, and mostly for nothing
    tidy = f"regexp_replace({text}, '([._ -])[._ -]+', '\\1', 'g')"
    whole = f"case when {lacking} then {tidy} else {text} end"
    cut = f"trim(left(trim({whole}, {_EDGES}), {limit.chars}), {_EDGES})"
    ragged = f"{lacking} or {length} > {limit.chars} or contains({_EDGES}, right({last}, 1))"
    nothing = [*needed, *([f"({' and '.join(naming_parts)})"] if naming_parts else [])]
    return f"case when {' or '.join(nothing)} then null when {ragged} then nullif({cut}, '') else {text} end"


def numbered_sql(base: str, number: str, naming: Naming, limit: Limit) -> str:
    """SQL for `base` with `number` behind it, cut so that both are within the limit."""
    separator = naming.number_separator
    room = f"{limit.chars - len(separator)} - length({number}::varchar)"
    return f"rtrim(left({base}, {room}), {_EDGES}) || {literal(separator)} || {number}::varchar"


def stem_sql(name: str, limit: Limit, *, folded: bool = False) -> str:
    """SQL for what the numbered forms of a name have in common, as names are compared. `folded`: it has that form already."""
    if not folded:
        return f"left(regexp_replace({folded_sql(name)}, {_NUMBERS}, ''), {limit.chars - 5})"
    numbered = f"{name}[-1] between '0' and '9'"  # few are, and replacing is dear
    return f"left(case when {numbered} then regexp_replace({name}, {_NUMBERS}, '') else {name} end, {limit.chars - 5})"


def number_sql(name: str) -> str:
    """SQL (BIGINT) for the number behind a name, of at most six digits; NULL when there is none."""
    return f"try_cast(nullif(regexp_extract({name}, '[1-9][0-9]{{0,5}}$'), '') as bigint)"
