"""Worksheet 5 as a guide: what Entra Connect or cloud sync must flow for a profile whose accounts are made in Active Directory.

Nothing here is executed: whoever administers these services reads it and carries it out. Sources: "How to synchronize attributes
for Lifecycle workflows", "Attribute mapping in Microsoft Entra Cloud Sync", "How to programmatically configure cloud sync using MS
Graph API", "Attributes synchronized by Microsoft Entra Connect".
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import resources

from hcm_pipeline.errors import UsageError
from hcm_pipeline.flow.html_pages import html_environment
from hcm_pipeline.profile import AttributeFlow, Profile, Sheet, TargetKind, attribute_flows

RULE = "In from AD - User - HCM {target}"
"""The name of an inbound rule of Entra Connect."""
FIRST_PRECEDENCE = 50
"""Of the rules: those of an organisation's own have 1 to 99."""
DATES = ("employeeHireDate", "employeeLeaveDateTime")
FORM = "yyyyMMddHHmmss.fZ"
_OUTBOUND = {"employeeHireDate": "2.0.3.0", "employeeLeaveDateTime": "2.1.19.0"}
"""Versions of Entra Connect from which the rule that Microsoft ships carries the attribute to Entra ID."""


@dataclass(frozen=True)
class Guide:
    """The guide of a profile: `standard` rows are there already, `added` ones are not; `extended` are attributes of Active
    Directory that a schema without Exchange lacks."""

    profile: str
    sha256: str
    standard: tuple[AttributeFlow, ...]
    added: tuple[AttributeFlow, ...]
    extended: tuple[str, ...]
    made_at: dt.datetime

    @property
    def by_connect(self) -> tuple[AttributeFlow, ...]:
        """The rows that a rule of Entra Connect can have."""
        return tuple(row for row in self.added if not row.cloud_sync_only)

    @property
    def dates(self) -> tuple[AttributeFlow, ...]:
        """The rows that lifecycle workflows go by."""
        return tuple(row for row in self.added if row.target in DATES)


def guide_of(profile: Profile, sha256: str, now: dt.datetime) -> Guide:
    """The guide for a profile. Raises UsageError for one whose accounts are made in Entra ID alone."""
    if profile.target.kinds and TargetKind.ACTIVE_DIRECTORY not in profile.target.kinds:
        raise UsageError("--hybrid: the profile's target.kind is entra: its accounts are not made in Active Directory")
    rows = attribute_flows(profile, Sheet.HYBRID)
    named = {source for row in rows for source in row.reads}
    extended = tuple(sorted((name for name in named if name.startswith("extensionAttribute")), key=_number))
    return Guide(
        profile.name,
        sha256,
        tuple(row for row in rows if row.standard),
        tuple(row for row in rows if not row.standard),
        extended,
        now,
    )


def _number(name: str) -> int:
    return int("".join(sign for sign in name if sign.isdigit()) or 0)


def cloud_sync_script(guide: Guide) -> str:
    """PowerShell that adds the rows to the schema of a cloud sync job: it keeps a copy first, changes no other mapping, and writes
    nothing where all is there."""
    rows = ",\n".join(f"    {_mapping(row)}" for row in guide.added)
    return _script("cloud_sync.ps1", len(guide.added), rows)


def _script(name: str, count: int, rows: str) -> str:
    """A script of PowerShell with its rows in it."""
    text = resources.files("hcm_pipeline.flow").joinpath(name).read_text(encoding="utf-8")
    return text.replace("@COUNT@", str(count)).replace("@ROWS@", rows)


def _mapping(row: AttributeFlow) -> str:
    source: dict[str, object] = {"expression": row.text, "name": row.source, "type": "Attribute", "parameters": []}
    if row.expression is not None:  # the service parses the text of a function
        source = {"expression": row.expression, "name": None, "type": "Function", "parameters": []}
    mapping = {
        "targetAttributeName": row.target, "defaultValue": row.default, "matchingPriority": 0, "exportMissingReferences": False,
        "flowBehavior": "FlowWhenChanged", "flowType": "ObjectAddOnly" if row.create_only else "Always", "source": source,
    }  # fmt: skip
    return json.dumps(mapping)


