"""A registered extract: what a source said of a business date, in which bytes."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from hcm_pipeline.errors import HomeError
from hcm_pipeline.extracts.description import Description
from hcm_pipeline.extracts.taking import is_whole


@dataclass(frozen=True)
class Extract:
    """A registered extract."""

    extract_id: int
    sha256: str
    source: str
    content: str
    business_date: dt.date
    name: str
    description: Description
    status: str

    @property
    def columns(self) -> tuple[str, ...]:
        """Its headings."""
        return self.description.columns

    @property
    def statement(self) -> str:
        """Bytes, date and source: what a verdict and a person call it."""
        return "@".join((self.sha256, self.business_date.isoformat(), self.source))

    def stored(self, extracts: Path) -> Path:
        """The immutable copy, which all extracts of the same bytes share."""
        return extracts / self.sha256[:2] / self.sha256

    def require_whole(self, extracts: Path) -> None:
        """Raise HomeError unless the copy has the bytes that were delivered: of others not a row is used."""
        try:
            whole, wrong = is_whole(self.stored(extracts), self.sha256), "is no longer what was delivered"
        except FileNotFoundError:
            whole, wrong = False, "is gone"
        except OSError as error:
            whole, wrong = False, f"cannot be read ({error.strerror})"
        if not whole:
            raise HomeError(
                f"{self.name} of {self.business_date}: its copy {self.stored(extracts)} {wrong}, and nothing of the day is "
                "applied; restore the home's extracts, or land the file again"
            )
