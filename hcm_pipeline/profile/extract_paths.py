"""Paths in XML extracts, as a profile writes them: names of elements with slashes between, an attribute with @ before its name."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

_NAME = r"(?:[^\W\d][\w.-]*:)?[^\W\d][\w.-]*"
_RECORD = re.compile(rf"/{{0,2}}(?:{_NAME}|\*)(?:/(?:{_NAME}|\*))*")
_TAG = re.compile(rf"(?:{_NAME}/)*@?{_NAME}")
_ENCLOSING = re.compile(rf"(?:\.\./)+(?:{_NAME}/)*@?{_NAME}")
_OLD = re.compile(r"@?(?:[\w.:*?-]+)(?:=[^=]+)?")
_LONGEST = 1000


def _record(value: str) -> str:
    if len(value) > _LONGEST or not _RECORD.fullmatch(value) or value.endswith("*"):
        raise ValueError("must be names of elements with slashes between, such as DATA_DS/G_1, /DATA_DS/G_1 or //G_1")
    return value


def _tag(value: str) -> str:
    if len(value) > _LONGEST or not _TAG.fullmatch(value):
        raise ValueError("must be a path below a record, such as LAST_NAME, ASSIGNMENT/JOB_NAME, @id or ASSIGNMENT/@id")
    return value


def _enclosing(value: str) -> str:
    if len(value) > _LONGEST or not _ENCLOSING.fullmatch(value):
        raise ValueError("must be a path to a tag of an enclosing group, such as ../LEGAL_EMPLOYER or ../../@run")
    return value


def _old(value: str) -> str:
    if not _OLD.fullmatch(value) or ("=" in value and not value.startswith("@")) or value in ("*", "@*"):
        raise ValueError(
            "must be a name of elements or, with @ before it, of attributes, in which * and ? stand for other characters; or an"
            " attribute and the value that marks its element, such as @type=OLD"
        )
    return value


RecordPath = Annotated[str, AfterValidator(_record)]
"""Of the elements that are records: the last names of their way from the root, or the whole way with / before it."""
TagPath = Annotated[str, AfterValidator(_tag)]
"""Of a value below a record."""
EnclosingPath = Annotated[str, AfterValidator(_enclosing)]
"""Of a value in a group around a record."""
OldPattern = Annotated[str, AfterValidator(_old)]
"""Of elements and attributes that hold what was."""
