"""Decisions that people made about names: of several about one matter the newest counts."""

from __future__ import annotations

from typing import Literal

from hcm_pipeline.warehouse import literal


def latest_decisions(about: Literal["account", "rehire", "number"]) -> str:
    """SQL relation, in parentheses: the columns of `identity_decisions`, one row for each worker who was decided about."""
    newest = "row_number() over (partition by person_number order by decided_at desc) = 1"
    return f"(from identity_decisions where about = {literal(about)} qualify {newest})"


LATEST_SPELLINGS = """
    from spelling_decisions qualify row_number() over (partition by person_number, part, name order by decided_at desc) = 1"""
"""SELECT: the columns of `spelling_decisions`, one row for each part of a name as it was written when it was decided about."""
