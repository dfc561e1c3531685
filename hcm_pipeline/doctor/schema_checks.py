"""The job's schema, the attribute by which accounts are found, the domains of user names, and the nulls that clear.

Sources: the rules of the synchronization room, "Prepare for initial sync" of the Oracle HCM tutorial, "Clear attribute values".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress

from hcm_pipeline.delivery import NullFlow
from hcm_pipeline.doctor.examined import LONGEST_EMPLOYEE_ID, Examined
from hcm_pipeline.doctor.finding import Check, NotLookedAt, Said, failed, not_looked_at, ok, warning
from hcm_pipeline.doctor.phrases import some
from hcm_pipeline.entra import MOST_PAGES, source_attributes
from hcm_pipeline.errors import ServiceRefused
from hcm_pipeline.plain_text import counted, of_all
from hcm_pipeline.profile import TargetKind
from hcm_pipeline.synchronization import Difference, DifferenceKind, Finding, SchemaFault, compare, findings, read
from hcm_pipeline.targets.entra import compile_mapping, date_mappings, flows_of, generated_schema

PAGE = 999
"""Accounts of a page of Graph's."""
SHOWN = 10
"""Differences that are told one by one."""
MATCHING, NULLS = "matching", "null-flow"
ELSEWHERE = {
    "matching_chain": MATCHING,
    "null_switches": NULLS,
    DifferenceKind.MATCHING: MATCHING,
    DifferenceKind.NULL_FLOW_OFF: NULLS,
    DifferenceKind.NULL_FLOW_ON: NULLS,
}
"""Rules and kinds of difference that another check than `schema` tells."""
BROKEN = frozenset((
    DifferenceKind.NO_MAPPING_OF_PEOPLE, DifferenceKind.ATTRIBUTE_MISSING, DifferenceKind.MAPPING_MISSING,
    DifferenceKind.CREATE_ONLY_MISSING, DifferenceKind.SWITCHED_OFF, DifferenceKind.ACTIONS, DifferenceKind.MATCHING,
))  # fmt: skip
"""Differences by which something is lost; another one may be meant."""
MAPPINGS = "Entra admin center > Enterprise applications > the app > Provisioning > Mappings"
APPLY = "`hcm-pipeline target diff` shows all of it, `hcm-pipeline target apply` mends it after approval"


def _judged(seen: Examined) -> tuple[tuple[Finding, ...], tuple[Difference, ...]]:
    """The rules that the schema breaks, and how it differs from the profile's. Raises SchemaFault."""

    def judge() -> tuple[tuple[Finding, ...], tuple[Difference, ...]]:
        schema = read(seen.schema())
        kind = TargetKind.ACTIVE_DIRECTORY if seen.to_active_directory else TargetKind.ENTRA
        return findings(schema), compare(schema, generated_schema(seen.profile, kind, schema).schema)

    return seen.once("judged", judge)


def _schema(seen: Examined) -> Iterator[Said]:
    try:
        broken, differences = _judged(seen)
    except SchemaFault as fault:
        yield failed(
            f"the job's schema has not the form of one: {fault}", "nobody can tell what the job makes of a record",
            "`hcm-pipeline target export` keeps it; `hcm-pipeline target apply` makes it anew",
        )  # fmt: skip
        return
    said = [*_rules(seen, broken, "schema"), *_differences(seen, differences, "schema")]
    yield from said or [ok("the schema is the profile's, and breaks no rule")]


def _rules(seen: Examined, broken: Iterable[Finding], check: str) -> Iterator[Said]:
    for one in broken:
        if ELSEWHERE.get(one.rule, "schema") == check:
            attribute = f"{one.attribute}: " if one.attribute else ""
            said = failed if one.severity == "error" and not _own_sandbox(seen) else warning
            yield said(
                f"{attribute}{one.sentence} ({one.rule})", "the job does something else than is meant", _upper(one.mend)
            )


def _differences(seen: Examined, differences: Iterable[Difference], check: str) -> Iterator[Said]:
    mine = [one for one in differences if ELSEWHERE.get(one.kind, "schema") == check]
    for one in mine[:SHOWN]:
        said = failed if one.kind in BROKEN and not _own_sandbox(seen) else warning
        yield said(
            f"the job's schema is not the profile's: {one.sentence}",
            "what the profile says of it does not come about",
            APPLY,
        )
    if len(mine) > SHOWN:
        yield warning(f"and {len(mine) - SHOWN:,} more differences", "as above", APPLY)


