"""Text of others (file names, headings, values, answers of services, reasons) made harmless for what displays or interprets it.

The sinks call this, and nobody else has to: the command line's output, the text of every `PipelineError`, Dagster's log, alerts.
"""

from __future__ import annotations

import re

from hcm_pipeline.characters import NEVER, TURNING

_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_DISTURBING = re.compile(
    "[\x00-\x1f\x7f-\x9f"  # C0, delete, C1: they drive a terminal and forge lines
    f"{TURNING}\u061c\u200e\u200f"  # they turn the direction of writing
    f"\u2028\u2029\u180e{NEVER}"  # nobody sees them
    "\ud800-\udfff]"  # halves of characters, from names of files that are no UTF-8
)
_WITHIN_LINES = re.compile(rf"{_DISTURBING.pattern}(?<!\n)")
_MARKDOWN = re.compile(r"[\\`*_\[\]<>~|]|\A#|\A[+-](?=[\s+-])|\A\d+(?=[.)]\s)|&(?=#?\w+;)")


def shown(text: str) -> str:
    """The text for one line of a terminal or a log: what is obeyed or not seen is an escape (`\\x1b`, `\\u202e`).

    All other text stays as it is, also when it is shown twice.
    """
    return text if text.isascii() and text.isprintable() else _DISTURBING.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    character, number = found[0], ord(found[0])
    if character in _NAMED:
        return _NAMED[character]
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def json_for(text: str, encoding: str) -> str:
    """JSON text as a stream of an encoding takes it: the values are the same, and what is obeyed or not seen is escaped."""
    text = _WITHIN_LINES.sub(lambda found: _unit_escapes(found[0]), text)
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return "".join(sign if sign.isascii() else _unit_escapes(sign) for sign in text)
    return text


def _unit_escapes(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def markdown(text: str) -> str:
    """The text for Markdown, which then shows it as it is: no link, no picture, no emphasis, no HTML."""
    return _MARKDOWN.sub(_spelled, shown(text))


def _spelled(found: re.Match[str]) -> str:
    sign = found[0]
    return f"{sign}\\" if sign.isdigit() else "&amp;" if sign == "&" else f"\\{sign}"


_PLURALS = {"entry": "entries", "identity": "identities", "person": "people", "file or folder": "files and folders"}


_ONE_DOES = {"are": "is", "were": "was", "have": "has", "go": "goes"}


def counted(number: float, noun: str, verb: str = "") -> str:
    """A number of things, in words as they are said: `1 request`, `1,201 requests`, `1.5 hours`.

    With the `verb` of several behind it: `2 requests wait`, `1 request waits`.
    """
    before, _, last = noun.rpartition(" ")
    several = _PLURALS.get(noun) or f"{before} {_PLURALS.get(last, f'{last}s')}".lstrip()
    amount = f"{number:,}" if isinstance(number, int) else f"{number:,g}"
    things = f"{amount} {noun if number == 1 else several}"
    if not verb:
        return things
    return f"{things} {_ONE_DOES.get(verb, f'{verb}s') if number == 1 else verb}"


def of_all(part: int, whole: int, noun: str, verb: str) -> str:
    """Some of a number of things, and what they do: `1 of 4 files was`, `2 of 4 files were`."""
    return f"{part:,} of {counted(whole, noun)} {_ONE_DOES.get(verb, f'{verb}s') if part == 1 else verb}"
