"""What a code of the provisioning log asks for: patience, other data, another configuration.

The codes and what they mean: entra-docs `monitoring-health/howto-analyze-provisioning-logs.md`, `hr-user-creation-issues.md`
and `hr-user-update-issues.md`. A failure that only waits is tried again with growing waits; the others are not sent again
before something has changed, for the answer would be the same.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

import duckdb
import pyarrow as pa

from hcm_pipeline.profile import Outcomes


class FailureClass(StrEnum):
    """What has to happen before sending again can help."""

    RETRY = "retry later"
    DATA = "needs data"
    CONFIGURATION = "needs configuration"
    MANAGER = "needs its manager"


@dataclass(frozen=True)
class Mend:
    """The class of a code, and what a person does about it."""

    failure_class: FailureClass
    mend: str


_PASSES = "nothing to do: it passes, and the worker is sent again by itself"
_TAKEN = "another account or object holds a value that must be unique: find it in Entra ID, and free it, or change the worker's"
_RIGHTS = (
    "the service may not write this account: check the roles and permissions of the provisioning app and its agent"
)

_CODES: dict[str, Mend] = {
    "TooManyRequests": Mend(FailureClass.RETRY, _PASSES),
    "InternalServerError": Mend(FailureClass.RETRY, _PASSES),
    "InternalError": Mend(FailureClass.RETRY, _PASSES),
    "WebExceptionProtocolError": Mend(FailureClass.RETRY, _PASSES),
    "Timeout": Mend(FailureClass.RETRY, _PASSES),
    "Conflict": Mend(FailureClass.DATA, _TAKEN),
    "EntryConflict": Mend(FailureClass.DATA, _TAKEN),
    "MandatoryFieldsMissing": Mend(
        FailureClass.DATA, "a required attribute is blank: complete the worker in Oracle HCM"
    ),
    "MissingValues": Mend(FailureClass.DATA, "a required attribute is blank: complete the worker in Oracle HCM"),
    "DuplicateSourceEntries": Mend(
        FailureClass.DATA, "two source records have one matching value: correct the one of them"
    ),
    "ImportSkipped": Mend(FailureClass.DATA, "the record lacks what accounts are matched by: complete the worker"),
    "AzureActiveDirectoryInvalidUserPrincipalName": Mend(
        FailureClass.DATA,
        "the userPrincipalName is not legal or its domain not verified: `identity show` tells its rule",
    ),
    "HybridSynchronizationActiveDirectoryUserPrincipalNameNotUnique": Mend(FailureClass.DATA, _TAKEN),
    "HybridSynchronizationActiveDirectoryInvalidParameter": Mend(
        FailureClass.DATA,
        "Active Directory refuses a value: compare the payload (`trace`) with the limits of its attributes",
    ),
    "InvalidAttributeSyntax": Mend(
        FailureClass.DATA, "Active Directory refuses a value, often an empty one: map it with IgnoreFlowIfNullOrEmpty"
    ),
    "InsufficientRights": Mend(FailureClass.CONFIGURATION, _RIGHTS),
    "MethodNotAllowed": Mend(FailureClass.CONFIGURATION, _RIGHTS),
    "NotPermitted": Mend(FailureClass.CONFIGURATION, _RIGHTS),
    "Unauthorized": Mend(FailureClass.CONFIGURATION, _RIGHTS),
    "UnprocessableEntity": Mend(
        FailureClass.CONFIGURATION, "the target did not understand the request: check the attribute mappings of the app"
    ),
    "NotImplemented": Mend(
        FailureClass.CONFIGURATION, "the target does not know this operation: check the app and its attribute mappings"
    ),
    "InvalidAnchor": Mend(
        FailureClass.CONFIGURATION, "the matched account is gone: restore it, or restart provisioning to match anew"
    ),
    "SchemaAttributeNotFound": Mend(
        FailureClass.CONFIGURATION,
        "a mapping names an attribute that the target lacks: correct the mapping or the schema",
    ),
    "InvalidDomain": Mend(
        FailureClass.CONFIGURATION, "verify the domain in the tenant, or correct identity.domain in the profile"
    ),
    "LicenseLimitExceeded": Mend(FailureClass.CONFIGURATION, "no licence is left: buy or free some"),
    "DuplicateTargetEntries": Mend(
        FailureClass.CONFIGURATION, "several accounts have this matching value: leave it to one of them"
    ),
    "SchemaPropertyCanOnlyAcceptValue": Mend(
        FailureClass.CONFIGURATION, "an attribute takes one value and is sent several: correct its mapping"
    ),
    "AzureActiveDirectoryCannotUpdateObjectsMasteredOnPremises": Mend(
        FailureClass.CONFIGURATION,
        "the account is mastered in Active Directory: send it through the app for Active Directory",
    ),
    "HybridSynchronizationActiveDirectoryCannotFindAttribute": Mend(
        FailureClass.CONFIGURATION, "restart the provisioning agent, or correct the mapping to an attribute that exists"
    ),
    "HybridSynchronizationActiveDirectoryInternalServerError": Mend(FailureClass.RETRY, _PASSES),
    "HybridIdentityServiceNoActiveAgents": Mend(
        FailureClass.RETRY, "no provisioning agent is running: start one; the worker is sent again by itself"
    ),
    "EntrySynchronizationSkipped": Mend(
        FailureClass.CONFIGURATION,
        "the app's scoping filters leave the worker out: correct them, or the profile's scope",
    ),
}
"""Every documented code."""

KNOWN_CODES = frozenset(_CODES)

UNKNOWN = Mend(
    FailureClass.RETRY,
    "the documentation does not know this code: read the service's own words (reason, advice) in receipts",
)
"""Tried again a few times with growing waits, and then left to a person: neither lost nor hammered."""

SKIPPED = _CODES["EntrySynchronizationSkipped"]
MISSING = Mend(
    FailureClass.RETRY,
    "accepted, and the log never spoke of it: it is sent again; if many are missing, look at the job",
)
UNRESOLVED = Mend(FailureClass.MANAGER, "the account has no manager yet: it is sent again when the manager's is there")

_BY_NAME = {code.lower(): mend for code, mend in _CODES.items()}
LONGEST_WAIT_SECONDS = 24 * 3600


def mend_of(code: str | None) -> Mend:
    """The class and the mend of a code, whatever its case. A suffix behind a hyphen (`…-LdapErr`) is detail."""
    name = (code or "").lower()
    return _BY_NAME.get(name) or _BY_NAME.get(name.partition("-")[0], UNKNOWN)


def make_codes(con: duckdb.DuckDBPyConnection, target: str) -> None:
    """Make temp table `codes(error_code, failure_class, mend)` of the codes that the target's log has for workers in `touched`."""
    found = con.execute(
        """select distinct error_code from log_entries semi join touched using (person_number)
        where target = ? and error_code is not null""",
        [target],
    ).fetchall()
    mends = [(code, mend_of(code)) for (code,) in found]
    con.register("known_codes", pa.table({
        "error_code": pa.array([code for code, _ in mends], pa.string()),
        "failure_class": pa.array([str(mend.failure_class) for _, mend in mends], pa.string()),
        "mend": pa.array([mend.mend for _, mend in mends], pa.string()),
    }))  # fmt: skip
    con.execute("create or replace temp table codes as from known_codes")
    con.unregister("known_codes")


