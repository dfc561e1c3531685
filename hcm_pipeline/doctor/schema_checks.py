"""The job's schema, the attribute by which accounts are found, the domains of user names, and the nulls that clear.

Sources: the checks of the synchronization room, "Prepare for initial sync" of the Oracle HCM tutorial, and "Clear attribute values".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from hcm_pipeline.delivery import NullFlow
from hcm_pipeline.doctor.examined import LONGEST_EMPLOYEE_ID, Examined
from hcm_pipeline.doctor.finding import Check, NotLookedAt, Said, failed, not_looked_at, ok, warning
from hcm_pipeline.doctor.words import counted, some
from hcm_pipeline.entra import source_attributes
from hcm_pipeline.errors import ServiceRefused
from hcm_pipeline.synchronization import SchemaFault, findings, read
from hcm_pipeline.targets.entra import compile_mapping, flows_of

SHOWN = 10
"""Differences that are told one by one."""
MATCHING_RULES = frozenset(("matching_chain",))
"""Rules of a schema that `matching` tells."""
MAPPINGS = "Entra admin center > Enterprise applications > the app > Provisioning > Mappings"


def _schema(seen: Examined) -> Iterator[Said]:
    told = seen.schema()
    try:
        schema = read(told)
    except SchemaFault as fault:
        yield failed(
            f"the job's schema has not the form of one: {fault}", "nobody can tell what the job makes of a record",
            "`hcm-pipeline target export` keeps it; `hcm-pipeline target apply` makes it anew",
        )  # fmt: skip
        return
    clean = True
    for one in findings(schema):
        if one.rule in MATCHING_RULES:
            continue
        clean = False
        attribute = f"{one.attribute}: " if one.attribute else ""
        said = failed if one.severity == "error" else warning
        yield said(
            f"{attribute}{one.sentence} ({one.rule})",
            "the job does something else than the profile means",
            _upper(one.mend),
        )
    differences = seen.means.differences(seen.profile, schema) if seen.means.differences else []
    for one in differences[:SHOWN]:
        clean = False
        yield warning(
            f"the schema differs from the profile: {one}", "what the profile says of it does not come about",
            "`hcm-pipeline target diff` shows all of it, `hcm-pipeline target apply` mends it after approval",
        )  # fmt: skip
    if len(differences) > SHOWN:
        yield warning(
            f"and {len(differences) - SHOWN:,} more differences",
            "see above",
            "`hcm-pipeline target diff` shows them all",
        )
    if clean:
        yield ok("the schema is the profile's, and breaks no rule")


def _upper(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def _matching(seen: Examined) -> Iterator[Said]:
    yield from _by_schema(seen)
    yield from _workers(seen)
    yield from _accounts(seen)


def _by_schema(seen: Examined) -> Iterator[Said]:
    try:
        schema = read(seen.schema())
        broken = [one for one in findings(schema) if one.rule in MATCHING_RULES]
    except (SchemaFault, NotLookedAt):
        return
    for one in broken:
        yield failed(
            one.sentence,
            "accounts are not found, or found by the wrong thing: people get second accounts",
            _upper(one.mend),
        )


def _workers(seen: Examined) -> Iterator[Said]:
    facts = seen.warehouse
    mend = "Correct the person number in Oracle HCM, or its column in [fields.person_number]"
    if facts.too_long and not seen.to_active_directory:
        yield failed(
            f"{counted(facts.too_long, 'worker')} of {facts.people:,} with a person number longer than {LONGEST_EMPLOYEE_ID} characters",
            "employeeId of Entra ID takes no more, so that their accounts fail and are never found again", mend,
        )  # fmt: skip
    if facts.alike:
        yield failed(
            f"{counted(facts.alike, 'person number')} differ from another's only by case or blanks",
            "the directory takes them for one, and two people share an account", mend,
        )  # fmt: skip
    if not (facts.too_long or facts.alike):
        yield ok(f"the person numbers of {counted(facts.people, 'worker')} are filled and unique")


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
    yield from _told_of("the tenant", len(users), numbers.total(), sum(times > 1 for times in numbers.values()), 0, 0)


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
        yield ok(f"{where}: {filled:,} of {counted(users, 'account')} have a person number, each its own")


def _domains(seen: Examined) -> Iterator[Said]:
    identity = seen.profile.identity
    used = Counter(dict.fromkeys((identity.domain.lower(), *(one.domain.lower() for one in identity.domains)), 0))
    try:
        used.update({name: count for name, count in seen.warehouse.suffixes.items() if name})
    except NotLookedAt:
        pass  # the profile alone names them
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
            f", and {counted(count, 'user name')} end with it" if count else ", and the profile gives it to newcomers"
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
    profile, schema = seen.profile, seen.schema()
    columns = [leaf.column for leaf in compile_mapping(profile).leaves]
    told = flows_of(columns, source_attributes(schema, profile.delivery.null_flow_field))
    flows = {name: flow is NullFlow.FLOWS for name, flow in told.items()}
    try:
        stale = seen.warehouse.cleared
    except NotLookedAt:
        stale = {}
    staying = {name: count for name, count in stale.items() if not flows.get(name)}
    for name, count in staying.items():
        yield failed(
            f"{_short(name)}: {counted(count, 'account')} keep a value that HR has cleared, for the job flows no nulls of it",
            "the log calls the update a success all the same",
            f"Switch `Flow null values` on at the source attribute and at its mapping: {MAPPINGS}; or clear them by hand, and"
            " `hcm-pipeline outcomes --cleared`",
        )  # fmt: skip
    clearing = [name for name in stale if flows.get(name)]
    if clearing:
        yield ok(f"nulls flow by now for {some(map(_short, clearing))}: the next plan clears what stays")
    wanted = set(profile.delivery.flows_nulls)
    if broken := sorted(_short(name) for name, flow in flows.items() if not flow and {name, _short(name)} & wanted):
        yield failed(
            f"delivery.flows_nulls names {some(broken)}, and the job flows no nulls of it",
            "what HR clears stays in accounts, and the log calls it a success",
            f"Switch `Flow null values` on at the source attribute and at its mapping: {MAPPINGS}; or take it out of the profile",
        )  # fmt: skip
    if not staying and not broken:
        yield ok(
            f"nulls flow for {sum(flows.values())} of {len(flows)} attributes, and no account keeps a cleared value of another"
        )


def _short(attribute: str) -> str:
    return attribute.rpartition(":")[2] if attribute.startswith("urn:") else attribute


CHECKS = (
    Check("schema", "schema", "the job's schema, against the profile and against the rules of schemas", _schema),
    Check(
        "matching", "schema", "the attribute by which accounts are found: unique and filled on both sides", _matching
    ),
    Check("domains", "schema", "the domains of user names, against those that the tenant has verified", _domains),
    Check("null-flow", "schema", "which nulls clear, against what has been cleared", _null_flow),
)
