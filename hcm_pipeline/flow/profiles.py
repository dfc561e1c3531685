"""Loading a profile: its own rules, and those of the formats of its sources and of the target that it maps workers to."""

from __future__ import annotations

from hcm_pipeline import profile
from hcm_pipeline.profile import LoadedProfile
from hcm_pipeline.sources import format_faults
from hcm_pipeline.targets.entra.scim_mapping import mapping_faults

JUDGES = (format_faults, mapping_faults)


def load_profile(name_or_path: str) -> LoadedProfile:
    """Load a built-in profile by name, or a TOML file by path. Raises ProfileError with every broken rule."""
    return profile.load(name_or_path, JUDGES)


def parse_profile(text: str, file: str) -> LoadedProfile:
    """Parse and check a profile's text; `file` names it in errors. Raises ProfileError with every broken rule."""
    return profile.parse(text, file, JUDGES)
