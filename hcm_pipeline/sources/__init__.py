"""Delivered files: take them whole, find out what they are, stage every record. Knows neither workers nor Dagster."""

from hcm_pipeline.extracts.file_names import business_date, match_source, read_business_date
from hcm_pipeline.extracts.taking import Left, Taken, Whole, is_whole, take
from hcm_pipeline.sources.delimited import StageCounts, stage
from hcm_pipeline.sources.detect import Shape, examine

__all__ = [
    "Left",
    "Shape",
    "StageCounts",
    "Taken",
    "Whole",
    "business_date",
    "examine",
    "is_whole",
    "match_source",
    "read_business_date",
    "stage",
    "take",
]
