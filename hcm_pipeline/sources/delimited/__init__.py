"""Delimited files: find out what one is, and stage every record of it."""

from hcm_pipeline.sources.delimited.delimited_format import DELIMITED
from hcm_pipeline.sources.delimited.detect import examine
from hcm_pipeline.sources.delimited.shape import Shape
from hcm_pipeline.sources.delimited.staging import StageCounts

__all__ = ["DELIMITED", "Shape", "StageCounts", "examine"]