def _own_sandbox(seen: Examined) -> bool:
    """Whether the job is that of the home's own sandbox: it begins with a schema of its own, and is there to try things."""
    return seen.settings.target is None


def _upper(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def _matching(seen: Examined) -> Iterator[Said]:
    try:
        broken, differences = _judged(seen)
    except (SchemaFault, NotLookedAt):
        broken, differences = (), ()
    yield from _rules(seen, broken, MATCHING)
    yield from _differences(seen, differences, MATCHING)
    yield from _workers(seen)
    yield from _accounts(seen)


def _workers(seen: Examined) -> Iterator[Said]:
    facts = seen.warehouse
    mend = "Correct the person number in Oracle HCM, or its column in [fields.person_number]"
    if facts.too_long and not seen.to_active_directory:
        yield failed(
            f"{counted(facts.too_long, 'worker')} of {facts.people:,} with a number longer than {LONGEST_EMPLOYEE_ID} characters",
            "employeeId of Entra ID takes no more, so that their accounts fail and are never found again", mend,
        )  # fmt: skip
    if facts.alike:
        yield failed(
            f"{counted(facts.alike, 'person number', 'differ')} from another's only by case or blanks",
            "the directory takes them for one, and two people share an account", mend,
        )  # fmt: skip
    if not (facts.too_long or facts.alike):
        yield ok(f"the person number of each of {counted(facts.people, 'worker')} is filled and unique")


def _accounts(seen: Examined) -> Iterator[Said]:
    facts = seen.warehouse
    if facts.accounts:
        for one in facts.accounts:
            yield from _told_of(f"directory {one.directory}", one.users, one.filled, one.twice, one.named, one.near)
        return
    if seen.to_active_directory:
        yield not_looked_at("no directory has been read: `hcm-pipeline identity directory`")
        return
    try:
        users = seen.users()
    except ServiceRefused as refused:
        yield not_looked_at(f"the tenant's accounts were refused ({refused.status})")
        return
    except NotLookedAt as reason:
        yield not_looked_at(f"the tenant's accounts: {reason}")
        return
    numbers = Counter(
        str(user["employeeId"]).strip().lower() for user in users if str(user.get("employeeId") or "").strip()
    )
    where = "the tenant" if len(users) < MOST_PAGES * PAGE else f"the first {len(users):,} accounts of the tenant"
    yield from _told_of(where, len(users), numbers.total(), sum(times > 1 for times in numbers.values()), 0, 0)


def _told_of(where: str, users: int, filled: int, twice: int, named: int, near: int) -> Iterator[Said]:
    mend = "`hcm-pipeline plan --initial` names them; correct employeeId there before the first load"
    if twice:
        yield failed(
            f"{where}: {counted(twice, 'person number')} that several accounts have",
            "the job finds two accounts for one person, and updates neither (DuplicateTargetEntries)", mend,
        )  # fmt: skip
    if near:
        yield warning(
            f"{where}: {counted(near, 'account')} whose person number is a worker's but for leading zeros, blanks or case",
            "they are not found, and their people get second accounts", mend,
        )  # fmt: skip
    if named:
        yield warning(
            f"{where}: {counted(named, 'account')} that a worker's user name names, and no person number",
            "they are not found, and a second account for the same name fails", mend,
        )  # fmt: skip
    if not (twice or near or named):
        yield ok(f"{where}: {of_all(filled, users, 'account', 'have')} a person number, each its own")


def _domains(seen: Examined) -> Iterator[Said]:
    identity = seen.profile.identity
    used = Counter(dict.fromkeys((identity.domain.lower(), *(one.domain.lower() for one in identity.domains)), 0))
    with suppress(NotLookedAt):  # then the profile alone names them
        used.update({name: count for name, count in seen.warehouse.suffixes.items() if name})
    seen.connection  # noqa: B018 - without a target nobody verifies domains
    try:
        listed = seen.values("domains", "Domain.Read.All")
        known = {str(one.get("id")).lower(): one.get("isVerified") is True for one in listed}
    except ServiceRefused as refused:
        raise NotLookedAt(f"the list of domains was refused ({refused.status})") from None
    wrong = {name: count for name, count in sorted(used.items()) if not known.get(name)}
    for name, count in wrong.items():
        what = "is not verified" if name in known else "is no domain of the tenant"
        whose = (
            f", and {counted(count, 'user name', 'end')} with it"
            if count
            else ", and the profile gives it to newcomers"
        )
        if seen.to_active_directory:
            yield warning(
                f"{name} {what}{whose}", "Entra Connect replaces it by the initial domain when the account comes up to the cloud",
                "Entra admin center > Settings > Domain names > Add custom domain, and verify it",
            )  # fmt: skip
        else:
            yield failed(
                f"{name} {what}{whose}", "accounts with such a user name are refused (InvalidDomain)",
                "Entra admin center > Settings > Domain names: add and verify it; or correct [identity] domain of the profile",
            )  # fmt: skip
    if not wrong:
        yield ok(f"verified: {some(sorted(used))}")


def _null_flow(seen: Examined) -> Iterator[Said]:
    profile = seen.profile
    try:
        broken, differences = _judged(seen)
    except SchemaFault:
        raise NotLookedAt("the job's schema cannot be read: see `schema`") from None
    said = list(_rules(seen, broken, NULLS))
    off = [_short(one.attribute) for one in differences if one.kind is DifferenceKind.NULL_FLOW_OFF]
    if off:
        said.append(warning(
            f"nulls do not flow for {counted(len(off), 'attribute')} that may be cleared: {some(off)}",
            "what HR clears stays in accounts, and the log calls the update a success", APPLY,
        ))  # fmt: skip
    on = [one for one in differences if one.kind is DifferenceKind.NULL_FLOW_ON]
    said += [warning(one.sentence, "a record without it clears it", APPLY) for one in on]
    columns = [leaf.column for leaf in compile_mapping(profile).leaves]
    told = flows_of(columns, source_attributes(seen.schema(), profile.delivery.null_flow_field))
    flows = {name: flow is NullFlow.FLOWS for name, flow in told.items()}
    try:
        stale = seen.warehouse.cleared
    except NotLookedAt:
        stale = {}
    for name, count in stale.items():
        if not flows.get(name):
            said.append(failed(
                f"{_short(name)}: {counted(count, 'account', 'keep')} a value that HR has cleared: the job flows no nulls of it",
                "the log calls the update a success all the same",
                f"Switch `Flow null values` on at the source attribute and at its mapping: {MAPPINGS}; or clear them by hand, and"
                " tell it: `hcm-pipeline outcomes --cleared`",
            ))  # fmt: skip
    yield from said
    if not said:
        yield ok(
            f"nulls flow for {sum(flows.values())} of {len(flows)} attributes, and no account keeps a cleared value of another"
        )


def _workflows(seen: Examined) -> Iterator[Said]:
    profile = seen.profile
    dates = date_mappings(profile, compile_mapping(profile))
    if not any(one.attribute for one in dates.values()):
        raise NotLookedAt(
            "the profile maps neither employeeHireDate nor employeeLeaveDateTime: no lifecycle workflow works by them"
        )
    said = [
        warning(
            one.finding, "a joiner's or a leaver's workflow begins at another time than is meant, or never",
            "Map it in [scim.mapping], with `time` and `zone`",
        )
        for one in dates.values() if one.finding
    ]  # fmt: skip
    yield from said or [ok("both dates are mapped, with a time of day and a zone of their own")]


def _short(attribute: str) -> str:
    return attribute.rpartition(":")[2] if attribute.startswith("urn:") else attribute


CHECKS = (
    Check("schema", "schema", "the job's schema, against the profile and against the rules of schemas", _schema),
    Check(
        "matching",
        "schema",
        "whether the attribute by which accounts are found is unique and filled on both sides",
        _matching,
    ),
    Check("domains", "schema", "the domains of user names, against those that the tenant has verified", _domains),
    Check(
        "workflows",
        "schema",
        "whether the dates that start lifecycle workflows are mapped, with a time and a zone",
        _workflows,
    ),
    Check("null-flow", "schema", "the attributes whose nulls clear, against those that HR has cleared", _null_flow),
)
