"""Sources: where the data of workers come from. This room decides how an extract of each format is read, and which of its records
can be rows. It knows neither workers nor Dagster.

A format is a `SourceFormat`; `FORMATS` has them by the name that a profile gives them, and takes more.
"""

from hcm_pipeline.sources.delimited import Shape, StageCounts, examine
from hcm_pipeline.sources.formats import FORMATS, format_faults, format_of
from hcm_pipeline.sources.json_lines import TOLD, told_by
from hcm_pipeline.sources.places import Folder, Looked, Place, Waiting
from hcm_pipeline.sources.source_format import REJECT_COLUMNS, ROW_NO, FileFormat, SourceFormat, StagedExtract
from hcm_pipeline.sources.unpack import unpacked

__all__ = [
    "FORMATS",
    "REJECT_COLUMNS",
    "ROW_NO",
    "TOLD",
    "FileFormat",
    "Folder",
    "Looked",
    "Place",
    "Shape",
    "SourceFormat",
    "StageCounts",
    "StagedExtract",
    "Waiting",
    "examine",
    "format_faults",
    "format_of",
    "told_by",
    "unpacked",
]
