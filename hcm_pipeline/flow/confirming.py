"""Decisions say first what they are about: the whole id and the number of operations, or of rows, that a person means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hcm_pipeline.delivery import Verdict as LimitVerdict
from hcm_pipeline.delivery import read_summary
from hcm_pipeline.errors import UsageError
from hcm_pipeline.extracts import Extract, named, reference
from hcm_pipeline.flow.installation import Installation

LEAST_OF_ID = 12
"""So many characters of an id say which one a person means; fewer may be guessed."""
MANIFEST_VERBS = {
    "approve": ("hcm-pipeline approve", "Approving lets {} go out."),
    "reject": ("hcm-pipeline reject", "Rejecting keeps {} back until what their workers should be changes."),
    "undo": (
        "hcm-pipeline plan --undo",
        "A plan would put back what the target had before {}; it is held for a decision.",
    ),
}
EXTRACT_VERBS = {
    "accept": "Accepting applies it as it is, whatever was found.",
    "part": "Accepting it as a part applies it beside the other files of its date, and takes the place of none.",
    "refuse": "Refusing leaves it out, and takes back what was applied of it.",
}


@dataclass(frozen=True)
class Intent:
    """A decision before it is made. `size`: how many `units` it is about; `sentences` say what follows; `command` makes it."""

    whole_id: str
    size: int
    units: str
    sentences: tuple[str, ...]
    command: str

    def require(self, given_id: str, size: int | None) -> None:
        """Raise UsageError, with the command to paste, unless the id and the size are those that are meant."""
        if len(given_id.partition("@")[0]) < LEAST_OF_ID:
            lacks = f"{given_id} is not enough of an id; give all of it, or at least {LEAST_OF_ID} characters"
        elif size is None:
            lacks = f"give the number of {self.units} that you mean"
        elif size != self.size:
            lacks = f"it is about {self.size:,} {self.units}, not {size:,}"
        else:
            return
        raise UsageError(f"{' '.join(self.sentences)} Nothing was decided: {lacks}. If you mean it: {self.command}")


def manifest_intent(installation: Installation, verb: str, manifest: str) -> Intent:
    """The consequence of `approve`, `reject` or `undo` of the manifest whose id begins so. Raises UsageError unless one does."""
    with installation.journal() as journal:
        found = journal.get(manifest)
    summary = read_summary(installation.home.path / found.folder)
    counted = _operations(found.operations)
    kinds: Mapping[str, int] = summary.get("operations", {})
    by_kind = f" ({', '.join(f'{count:,} {kind}' for kind, count in kinds.items())})" if kinds else ""
    held = f", held for {found.held_for}" if found.held_for else ""
    name = installation.of_key(found.target).name
    at = f" for the target {name}" if name else ""
    tripped = [LimitVerdict.from_row(row) for row in summary.get("guards", ()) if row["verdict"] == "tripped"]
    command, follows = MANIFEST_VERBS[verb]
    flag = "--operations " if verb == "undo" else ""
    return Intent(
        found.manifest_id, found.operations, "operations",
        (
            f"Manifest {found.manifest_id[:12]} of {found.business_date}{at}{held}: {counted}{by_kind}.",
            *(verdict.under(installation.profile.guards).describe(values=False) for verdict in tripped),
            follows.format("this operation" if found.operations == 1 else f"these {counted}"),
        ),
        f"{command} {found.manifest_id} {flag}{found.operations}",
    )  # fmt: skip


def meant(installation: Installation, verb: str, manifest: str, operations: int | None) -> str:
    """The whole id of the manifest that a person means. Raises UsageError, with the command to paste, unless it is clear."""
    intent = manifest_intent(installation, verb, manifest)
    intent.require(manifest, operations)
    return intent.whole_id


def extract_intent(installation: Installation, decision: str, sha256: str) -> Intent:
    """The consequence of `accept`, `part` or `refuse` of the extract of that name. Raises UsageError unless one is."""
    with installation.warehouse.read() as con:
        found = named(con, sha256)
        told = reference(con, found)
        why = con.execute(
            "select distinct message from extract_findings where extract_id = ? order by 1", [found.extract_id]
        ).fetchall()
    return _of_extract(found, told, decision, [message for (message,) in why])


def _of_extract(found: Extract, told: str, decision: str, why: list[str]) -> Intent:
    """Of a format whose records cannot be counted before they are read, the number is that of the extracts: one."""
    records = found.description.records
    size, units = (1, "extracts") if records is None else (records, "rows")
    against = f"Found: {'; '.join(why)}." if why else "Nothing was found."
    about = (
        f"{found.name} ({found.sha256[:12]}) of {found.business_date}: {size:,} {units[:-1] if size == 1 else units}."
    )
    verb, flag = ("accept", " --part") if decision == "part" else (decision, "")
    command = f'hcm-pipeline extract {verb} {told} {size}{flag} --why "..."'
    return Intent(told, size, units, (about, against, EXTRACT_VERBS[decision]), command)


def _operations(count: int) -> str:
    return f"{count:,} {'operation' if count == 1 else 'operations'}"
