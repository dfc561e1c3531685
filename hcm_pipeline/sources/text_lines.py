"""Lines of a text file, with their ends as they are."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator

from hcm_pipeline.errors import ExtractRefused

MAX_RECORD_CHARS = 1 << 26
"""A record longer than this is no record: the file is refused instead of filling the memory."""


def lines(chunks: Iterable[str], name: str) -> Iterator[list[str]]:
    """Cut text into lines with their ends (LF, CRLF, CR and nothing else), a list for every chunk."""
    rest = ""
    for chunk in chunks:
        # newline="" recognises the three ends and keeps them; the last line may go on in the next chunk
        cut = list(io.StringIO(rest + chunk, newline=""))
        rest = cut.pop() if cut and not cut[-1].endswith("\n") else ""
        if len(rest) > MAX_RECORD_CHARS:
            raise ExtractRefused(
                name,
                "record_too_long",
                f"a line is longer than {MAX_RECORD_CHARS:,} characters; this is not a delimited text file",
            )
        yield cut
    if rest:
        yield [rest]
