"""The formats that there are, by the name that a profile gives them."""

from __future__ import annotations

from collections.abc import Iterator

from hcm_pipeline.errors import ProfileFault
from hcm_pipeline.profile import Profile, Source
from hcm_pipeline.sources.delimited import DELIMITED
from hcm_pipeline.sources.fixed import FIXED
from hcm_pipeline.sources.json_lines import JSON_LINES
from hcm_pipeline.sources.source_format import SourceFormat
from hcm_pipeline.sources.xml import XML

FORMATS: dict[str, SourceFormat] = {"delimited": DELIMITED, "fixed": FIXED, "json_lines": JSON_LINES, "xml": XML}


def format_of(source: Source) -> SourceFormat:
    """The format of a source whose profile was checked by `format_faults`."""
    return FORMATS[source.format]


def format_faults(profile: Profile) -> list[ProfileFault]:
    """Sources of a format that there is not, and keys that belong to another format than theirs."""
    return [fault for i, source in enumerate(profile.sources) for fault in _faults(f"sources[{i}]", source)]


def _faults(where: str, source: Source) -> Iterator[ProfileFault]:
    if source.format not in FORMATS:
        yield ProfileFault(f"{where}.format", repr(source.format), f"one of {', '.join(sorted(FORMATS))}")
        return
    others = {key for kind in FORMATS.values() for key in kind.keys} - FORMATS[source.format].keys
    for key in sorted(others & source.model_fields_set):
        yield ProfileFault(f"{where}.{key}", repr(getattr(source, key)), f"no key of the format {source.format}")
    for key, value, allowed in FORMATS[source.format].faults(source):
        yield ProfileFault(f"{where}.{key}", value, allowed)
