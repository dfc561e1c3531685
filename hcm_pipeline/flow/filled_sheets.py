"""The six worksheets of Microsoft's tutorial as a profile fills them, with the values of one worker for those who sign them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from hcm_pipeline.errors import UsageError
from hcm_pipeline.expressions import ExpressionFault, Surroundings, Unknown, compiled, parse, show_random
from hcm_pipeline.flow.installation import Installation
from hcm_pipeline.flow.plan_facts import facts_of
from hcm_pipeline.plain_text import counted
from hcm_pipeline.profile import (
    IDENTITY_COLUMNS,
    AttributeFlow,
    LeftOut,
    Naming,
    Profile,
    Sheet,
    TargetKind,
    unsent_attributes,
    worksheet_rows,
)
from hcm_pipeline.targets.entra import compile_mapping
from hcm_pipeline.warehouse import literal, quote, scratch

SOURCE = "https://learn.microsoft.com/entra/identity/saas-apps/oracle-hcm-provisioning-tutorial"
"""The tutorial that the worksheets are of."""
MANDATORY = {
    "person_number": "mandatory", "active": "mandatory: true for everybody who has not left", "first_name": "mandatory",
    "last_name": "mandatory", "hire_date": "needed by lifecycle workflows", "termination_date": "needed by lifecycle workflows",
}  # fmt: skip
_OF_ACTIVE_DIRECTORY = ("sam_account_name", "common_name", "parent_distinguished_name")
_SHOWN = {"user_principal_name": "userPrincipalName", "sam_account_name": "sAMAccountName", "common_name": "cn",
          "mail_nickname": "mailNickname", "parent_distinguished_name": "parentDistinguishedName"}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """A row: what stands on the left of the worksheet, what on the right, the terms of the mapping, a remark, and a value."""

    left: str
    right: str
    terms: str = ""
    note: str = ""
    sample: str | None = None


@dataclass(frozen=True)
class Worksheet:
    """One of the six. `applies`: the target is the one that it is for; None: the profile does not say which is."""

    number: int
    title: str
    left: str
    right: str
    rows: tuple[Row, ...]
    applies: bool | None = None


@dataclass(frozen=True)
class Sample:
    """One worker's values: fields of the snapshot, names of the ledger, and the SCIM user, each by its name."""

    person_number: str
    business_date: dt.date
    fields: Mapping[str, str | None]
    names: Mapping[str, str | None]
    scim: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Worksheets:
    """All six, of a profile. `sample`: whose values stand in them; None: nobody's. `kinds`: the directories that it names."""

    profile: str
    sha256: str
    sheets: tuple[Worksheet, ...]
    sample: Sample | None
    kinds: tuple[TargetKind, ...]
    made_at: dt.datetime


def filled_worksheets(profile: Profile, sha256: str, sample: Sample | None, now: dt.datetime) -> Worksheets:
    """The worksheets 1 to 6. Those of another directory than the profile's are there too, and say so."""
    kinds = profile.target.kinds
    on_premises = None if not kinds else TargetKind.ACTIVE_DIRECTORY in kinds
    cloud = None if not kinds else TargetKind.ENTRA in kinds
    flowing = {sheet: tuple(_flow_rows(profile, sheet, sample, now)) for sheet in Sheet}
    sheets = (
        Worksheet(1, "Oracle HCM attributes", "HCM attribute (column)", "Worker field", tuple(_columns(profile, sample))),
        Worksheet(2, "HCM to SCIM", "HCM attribute", "SCIM attribute", tuple(_scim(profile, sample))),
        Worksheet(3, "Unique IDs and transformation rules", "Attribute", "How its value is set", tuple(_names(profile, sample))),
        Worksheet(4, "SCIM to on-premises Active Directory", "SCIM attribute", "Active Directory attribute",
                  flowing[Sheet.ACTIVE_DIRECTORY], on_premises),
        Worksheet(5, "Active Directory to Microsoft Entra ID", "Active Directory attribute", "Microsoft Entra attribute",
                  flowing[Sheet.HYBRID], on_premises),
        Worksheet(6, "SCIM to Microsoft Entra ID", "SCIM attribute", "Microsoft Entra attribute", flowing[Sheet.ENTRA], cloud),
    )  # fmt: skip
    return Worksheets(profile.name, sha256, sheets, sample, kinds, now)


