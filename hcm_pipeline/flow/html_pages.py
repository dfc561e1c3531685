"""HTML pages that need nothing else: templates whose values are escaped, and whose dates and times stay on one line."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from typing import TYPE_CHECKING, Any

from hcm_pipeline.plain_text import counted, of_all

if TYPE_CHECKING:
    from jinja2 import BaseLoader, Environment

_MOMENT = re.compile(r"\b\d{4}-\d\d-\d\d(?: \d\d:\d\d(?::\d\d)?Z)?")
_COMMAND = re.compile(r"`([^`]+)`")
_UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_JOINERS = "\u200c\u200d"


def html_environment(loader: BaseLoader | None = None) -> Environment:
    """Where templates of pages are filled in.

    Filters: `seen` (signs that nobody sees are told), `counted` and `of_all` (numbers with their nouns and verbs), `commands`
    (what stands in backticks is code). A date within a value is an element `time`, which the pages do not break.
    """
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, loader=loader, finalize=_whole
    )
    environment.filters |= {"seen": seen, "counted": counted, "of_all": of_all, "commands": _commands}
    return environment


def _whole(value: Any) -> Any:
    """A value as it is written; a text that holds a date is markup, in which nothing breaks the date."""
    if isinstance(value, dt.date):
        value = str(value)
    if not isinstance(value, str) or hasattr(value, "__html__") or not _MOMENT.search(value):
        return value
    from markupsafe import Markup, escape

    return Markup(_MOMENT.sub(r"<time>\g<0></time>", str(escape(value))))  # it was escaped


def _commands(text: str) -> Any:
    from markupsafe import Markup, escape

    marked = _COMMAND.sub(r"<code>\1</code>", str(escape(seen(text))))
    return Markup(_MOMENT.sub(r"<time>\g<0></time>", marked))  # it was escaped


def seen(text: str | None) -> str:
    """The text with an escape (`\\x1b`, `\\u202e`) for each character that is obeyed or not seen."""
    if not text or (text.isascii() and text.isprintable()):
        return text or ""
    return "".join(
        sign.encode("unicode_escape").decode()
        if unicodedata.category(sign) in _UNSEEN and sign not in _JOINERS
        else sign
        for sign in text
    )