def connect_script(guide: Guide) -> str:
    """PowerShell that makes the inbound rules of Entra Connect; a rule that is there is left alone."""
    rules = "".join(_rule(row, FIRST_PRECEDENCE + place) for place, row in enumerate(guide.by_connect))
    return _script("entra_connect.ps1", len(guide.by_connect), rules)


def _rule(row: AttributeFlow, precedence: int) -> str:
    if row.expression is None:
        flow = (
            f"@{{ Source = @({_quoted(row.source or '')}); Destination = {_quoted(row.target)}; FlowType = 'Direct' }}"
        )
    else:
        flow = f"@{{ Expression = {_quoted(row.expression)}; Destination = {_quoted(row.target)}; FlowType = 'Expression' }}"
    return f"    Add-Rule -Name {_quoted(RULE.format(target=row.target))} -Precedence {precedence} -Flow {flow}\n"


def _quoted(text: str) -> str:
    """A text as PowerShell has it in single quotes."""
    return "'" + text.replace("'", "''") + "'"


def sections(guide: Guide) -> Iterator[tuple[str, list[str], str | None]]:
    """The guide's sections: heading, sentences, and a script."""
    yield "What flows already", [_there(guide)], None
    if guide.extended:
        yield "Attributes that Active Directory needs", list(_schema_words(guide)), _schema_script(guide)
    if guide.dates:
        yield "Dates for lifecycle workflows", list(_date_words(guide)), None
    if not guide.added:
        yield "Nothing to add", ["The rules that Microsoft ships flow all that the profile writes."], None
        return
    yield "With cloud sync", list(_cloud_words()), cloud_sync_script(guide)
    if guide.by_connect:
        yield "With Entra Connect", list(_connect_words(guide)), connect_script(guide)
    yield "See that it has worked", list(_proof_words(guide)), _proof_script(guide)


def _there(guide: Guide) -> str:
    names = ", ".join(row.target for row in guide.standard)
    return f"The rules that Microsoft ships flow these; see that nobody has taken one away: {names}."


def _schema_words(guide: Guide) -> Iterator[str]:
    yield (
        f"The profile writes {', '.join(guide.extended)}. Active Directory has these where Exchange has"
        " extended its schema; without"
        " it map msDS-cloudExtensionAttribute1 to 20 in target.active_directory and target.hybrid instead."
    )
    yield "This lists those that there are; an agent of cloud sync that was installed before must be restarted to see new ones."


def _schema_script(guide: Guide) -> str:
    names = ", ".join(_quoted(name) for name in guide.extended)
    return f"""$schema = (Get-ADRootDSE).schemaNamingContext
foreach ($name in {names}) {{
    $found = Get-ADObject -SearchBase $schema -LDAPFilter "(lDAPDisplayName=$name)"
    "$name $(if ($found) {{ 'is there' }} else {{ 'is missing' }})"
}}
"""


def _date_words(guide: Guide) -> Iterator[str]:
    pairs = ", ".join(f"{row.target} from {row.source}" for row in guide.dates)
    yield (
        f"Workflows begin by {pairs}. Active Directory has no attribute of these names, and the one that"
        " stands in must be a string."
    )
    yield f"Its text has the form {FORM}: 20260302050000.0Z. Worksheet 4 makes it so; a date in another form is not taken."
    yield (
        "The time counts: an early hour of the first day and a late one of the last day, in UTC"
        " (scim.mapping, time and zone). Workflows"
        " run every three hours unless the tenant says otherwise."
    )


def _cloud_words() -> Iterator[str]:
    yield (
        "In the admin center: Entra ID, Entra Connect, Cloud sync, the configuration, Attribute mapping,"
        " object type user, Add attribute"
        " mapping. Each row is of type Direct (Expression where it is one), applied Always, without a default; then Save schema."
    )
    yield (
        "The script does the same through Graph: it keeps a copy of the schema, changes no other mapping,"
        " and without -Apply only tells."
    )
    yield "To put the schema back, send the copy: Invoke-MgGraphRequest -Method PUT, with the file as the body."


