"""Profiles: one organisation's configuration."""

from hcm_pipeline.profile.load import LoadedProfile, built_in_names, load, parse
from hcm_pipeline.profile.model import Profile, Source

__all__ = ["LoadedProfile", "Profile", "Source", "built_in_names", "load", "parse"]
