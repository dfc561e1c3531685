"""Text files whose columns stand at fixed places of a line: fixed-length and EText files."""

from hcm_pipeline.sources.fixed.fixed_format import FIXED

__all__ = ["FIXED"]
