"""The shape of a delimited file: how to read it, as it was found when the file was taken."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from hcm_pipeline.extracts import Description
from hcm_pipeline.sources.unpack import Compression

Newline = Literal["lf", "crlf", "cr", "mixed"]


@dataclass(frozen=True)
class Shape:
    """How to read one file; plain values only, so that it can be kept as JSON."""

    compression: Compression
    encoding: str
    encoding_reason: str
    bom_bytes: int
    """Bytes of the byte order mark, to be skipped before decoding."""
    delimiter: str
    newline: Newline
    header: tuple[str, ...]
    """Column names as people see them (see `characters.heading`); a blank one is called `column_<n>`."""
    cells: tuple[str, ...]
    """The header row as written, trimmed: what a repeated header is compared with."""
    header_row: int
    """Row number of the header; above 1 when blank lines stand before it."""
    unpacked_bytes: int
    records: int | None
    """Records below the header, counted independently of any reader; None when quoting is not regular."""
    longest_record: int
    """Bytes (as UTF-8, or in the file's single-byte encoding) of the longest record."""
    has_nul: bool
    damaged: bool
    """Some rows hold what is not valid in the encoding: these cells are held back, and rows of other lengths are rejected."""
    quoted: bool
    """Some field is quoted."""
    irregular: tuple[str, ...]
    """Why the file must be read with care; empty when its structure is regular throughout."""
    fallback: bool = False
    """The encoding is that which the source names for files that are not UTF-8: a guess, where the profile names none."""
    literal: bool = False
    """A quote is a character like every other one."""

    @classmethod
    def of(cls, description: Description) -> Shape:
        """The shape that a description was made of."""
        values = description.values().items()
        plain: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in values}
        return cls(**plain)

    def described(self) -> Description:
        """The description that the register keeps."""
        own = asdict(self)
        if not self.literal:
            del own["literal"]
        return Description(own.pop("header"), own.pop("records"), own)