def _connect_words(guide: Guide) -> Iterator[str]:
    yield (
        "In the Synchronization Rules Editor: direction Inbound, Add new rule; Connected System is the"
        " forest, Connected System Object"
        " Type user, Metaverse Object Type person, Link Type Join; no scoping filter, no join rule; one transformation each:"
    )
    for place, row in enumerate(guide.by_connect):
        kind = "Direct" if row.expression is None else "Expression"
        yield (
            f"{RULE.format(target=row.target)}: precedence {FIRST_PRECEDENCE + place}, flow type {kind}, target"
            f" {row.target}, source"
            f" {row.source if row.expression is None else row.expression}"
        )
    versions = [
        f"{row.target} from version {_OUTBOUND[row.target]}" for row in guide.by_connect if row.target in _OUTBOUND
    ]
    if versions:
        yield f"The rule Out to Microsoft Entra ID carries {' and '.join(versions)}: with these no outbound rule is needed."
    others = [row.target for row in guide.by_connect if row.target not in _OUTBOUND]
    if others:
        yield (
            f"Look whether the rule Out to Microsoft Entra ID carries {', '.join(others)}; where not, it needs an"
            " outbound rule too."
        )
    alone = [row.target for row in guide.added if row.cloud_sync_only]
    if alone:
        yield f"Entra Connect has no attribute for {', '.join(alone)}: a directory extension is the way there, or cloud sync."
    yield "The script makes the inbound rules and reads everybody anew; without -Apply it only tells."


def _proof_words(guide: Guide) -> Iterator[str]:
    yield (
        "Look at one account after the next cycle; with cloud sync, Provision on demand with its"
        " distinguished name shows it at once."
        + (" Reading employeeLeaveDateTime needs User-LifeCycleInfo.Read.All." if guide.dates else "")
    )


def _proof_script(guide: Guide) -> str:
    names = list(dict.fromkeys(_graph_name(row.target) for row in guide.added))
    scopes = "'User.Read.All'" + (", 'User-LifeCycleInfo.Read.All'" if guide.dates else "")
    return f"""Connect-MgGraph -Scopes {scopes} -NoWelcome
$user = Get-MgUser -UserId 'somebody@contoso.com' -Property {", ".join(names)}
$user | Select-Object {", ".join(names)}
"""


def _graph_name(target: str) -> str:
    """The property of Graph's user that holds an attribute."""
    if target.startswith("extensionAttribute"):
        return "onPremisesExtensionAttributes"
    return {
        "mobile": "mobilePhone",
        "telephoneNumber": "businessPhones",
        "physicalDeliveryOfficeName": "officeLocation",
    }.get(target, target.partition(".")[0])


def guide_markdown(guide: Guide) -> str:
    """The guide in Markdown."""
    out = [
        f"# From Active Directory to Entra ID: {guide.profile}",
        "",
        f"Profile {guide.sha256[:12]}, {guide.made_at:%Y-%m-%d}.",
        "",
    ]
    out += [
        "| Active Directory | Entra ID | |",
        "|---|---|---|",
        *(f"| `{row}` | `{to}` | {how} |" for row, to, how in _pairs(guide)),
        "",
    ]
    for heading, sentences, script in sections(guide):
        out += [f"## {heading}", "", *_paragraphs(sentences)]
        if script:
            out += ["```powershell", script.rstrip(), "```", ""]
    return "\n".join(out)


def _paragraphs(sentences: Iterable[str]) -> Iterator[str]:
    for sentence in sentences:
        yield sentence
        yield ""


def _pairs(guide: Guide) -> Iterator[tuple[str, str, str]]:
    for rows, how in ((guide.added, "to be added"), (guide.standard, "there")):
        for row in rows:
            yield row.text if row.expression else row.source or row.text, row.target, how


def guide_html(guide: Guide) -> str:
    """The guide as a page that needs nothing else."""
    environment = html_environment()
    template = resources.files("hcm_pipeline.flow").joinpath("hybrid_guide.html").read_text(encoding="utf-8")
    return environment.from_string(template).render(
        guide=guide, sections=list(sections(guide)), pairs=list(_pairs(guide))
    )
