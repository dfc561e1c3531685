"""The border of one thing among many: whatever goes wrong with it is its own fault, is told, and the others go on."""

from __future__ import annotations

import traceback
from contextlib import suppress

import duckdb

from hcm_pipeline.errors import ExtractRefused, PipelineError, disk_full
from hcm_pipeline.home import Home, private

OF_THE_MACHINE = (
    MemoryError, duckdb.OutOfMemoryException, duckdb.FatalException, duckdb.InternalException, duckdb.InterruptException,
)  # fmt: skip
"""Faults that say nothing about what was worked on."""


def as_refusal(error: Exception, file: str, home: Home) -> ExtractRefused:
    """The refusal of a file over which an error came up; the text of one that nobody foresaw is kept in the home.

    Raises what is no file's fault: other errors that have a message for people, a full disk, too little memory.
    """
    if isinstance(error, ExtractRefused):
        return error
    if isinstance(error, PipelineError):
        raise error
    return ExtractRefused(file, "unforeseen", f"it cannot be read: {_unforeseen(error, home)}; the others went on")


def as_failure(error: Exception, what: str, home: Home) -> PipelineError:
    """The same of anything else that is one among many: an error that says of what it is."""
    if isinstance(error, PipelineError):
        return error
    return PipelineError(f"{what}: {_unforeseen(error, home)}")


def _unforeseen(error: Exception, home: Home) -> str:
    if isinstance(error, OF_THE_MACHINE):
        raise error
    full = disk_full(error, home.path)
    if full is not None:
        raise full from error
    with suppress(OSError):
        text = "".join(traceback.format_exception(error))
        private(home.fault).write_text(text, encoding="utf-8", errors="backslashreplace")
    return f"an unexpected fault ({type(error).__name__}), whose text is in {home.fault}. Please report it"
