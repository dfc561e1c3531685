"""Names that people cannot tell from another worker's, or that are written in letters which only look like others.

A plain name costs one pattern in SQL; only the rows that are judged anew, and hold unusual letters, are looked at one by one.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from hcm_pipeline.lookalikes import DRAWN_ALIKE, DRAWN_BY_ONE, PAIRS, UNUSUAL, oddity, skeleton, skeleton_sql
from hcm_pipeline.profile import Profile
from hcm_pipeline.warehouse import Relation, Scratch, literal, quote
from hcm_pipeline.workers.batch import Batch
from hcm_pipeline.workers.normalise import name_fields

MIXED, ALIKE = "mixed_scripts", "lookalike_name"
UNUSUAL_COLUMN, PERSON_COLUMN = "unusual letters", "whole number"
"""Columns of a frame beside its fields; no worker field can have these names."""
_SHOWN = (("first_name", "last_name"), ("preferred_name", "last_name"), ("display_name",), ("username",))
"""Fields that are shown together, as the display name or a common name."""


@dataclass(frozen=True)
class Shown:
    """One text of a row that people will see, with unusual letters in `fields`, and a skeleton of ASCII."""

    extract_id: int
    row_no: int
    person_number: str
    text: str
    fields: tuple[str, ...]
    values: tuple[str, ...] = ()
    """Those of `fields`."""


def unusual_sql(profile: Profile) -> str:
    """SQL (BOOLEAN) over `n`: a text that is shown is not plain ASCII, and has letters that can be taken for others. Rows of plain
    ASCII are judged by `drawn_alike`."""
    texts = ", ".join(f"n.{quote(name)}" for name in _looked_at(profile))
    drawn = ", ".join(f"n.{quote(name)}" for name in name_fields(profile))  # user names and jobs may hold any digits
    shown = f"concat_ws(' ', {texts})"
    return f"""(case when strlen({shown}) = length({shown}) then false
        else regexp_matches({shown}, {literal(f"[{UNUSUAL}]")})
            or regexp_matches(concat_ws(' ', {drawn}), {literal(DRAWN_ALIKE)}) end)"""


def _looked_at(profile: Profile) -> list[str]:
    also = ("display_name", "username", "job_name")
    return list(dict.fromkeys((*name_fields(profile), *(name for name in also if name in profile.columns))))


def shown_together(profile: Profile) -> list[tuple[str, ...]]:
    """The fields that are shown together, as far as the profile has them. Where the first of them is blank nothing is shown, unless
    it is the first name."""
    return [fields for fields in _SHOWN if all(name in profile.columns for name in fields)]


def mixed_in(profile: Profile, rows: pa.RecordBatch) -> list[tuple[int, str, str, str]]:
    """Position among the rows, field, value class and value of every shown text whose letters are odd."""
    found = []
    for name in _looked_at(profile):
        texts = rows.column(name)
        odd = {text: how for text in pc.unique(texts).to_pylist() if text is not None and (how := oddity(text))}
        if odd:
            places = pc.indices_nonzero(pc.is_in(texts, value_set=pa.array(list(odd), texts.type)))
            for place, text in zip(places.to_pylist(), texts.take(places).to_pylist(), strict=True):
                found.append((place, name, f"{odd[text]} ({len(text)})", text))
    return found


def shown_in(profile: Profile, rows: pa.RecordBatch) -> Iterator[Shown]:
    """The texts that look like ASCII, of rows with unusual letters."""
    for fields in shown_together(profile):
        left = rows
        for name in fields:  # hardly a text of several scripts does, so that few are left to be looked at one by one
            texts = left.column(name)
            like = [text for text in pc.unique(texts).to_pylist() if text is None or skeleton(text).isascii()]
            left = left.filter(pc.is_in(texts, value_set=pa.array(like, texts.type)))
        judged: dict[tuple[str | None, ...], tuple[str, tuple[str, ...], tuple[str, ...]] | None] = {}
        columns = [left.column(name).to_pylist() for name in ("extract_id", "row_no", PERSON_COLUMN, *fields)]
        for extract_id, row_no, number, *found in zip(*columns, strict=True):
            cells = tuple(found)
            if cells not in judged:
                judged[cells] = _like_ascii(fields, cells)
            if (like_ascii := judged[cells]) is not None and number is not None:
                yield Shown(extract_id, row_no, number, *like_ascii)


def _like_ascii(
    fields: tuple[str, ...], cells: tuple[str | None, ...]
) -> tuple[str, tuple[str, ...], tuple[str, ...]] | None:
    """The text of fields that are shown together, each of which looks like ASCII, the odd ones among them, and their values; None
    where none is odd."""
    values = {name: cell for name, cell in zip(fields, cells, strict=True) if cell is not None}
    text = " ".join(values.values()) if fields[0] in values or fields[0] == "first_name" else ""
    if not text:
        return None
    drawn = fields[0] != "username"  # an account's name may well end in a digit
    odd = tuple(
        name for name, value in values.items() if not value.isascii() or (drawn and re.search(DRAWN_ALIKE, value))
    )
    return (text, odd, tuple(values[name] for name in odd)) if odd else None


def alike(t: Scratch, batch: Batch, candidates: Sequence[Shown]) -> list[Shown]:
    """The candidates that cannot be told from a text which is shown of somebody else. A text that is known of the worker already
    was looked at when it came."""
    asked = t.of_arrow("asked", pa.table({
        "place": pa.array(range(len(candidates)), pa.int64()),
        "person_number": pa.array([one.person_number for one in candidates], pa.string()),
        "shown": pa.array([one.text for one in candidates], pa.string()),
        "drawn": pa.array([skeleton(one.text) for one in candidates], pa.string()),
    }))  # fmt: skip
    new = t.make(
        "asked_anew", f"from {asked} anti join ({_known_texts_sql(batch, asked)}) using (person_number, shown)"
    )
    by_skeleton: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for one in candidates:
        by_skeleton[skeleton(one.text)][one.text].add(one.person_number)
    places = {place for (place,) in t.rows(f"select place from {new}")}
    likes = f"""select distinct new.place from {new} new join ({_drawn_sql(batch)}) other
        on other.drawn = new.drawn and other.person_number <> new.person_number and other.shown <> new.shown"""
    found = {place for (place,) in t.rows(likes)} if places else set()
    return [
        one
        for place, one in enumerate(candidates)
        if place in found or (place in places and _is_another(one, by_skeleton[skeleton(one.text)]))
    ]


def drawn_alike(t: Scratch, batch: Batch, judged: Relation, candidates: Sequence[Shown]) -> list[Shown]:
    """The texts of judged rows of plain ASCII in which a letter may be drawn by other signs, and that cannot be told from a text
    of somebody else: one that is known or of the batch, or one of `candidates`. A text that is known of the worker already was
    looked at when it came."""
    groups = [fields for fields in shown_together(batch.profile) if fields != ("username",)]
    if not groups:
        return []
    looked_at = _text_sql(_looked_at(batch.profile))
    at = list(dict.fromkeys(name for fields in groups for name in fields))
    names = ", ".join(map(quote, at))
    drawn = t.make(
        "drawn",
        f"""select extract_id, row_no, person_number, {names} from {batch.rows(judged)}
        where person_number is not null and strlen({looked_at}) = length({looked_at})
            and regexp_matches({_text_sql(name_fields(batch.profile))}, {literal(DRAWN_ALIKE)})""",
    )
    if not t.count(drawn):
        return []
    asked = " union all ".join(
        f"""select extract_id, row_no, person_number, {place} as shown_by, {_text_sql(fields)} as shown from {drawn}
        where {quote(fields[0])} is not null or {fields[0] == "first_name"}"""
        for place, fields in enumerate(groups)
    )
    new = t.make(
        "drawn_anew",
        f"""select *, {skeleton_sql("shown")} as drawn from ({asked})
        anti join ({_known_texts_sql(batch, drawn)}) using (person_number, shown)
        where regexp_matches(shown, {literal(DRAWN_ALIKE)})""",
    )
    if not t.count(new):
        return []
    others = t.of_arrow("other_texts", pa.table({
        "person_number": pa.array([one.person_number for one in candidates], pa.string()),
        "shown": pa.array([one.text for one in candidates], pa.string()),
        "drawn": pa.array([skeleton(one.text) for one in candidates], pa.string()),
    }))  # fmt: skip
    like = f"""select new.* from {new} new semi join ({_drawn_sql(batch)} union all from {others}) other
        on other.drawn = new.drawn and other.person_number <> new.person_number and other.shown <> new.shown"""
    hits = f"select shown_by, extract_id, row_no, person_number, {names} from ({like})"
    rows = t.rows(f"{hits} join {drawn} using (extract_id, row_no, person_number)")
    found = []
    for place, extract_id, row_no, number, *cells in rows:
        row = dict(zip(at, cells, strict=True))
        values = {name: row[name] for name in groups[place] if row[name] is not None}
        odd = tuple(name for name, value in values.items() if re.search(DRAWN_ALIKE, value))
        if odd:
            texts = tuple(values[name] for name in odd)
            found.append(Shown(extract_id, row_no, number, " ".join(values.values()), odd, texts))
    return found


def _is_another(one: Shown, texts: Mapping[str, set[str]]) -> bool:
    """Whether somebody else has another one of these texts: text to person numbers."""
    return any(text != one.text and numbers != {one.person_number} for text, numbers in texts.items())


def _known_texts_sql(batch: Batch, of: Relation) -> str:
    """SELECT person_number and each text that is shown (`shown`) of the known workers who are in `of`."""
    return " union all ".join(
        f"select person_number, {_text_sql(fields)} as shown from {batch.known.workers} semi join {of} using (person_number)"
        for fields in shown_together(batch.profile)
    )


def _text_sql(fields: Sequence[str]) -> str:
    return f"concat_ws(' ', {', '.join(map(quote, fields))})"


def resembling(t: Scratch, batch: Batch, judged: Relation) -> list[Shown]:
    """The texts of judged rows in plain letters, of which a known worker's draws one by two: Amara, where there is an Arnara.

    Nobody can say which of the two is the other's image, so whoever comes later waits.
    """
    found: list[Shown] = []
    if not t.count(judged) or t.first(f"select 1 from {batch.known.workers} limit 1") is None:
        return found
    groups = [fields for fields in shown_together(batch.profile) if fields != ("username",)]
    own = _known_texts_sql(batch, t.view("judged_people", f"select distinct person_number from {judged}"))
    for fields in groups:
        text, names = _text_sql(fields), ", ".join(quote(name) for name in fields)
        by_one = f"regexp_matches(shown, {literal(DRAWN_BY_ONE)}) and strlen(shown) = length(shown)"
        new = t.make(
            "new_texts",
            f"""select *, {skeleton_sql("shown")} as drawn
            from (select extract_id, row_no, person_number, {names}, {text} as shown from {batch.rows(judged)})
            anti join ({own}) using (person_number, shown) where {by_one}""",
        )
        if not t.count(new):
            continue
        by_two = f"regexp_matches({text}, {literal('|'.join(map(re.escape, PAIRS)))})"
        rows = t.rows(
            f"""with drawn as (select person_number, {text} as shown, {skeleton_sql(text)} as drawn
                from {batch.known.workers} where {by_two})
            select extract_id, row_no, person_number, {names} from {new} new
            semi join drawn on drawn.drawn = new.drawn and drawn.shown <> new.shown and drawn.person_number <> new.person_number"""
        )
        for extract_id, row_no, number, *cells in rows:
            values = {name: cell for name, cell in zip(fields, cells, strict=True) if cell is not None}
            odd = tuple(name for name, value in values.items() if re.search(DRAWN_BY_ONE, value))
            texts = tuple(values[name] for name in odd)
            found.append(Shown(extract_id, row_no, number, " ".join(values.values()), odd, texts))
    return found


def _drawn_sql(batch: Batch) -> str:
    """SELECT person_number, each text of ASCII that is shown, of known workers and of the batch, and its skeleton."""
    parts = []
    for fields in shown_together(batch.profile):
        text = f"concat_ws(' ', {', '.join(map(quote, fields))})"
        told = "true" if fields[0] == "first_name" else f"{quote(fields[0])} is not null"
        parts += [
            f"""select person_number, {text} as shown, {skeleton_sql(text)} as drawn from {rows}
            where {told} and strlen({text}) = length({text})"""
            for rows in (str(batch.known.workers), batch.rows())
        ]
    return " union all ".join(parts)