def read_sample(installation: Installation, profile: Profile, number: str | None) -> Sample | None:
    """The values of a worker of the newest snapshot; None where there is none yet. Without a number the first who works and has
    names. Raises UsageError for a number that is nobody's, or has no account to be.
    """
    if not (installation.home.made and installation.home.read_copy.is_file()):
        if number is not None:
            raise UsageError(f"--worker {number}: nothing was processed yet in {installation.home.path}")
        return None
    mapping = compile_mapping(profile)
    with installation.warehouse.read() as con, scratch(con) as t:
        facts = facts_of(t, profile)
        if facts is None:
            if number is not None:
                raise UsageError(f"--worker {number}: no business date was processed yet")
            return None
        workers, names = facts.sources["workers"], facts.sources["names"]
        who = f"w.person_number = {literal(number)}" if number is not None else "w.active and w.in_scope"
        chosen = t.first(
            f"select w.person_number from {workers} w join {names} n using (person_number) where {who}"
            " order by w.manager is null, w.person_number limit 1"
        )
        if chosen is None:
            if number is not None:
                raise UsageError(f"--worker {number}: no worker of the newest snapshot with names has this number")
            return None
        person = literal(chosen[0])
        fields, held = tuple(profile.columns), (*IDENTITY_COLUMNS, "proxy_addresses")
        context = f"""select w.*, {", ".join(f"n.{column}" for column in held)}, w.manager as manager_external_id
            from {workers} w join {names} n using (person_number) where person_number = {person}"""
        shown = [*(f"{quote(name)}::varchar" for name in fields), *(f"{column}::varchar" for column in held),
                 *(f"try({leaf.value})::varchar" for leaf in mapping.leaves)]  # fmt: skip
        values = t.first(f"select {', '.join(shown)} from ({context})")
    assert values is not None
    end = len(fields) + len(held)
    return Sample(
        chosen[0], facts.snapshot.business_date, dict(zip(fields, values, strict=False)),
        dict(zip(held, values[len(fields) :], strict=False)),
        dict(zip((leaf.column for leaf in mapping.leaves), values[end:], strict=True)),
    )  # fmt: skip


# --- the rows


def _columns(profile: Profile, sample: Sample | None) -> Iterable[Row]:
    for name, spec in profile.columns.items():
        terms = MANDATORY.get(name, "") or ("required" if spec.required else "")
        yield Row(spec.column, name, terms, _type(profile, name), _of(sample.fields if sample else None, name))


def _type(profile: Profile, name: str) -> str:
    kind = profile.types[name]
    return (
        "" if kind == "string" else f"{kind}, as {', '.join(profile.columns[name].formats)}" if kind == "date" else kind
    )


def _scim(profile: Profile, sample: Sample | None) -> Iterable[Row]:
    unsent = {kind: set(unsent_attributes(profile, kind)) for kind in profile.target.kinds}
    for leaf in compile_mapping(profile).leaves:
        spec = profile.columns.get(leaf.origin)
        lost = [str(kind) for kind, names in unsent.items() if leaf.column in names]
        note = f"no attribute takes it ({', '.join(lost)})" if lost else ""
        yield Row(
            spec.column if spec else leaf.origin,
            leaf.column,
            "",
            note,
            _of(sample.scim if sample else None, leaf.column),
        )


