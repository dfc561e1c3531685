"""Profiles: one organisation's configuration."""

from hcm_pipeline.profile.load import BUILT_IN, LoadedProfile, built_in_names, load, parse
from hcm_pipeline.profile.model import Directory, Profile, Source

__all__ = ["BUILT_IN", "Directory", "LoadedProfile", "Profile", "Source", "built_in_names", "load", "parse"]
