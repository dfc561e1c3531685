"""What the live directory already holds: the names that nobody may be given again, and the accounts that exist."""

from hcm_pipeline.directory.entries import SCHEMA

__all__ = ["SCHEMA"]