def _names(profile: Profile, sample: Sample | None) -> Iterable[Row]:
    identity = profile.identity
    for name, shown in _SHOWN.items():
        terms = (
            "mandatory"
            if name == "user_principal_name"
            else "Active Directory only"
            if name in _OF_ACTIVE_DIRECTORY
            else ""
        )
        naming = getattr(identity, name, None)
        if isinstance(naming, Naming):
            how = f"the first that nobody has of {', '.join(naming.candidates)}, else with a number from {naming.number_from}"
            if name == "user_principal_name":
                how += f"; @{identity.domain}" + (
                    f", or one of {len(identity.domains)} others by rule" if identity.domains else ""
                )
        elif name == "mail_nickname":
            how = "the part of the user name before the @"
        else:
            how = identity.parent_distinguished_name or "not set"
            if identity.placement:
                how += f"; {counted(len(identity.placement), 'rule', 'place')} some elsewhere"
        note = "given once and kept" if identity.rename == "keep" and name != "parent_distinguished_name" else ""
        yield Row(shown, how, terms, note, _of(sample.names if sample else None, name))


def _flow_rows(profile: Profile, sheet: Sheet, sample: Sample | None, now: dt.datetime) -> Iterable[Row]:
    values = dict(sample.scim) if sample else {}
    if sheet is Sheet.HYBRID:
        values = {
            flow.target: result_of(flow, values, now)
            for flow in worksheet_rows(profile, Sheet.ACTIVE_DIRECTORY) if isinstance(flow, AttributeFlow)
        }  # fmt: skip
    for row in worksheet_rows(profile, sheet):
        if isinstance(row, LeftOut):
            yield Row(row.source, row.target, "not mapped", row.why)
            continue
        found = result_of(row, values, now) if sample else None
        yield Row(
            row.text if row.expression else row.source or row.text, row.target, terms_of(row, sheet), _note(row), found
        )


def terms_of(row: AttributeFlow, sheet: Sheet) -> str:
    """The terms of a mapping, for people."""
    terms = []
    if row.matching:
        terms.append(f"matching, precedence {row.matching}")
    if row.create_only:
        terms.append("at creation only")
    if row.flow_nulls and sheet is not Sheet.HYBRID:
        terms.append("null flows")
    if sheet is Sheet.HYBRID:
        terms.append("Microsoft's rules have it" if row.standard else "to be added")
    return ", ".join(terms)


def _note(row: AttributeFlow) -> str:
    note = row.note
    if row.published and row.published not in ("active",):
        note = f"{note}; the tutorial has {row.published}" if note else f"the tutorial has {row.published}"
    return note


def result_of(flow: AttributeFlow, values: Mapping[str, str | None], now: dt.datetime) -> str | None:
    """The value that a mapping makes of a record; None for no value, and where the documentation does not tell it."""
    by_name = {name.lower(): value for name, value in values.items()}
    if flow.expression is None:
        return flow.value if flow.source is None else by_name.get(flow.source.lower(), _manager(flow.source, by_name))
    try:
        expression = parse(flow.expression)
    except ExpressionFault:
        return None
    record = {name: _typed(by_name.get(name.lower())) for name in flow.reads}
    made = compiled(expression).evaluate(record, Surroundings(now))
    if isinstance(made, Unknown) or made is None:
        return None
    return show_random(str(made))


def _manager(source: str, by_name: Mapping[str, str | None]) -> str | None:
    return by_name.get(f"{source.lower()}.value")


def _typed(value: str | None) -> str | None:
    """A boolean as the service writes it; every other value is a text."""
    return value.capitalize() if value in ("true", "false") else value


def _of(values: Mapping[str, str | None] | None, name: str) -> str | None:
    return values.get(name) if values else None


def worksheet_values(made: Worksheets) -> dict[str, object]:
    """All as plain values."""
    return (
        {"profile": made.profile, "sha256": made.sha256, "targets": list(made.kinds),
         "worker": made.sample and made.sample.person_number,
         "worksheets": [{"number": sheet.number, "title": sheet.title, "applies": sheet.applies,
                         "rows": [vars(row) for row in sheet.rows]} for sheet in made.sheets]}
    )  # fmt: skip
