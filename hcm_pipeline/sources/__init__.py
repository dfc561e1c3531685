"""Sources: where the data of workers come from. This room decides how an extract of each format is read, and which of its records
can be rows. It knows neither workers nor Dagster.

A format is a `SourceFormat`; `FORMATS` has them by the name that a profile gives them, and takes more.
"""

from hcm_pipeline.sources.delimited import Shape, StageCounts, examine
from hcm_pipeline.sources.formats import FORMATS, format_faults, format_of
from hcm_pipeline.sources.guess import found_keys, guessed_source, is_guessed
from hcm_pipeline.sources.json_lines import TOLD, told_by
from hcm_pipeline.sources.openpgp import decrypted
from hcm_pipeline.sources.places import (
    FarPlace,
    Folder,
    Looked,
    LookedAt,
    Opener,
    OracleSignIn,
    Place,
    SeenAndTaken,
    Waiting,
    open_place,
)
from hcm_pipeline.sources.source_format import (
    REJECT_COLUMNS,
    ROW_NO,
    SEPARATOR,
    FileFormat,
    Lines,
    SourceFormat,
    StagedExtract,
    said_sql,
)
from hcm_pipeline.sources.unpack import unpacked

__all__ = [
    "FORMATS",
    "REJECT_COLUMNS",
    "ROW_NO",
    "SEPARATOR",
    "TOLD",
    "FarPlace",
    "FileFormat",
    "Folder",
    "Lines",
    "Looked",
    "LookedAt",
    "Opener",
    "OracleSignIn",
    "Place",
    "SeenAndTaken",
    "Shape",
    "SourceFormat",
    "StageCounts",
    "StagedExtract",
    "Waiting",
    "decrypted",
    "examine",
    "format_faults",
    "format_of",
    "found_keys",
    "guessed_source",
    "is_guessed",
    "open_place",
    "said_sql",
    "told_by",
    "unpacked",
]
