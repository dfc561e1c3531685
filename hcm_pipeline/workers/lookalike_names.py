"""Names that people cannot tell from another worker's, or that are written in letters which only look like others.

A plain name costs one pattern in SQL; only the rows that are judged anew, and hold unusual letters, are looked at one by one.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hcm_pipeline.lookalikes import DRAWN_ALIKE, DRAWN_BY_ONE, DRAWN_BY_TWO, UNUSUAL, oddity, skeleton, skeleton_sql
from hcm_pipeline.profile import Profile
from hcm_pipeline.warehouse import Relation, Scratch, literal, quote
from hcm_pipeline.workers.batch import Batch
from hcm_pipeline.workers.normalise import name_fields

if TYPE_CHECKING:
    import pandas as pd

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
    """SQL (BOOLEAN) over `n`: a text that is shown has letters that can be taken for others."""
    texts = ", ".join(f"n.{quote(name)}" for name in _looked_at(profile))
    drawn = ", ".join(f"n.{quote(name)}" for name in name_fields(profile))  # user names and jobs may hold any digits
    return f"""(regexp_matches(concat_ws(' ', {texts}), {literal(f"[{UNUSUAL}]")})
        or regexp_matches(concat_ws(' ', {drawn}), {literal(DRAWN_ALIKE)}))"""


def _looked_at(profile: Profile) -> list[str]:
    also = ("display_name", "username", "job_name")
    return list(dict.fromkeys((*name_fields(profile), *(name for name in also if name in profile.columns))))


def _shown_together(profile: Profile) -> list[tuple[str, ...]]:
    return [fields for fields in _SHOWN if all(name in profile.columns for name in fields)]


def mixed_in(profile: Profile, frame: pd.DataFrame) -> list[tuple[int, str, str, str]]:
    """Position in the frame, field, value class and value of every shown text whose letters are odd."""
    rows = frame[frame[UNUSUAL_COLUMN].astype(bool)]
    found = []
    for name in _looked_at(profile):
        texts = rows[name].dropna()
        odd = {text: how for text in texts.unique().tolist() if (how := oddity(text))}
        for position, text in texts[texts.isin(list(odd))].items():
            found.append((int(str(position)), name, f"{odd[text]} ({len(text)})", text))
    return found


def shown_in(profile: Profile, frame: pd.DataFrame) -> Iterator[Shown]:
    """The texts with unusual letters that look like ASCII."""
    rows = frame[frame[UNUSUAL_COLUMN].astype(bool)]
    for fields in _shown_together(profile):
        columns = [rows[name] for name in ("extract_id", "row_no", PERSON_COLUMN, *fields)]
        for extract_id, row_no, number, *cells in zip(*columns, strict=True):
            values = {name: cell for name, cell in zip(fields, cells, strict=True) if isinstance(cell, str)}
            text = " ".join(values.values()) if fields[0] in values or fields[0] == "first_name" else ""
            drawn = fields[0] != "username"  # an account's name may well end in a digit
            odd = tuple(
                name
                for name, value in values.items()
                if text and (not value.isascii() or (drawn and re.search(DRAWN_ALIKE, value)))
            )
            if odd and isinstance(number, str) and skeleton(text).isascii():
                yield Shown(int(extract_id), int(row_no), number, text, odd, tuple(values[name] for name in odd))


def alike(t: Scratch, batch: Batch, candidates: Sequence[Shown]) -> list[Shown]:
    """The candidates that cannot be told from a text which is shown of somebody else."""
    by_skeleton: dict[str, list[Shown]] = defaultdict(list)
    for one in candidates:
        by_skeleton[skeleton(one.text)].append(one)
    others: dict[str, set[tuple[str, str]]] = defaultdict(set)
    wanted = ", ".join(map(literal, by_skeleton))
    for drawn, number, text in t.rows(
        f"select drawn, person_number, shown from ({_drawn_sql(batch)}) where drawn in ({wanted})"
    ):
        others[drawn].add((number, text))
    return [
        one
        for drawn, some in by_skeleton.items()
        for one in some
        if any(number != one.person_number and text != one.text for number, text in others[drawn])
        or any(other.person_number != one.person_number and other.text != one.text for other in some)
    ]


def resembling(t: Scratch, batch: Batch, judged: Relation) -> list[Shown]:
    """The texts of judged rows in plain letters, of which a known worker's draws one by two: Amara, where there is an Arnara.

    Nobody can say which of the two is the other's image, so whoever comes later waits.
    """
    found: list[Shown] = []
    for fields in _shown_together(batch.profile) if t.count(judged) else ():
        if fields == ("username",):
            continue
        text = f"concat_ws(' ', {', '.join(map(quote, fields))})"
        drawn = f"strlen({text}) = length({text}) and regexp_matches({text}, {literal(DRAWN_BY_TWO)})"
        rows = t.rows(
            f"""with drawn as (select person_number, {text} as shown, {skeleton_sql(text)} as drawn
                from {batch.known.workers} where {drawn})
            select n.extract_id, n.row_no, n.person_number, {", ".join(f"n.{quote(name)}" for name in fields)}
            from (select *, {skeleton_sql(text)} as drawn, {text} as shown from {batch.rows(judged)}
                where regexp_matches({text}, {literal(DRAWN_BY_ONE)})) n
            semi join drawn on drawn.drawn = n.drawn and drawn.shown <> n.shown and drawn.person_number <> n.person_number"""
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
    for fields in _shown_together(batch.profile):
        text = f"concat_ws(' ', {', '.join(map(quote, fields))})"
        told = "true" if fields[0] == "first_name" else f"{quote(fields[0])} is not null"
        parts += [
            f"""select person_number, {text} as shown, {skeleton_sql(text)} as drawn from {rows}
            where {told} and strlen({text}) = length({text})"""
            for rows in (str(batch.known.workers), batch.rows())
        ]
    return " union all ".join(parts)
