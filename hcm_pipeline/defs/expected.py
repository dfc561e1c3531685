"""Expected failures, as Dagster is told of them: the sentence and its mend, without the traceback of a fault."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

from hcm_pipeline.errors import PipelineError, refused_by_disk

ERROR = "error"
"""The metadata of a failure that names the class of its error."""


class ExpectedFailure(dg.Failure):
    """A `Failure` whose description is the message of `error`. A command that ran the job itself is told the error (`run_job`)."""

    def __init__(self, error: PipelineError) -> None:
        super().__init__(description=str(error), metadata={ERROR: type(error).__name__})
        self.error = error


@contextmanager
def expected() -> Iterator[None]:
    """Turn a PipelineError of the block into an ExpectedFailure; anything else is a fault, and keeps its traceback.

    A disk that is full, and a file that may not be used, are told as such wherever they are met.
    """
    try:
        yield
    except PipelineError as error:
        raise ExpectedFailure(error) from None
    except OSError as error:
        refused = refused_by_disk(error, Path())
        if refused is None:
            raise
        raise ExpectedFailure(refused) from None
