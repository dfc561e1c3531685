"""Which of a day's extracts are in force: in what order they count, which replace others, and which are parts of a whole."""

from __future__ import annotations

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from hcm_pipeline.extracts.extract import Extract
from hcm_pipeline.profile import Parts, Profile


def in_sequence(profile: Profile, extracts: list[Extract]) -> list[Extract]:
    """A day's extracts in the order in which they count: as they arrived, but those of a source with a `sequence` by it."""
    ordered = list(extracts)
    for source in profile.sources:
        places = [i for i, extract in enumerate(ordered) if extract.source == source.name]
        if source.sequence is None or len(places) < 2:
            continue
        pattern = re.compile(source.sequence)
        own = sorted(
            (ordered[i] for i in places), key=lambda extract: (_sequence_key(pattern, extract.name), extract.extract_id)
        )
        for place, extract in zip(places, own, strict=True):
            ordered[place] = extract
    return ordered


def _sequence_key(pattern: re.Pattern[str], name: str) -> tuple[int, int, str]:
    """Numbers before other text; a name that the pattern does not fit comes first."""
    found = pattern.search(name)
    if found is None:
        return (0, 0, name)
    text = found[1] if pattern.groups and found[1] is not None else found[0]
    return (1, int(text), "") if text.isdecimal() else (2, 0, text)


def effective(
    profile: Profile, extracts: list[Extract], as_parts: AbstractSet[int]
) -> tuple[list[Extract], list[Extract]]:
    """Which of a day's extracts, in their order, are read, and which a later full one of the same source supersedes.

    `as_parts`: the numbers of those of whom a person has said that they supersede none.
    """
    gone = {
        earlier.extract_id
        for place, later in enumerate(extracts)
        for earlier in extracts[:place]
        if takes_place(profile, later, earlier, as_parts)
    }
    return [e for e in extracts if e.extract_id not in gone], [e for e in extracts if e.extract_id in gone]


def takes_place(profile: Profile, later: Extract, earlier: Extract, as_parts: AbstractSet[int]) -> bool:
    """Whether an extract says anew all that an earlier one of its day said.

    Of a source with `parts` it does so for the same part, and for every part of a whole that was cut into another number of them.
    """
    if later.content != "full" or later.source != earlier.source or later.extract_id in as_parts:
        return False
    parts = parts_of(profile, later.source)
    if parts is None or earlier.content != "full":
        return True
    new, old = parts.read(later.name), parts.read(earlier.name)
    return new.name == old.name or (None not in (new.count, old.count) and new.count != old.count)


def parts_of(profile: Profile, source: str) -> Parts | None:
    """How the files of a source are parts of a whole; None: they are not."""
    return next((one.parts for one in profile.sources if one.name == source), None)


def takings(
    profile: Profile, extracts: list[Extract], as_parts: AbstractSet[int], accepted: AbstractSet[int]
) -> list[tuple[Extract, Extract]]:
    """Each full extract that takes the place of one that was in force before it, with that one.

    One that a person has `accepted` as a correction settles all that came before it.
    """
    found: list[tuple[Extract, Extract]] = []
    for place, later in enumerate(extracts):
        if later.content != "full":
            continue
        if later.extract_id in accepted:
            found = [pair for pair in found if pair[0].source != later.source]
            continue
        before, _ = effective(profile, extracts[:place], as_parts)
        found += [(later, earlier) for earlier in before if _may_be_a_part(profile, later, earlier, as_parts)]
    return found


def _may_be_a_part(profile: Profile, later: Extract, earlier: Extract, as_parts: AbstractSet[int]) -> bool:
    if earlier.content != "full" or earlier.sha256 == later.sha256:
        return False
    parts = parts_of(profile, later.source)
    recut = parts is not None and parts.read(later.name).name != parts.read(earlier.name).name
    return not recut and takes_place(profile, later, earlier, as_parts)


def says_nothing_new(profile: Profile, own: list[Extract], new: Extract, as_parts: AbstractSet[int]) -> bool:
    """Whether one more extract of a source and a day would change nothing: its bytes are in force, or others stay so after it."""
    before, _ = effective(profile, in_sequence(profile, own), as_parts)
    if new.content == "full" and any(one.sha256 == new.sha256 for one in before):
        return True
    after, _ = effective(profile, in_sequence(profile, [*own, new]), as_parts)
    return _said(before) == _said(after)


def _said(extracts: Sequence[Extract]) -> tuple[list[str], list[str]]:
    """The bytes of the full extracts, which speak together, and of the others in order; what is said again at once is said."""
    changes = [one.sha256 for one in extracts if one.content != "full"]
    once = [sha256 for place, sha256 in enumerate(changes) if place == 0 or changes[place - 1] != sha256]
    return sorted({one.sha256 for one in extracts if one.content == "full"}), once


def groups(used: list[Extract]) -> list[list[Extract]]:
    """Extracts that are applied one after the other: full ones that follow each other speak together, and each changes-only one by
    itself, so that of two for one worker the later counts."""
    found: list[list[Extract]] = []
    for extract in used:
        if extract.content == "full" and found and found[-1][-1].content == "full":
            found[-1].append(extract)
        else:
            found.append([extract])
    return found
