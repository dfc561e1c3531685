"""The meaning of the warehouse's columns, from `columns.toml`: one text for the reference page and for the catalogue."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib import resources

_LINK = re.compile(r"\[([^\]]+)\]\([^)]*\)")


@cache
def column_meanings() -> dict[str, dict[str, str]]:
    """The meaning of every column, by table and column: Markdown, whose links lead from the page of the reference."""
    text = resources.files("hcm_pipeline.warehouse").joinpath("columns.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def meanings_of(table: str) -> dict[str, str]:
    """The meaning of the columns of a table, without links; none for a table that there is not."""
    return {column: _LINK.sub(r"\1", text) for column, text in column_meanings().get(table, {}).items()}