def refresh(con: duckdb.DuckDBPyConnection, target: str, rules: Outcomes) -> None:
    """Bring `failures` up to date for the workers in `touched`.

    What passes is tried again after a wait that doubles with each attempt at the same version of the worker; what is missing,
    at once the first time. After `rules.retry_limit` attempts, counted anew from a person's word, nothing happens by itself.
    """
    make_codes(con, target)
    con.execute(
        "delete from failures f using touched t where f.target = ? and f.person_number = t.person_number", [target]
    )
    con.execute(
        """
        insert into failures by name
        with last as (
            select d.target, d.person_number, d.digest, d.plan_no, d.request_no, d.op_no, u.error_code,
                case when u.outcome = 'failed' then 'failed'
                    when u.outcome = 'skipped' and u.failure_class is not null then 'skipped'
                    when u.outcome is null and x.noticed_at is not null then 'missing'
                    when u.reference = 'unresolved' then 'unresolved' end as state,
                case state when 'missing' then $retry when 'unresolved' then $manager else u.failure_class end as failure_class,
                case state when 'missing' then $missing_mend when 'unresolved' then $unresolved_mend
                    when 'skipped' then if(u.error_code = 'ImportSkipped', k.mend, $skipped_mend)
                    else coalesce(k.mend, $unknown_mend) end as mend,
                coalesce(u.logged_at, x.noticed_at) as since
            from delivered d join touched using (person_number)
            left join outcomes u using (plan_no, request_no, op_no)
            left join missing_operations x using (plan_no, request_no, op_no)
            left join codes k on k.error_code = u.error_code
            where d.target = $target),
        word as (select person_number, max(decided_at) as decided_at from retry_decisions where target = $target group by 1),
        tried as (
            select l.person_number, count(*) as attempts
            from last l join operations o on o.person_number = l.person_number and o.digest = l.digest
            join manifests m on m.plan_no = o.plan_no and m.target = l.target
            left join outcomes u on (u.plan_no, u.request_no, u.op_no) = (o.plan_no, o.request_no, o.op_no)
            left join missing_operations x on (x.plan_no, x.request_no, x.op_no) = (o.plan_no, o.request_no, o.op_no)
            left join word w on w.person_number = l.person_number
            left join word e on e.person_number is null
            where (u.outcome = 'failed' or (u.outcome is null and x.noticed_at is not null))
            and coalesce(u.logged_at, x.noticed_at) > coalesce(greatest(w.decided_at, e.decided_at), timestamptz '-infinity')
            group by 1)
        select l.target, l.person_number, l.plan_no, l.request_no, l.op_no, l.state, l.error_code, l.failure_class, l.mend,
            coalesce(t.attempts, 0)::integer as attempts, l.since,
            case when l.failure_class = $retry and coalesce(t.attempts, 0) < $limit
                then l.since + to_seconds(case when l.state = 'missing' and coalesce(t.attempts, 0) <= 1 then 0 else
                    least($longest, $first * pow(2, coalesce(t.attempts, 1) - if(l.state = 'missing', 2, 1))) end::bigint)
                end as next_try_at,
            (select contract from days where status = 'done' order by business_date desc limit 1) as contract
        from last l left join tried t using (person_number) where l.state is not null
        """,
        {
            "target": target, "retry": str(FailureClass.RETRY), "manager": str(FailureClass.MANAGER),
            "missing_mend": MISSING.mend, "unresolved_mend": UNRESOLVED.mend, "skipped_mend": SKIPPED.mend,
            "unknown_mend": UNKNOWN.mend, "limit": rules.retry_limit, "longest": LONGEST_WAIT_SECONDS,
            "first": rules.retry_after_minutes * 60,
        },
    )  # fmt: skip
    con.execute("drop table codes")


def decide_retry(con: duckdb.DuckDBPyConnection, target: str, number: str | None, who: str, now: dt.datetime) -> int:
    """Note a person's word: send a failed worker again (None: all of them) with the next plan; how many it is about."""
    row = con.execute(
        "select count(*) from failures where target = $target and person_number = coalesce($number, person_number)",
        {"target": target, "number": number},
    ).fetchall()[0]
    if row[0]:
        con.execute("insert into retry_decisions values (?, ?, ?, ?)", [target, number, who, now])
    return int(row[0])
