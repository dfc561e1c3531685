"""Oracle HCM: signed in to, each resource that is used read once, the feeds, the framework version, and the ways of writing back.

Nothing is written: whether a value would be taken is shown by reading the resource that takes it. Sources: the REST and Atom
guides, and the privileges that partners' set-up guides name.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from hcm_pipeline.doctor.examined import Examined
from hcm_pipeline.doctor.finding import Check, NotLookedAt, Said, failed, ok, warning
from hcm_pipeline.doctor.phrases import some
from hcm_pipeline.errors import ServiceError, SignInFailed
from hcm_pipeline.http import NoAnswer
from hcm_pipeline.oracle import ACCOUNTS_PRIVILEGE, FEEDS_PRIVILEGE, WORKERS_PRIVILEGE, HcmCalls, HcmReply
from hcm_pipeline.plain_text import counted
from hcm_pipeline.profile import Oracle

SECONDS = 20.0
UNSEEN = "its events are not seen, and only reconciliation finds the changes"
SCIM_ROOT = "/hcmRestApi/scim"
CHILDREN = ("names", "emails", "phones", "workRelationships")
"""Children of a worker without which rows are poorer, or nobody is employed."""
GRANT = "Oracle HCM > Tools > Security Console > Roles: give the integration account a role with the privilege, and run"
GRANTED = "`Import User and Role Application Security Data`"


def _oracle(seen: Examined) -> Oracle:
    if seen.settings.oracle is None:
        raise NotLookedAt("no Oracle HCM is set (ORACLE_HCM_URL); its extracts come as files")
    return seen.profile.oracle or Oracle.model_validate({})


@contextmanager
def _calls(seen: Examined) -> Iterator[HcmCalls]:
    oracle = _oracle(seen)
    assert seen.settings.oracle is not None
    calls = HcmCalls(
        seen.settings.oracle, framework_version=oracle.framework_version, timeout=SECONDS, width=2, clock=seen.clock
    )
    try:
        yield calls
    finally:
        calls.close()


def _signed_in(seen: Examined) -> Iterator[Said]:
    oracle = _oracle(seen)
    with _calls(seen) as calls:
        try:
            calls.get(f"{oracle.rest_root}/workers", [("limit", "1"), ("onlyData", "true"), ("fields", "PersonNumber")])
        except SignInFailed as error:
            yield failed(
                str(error),
                "no worker and no feed can be read",
                "Mend what it names; a locked account is opened by Oracle HCM's administrators",
            )
            return
        except (NoAnswer, ServiceError) as error:
            yield failed(
                str(error),
                "no worker and no feed can be read",
                "Look at ORACLE_HCM_URL, the network, HTTPS_PROXY and SSL_CERT_FILE",
            )
            return
        ahead = calls.service_time - seen.today()
    yield ok("Oracle HCM has signed us in")
    if abs(ahead) > dt.timedelta(minutes=2):
        side = "behind" if ahead > dt.timedelta(0) else "ahead of"
        yield warning(
            f"this machine's clock is {counted(round(abs(ahead.total_seconds())), 'second')} {side} Oracle HCM's",
            "feeds are read by Oracle's clock, so that nothing is lost; tokens may look expired", "timedatectl set-ntp true",
        )  # fmt: skip


def _answer(calls: HcmCalls, path: str, query: Sequence[tuple[str, str]]) -> HcmReply:
    try:
        return calls.get(path, query)
    except (SignInFailed, NoAnswer, ServiceError):
        raise NotLookedAt("Oracle HCM gave no answer, or did not sign us in: see `oracle-sign-in`") from None


def _workers(seen: Examined) -> Iterator[Said]:
    oracle = _oracle(seen)
    with _calls(seen) as calls:
        query = [("limit", "1"), ("expand", ",".join(CHILDREN))]
        found = _answer(calls, f"{oracle.rest_root}/workers", query)
    if found.status == 403:
        yield _refused("workers", WORKERS_PRIVILEGE, "nobody is read")
        return
    if found.status != 200:
        yield failed(
            f"{oracle.rest_root}/workers: {found.reply.describe()}", "nobody is read",
            "Look at oracle.rest_root and oracle.framework_version of the profile",
        )  # fmt: skip
        return
    items = found.body.get("items") if isinstance(found.body, Mapping) else None
    if not items:
        yield warning(
            "workers shows nobody", "the account's data security hides all people: each is then missing, not gone",
            "Oracle HCM > Setup and Maintenance > Assign Security Profiles to Role: View All People for the account's role",
        )  # fmt: skip
        return
    one = items[0] if isinstance(items[0], Mapping) else {}
    if absent := [name for name in CHILDREN if name not in one]:
        yield warning(
            f"workers shows no {some(absent)}", "a missing data privilege shows as absent children, and their values stay blank",
            f"{GRANT} {GRANTED}: {WORKERS_PRIVILEGE}, and the duties of what is absent",
        )  # fmt: skip
        return
    yield ok("workers are read, with names, mail, phones and work relationships")
    shape = next((one[name] for name in CHILDREN if name in one), None)
    if oracle.framework_version >= 3 and isinstance(shape, list):
        yield warning(
            f"the service does not answer in framework version {oracle.framework_version}",
            "children are read all the same, but those past the first page cannot be told from the last",
            "Set oracle.framework_version to one that the pod knows (its REST guide lists them)",
        )  # fmt: skip


def _refused(resource: str, privilege: str, means: str) -> Said:
    return failed(f"{resource}: the account lacks a privilege: {privilege}", means, f"{GRANT} {GRANTED}")


def _feeds(seen: Examined) -> Iterator[Said]:
    oracle = _oracle(seen)
    if seen.profile.oracle is None:
        raise NotLookedAt("the profile does not follow Oracle HCM's feeds")
    fine = []
    with _calls(seen) as calls:
        for feed in oracle.feeds:
            path = f"{oracle.atom_root}/{feed if '/' in feed else f'employee/{feed}'}"
            found = _answer(calls, path, [("page", "1"), ("page-size", "1")])
            if found.status == 403:
                yield _refused(
                    f"feed {feed}",
                    FEEDS_PRIVILEGE,
                    UNSEEN,
                )
            elif found.status == 404:
                yield failed(
                    f"feed {feed} is not there, or switched off", UNSEEN,
                    "Oracle HCM > Setup and Maintenance > Manage HCM Atom Feeds: enable it; or take it out of oracle.feeds",
                )  # fmt: skip
            elif found.status >= 400:
                yield failed(
                    f"feed {feed}: {found.reply.describe()}",
                    "its events are not seen",
                    "Look at oracle.atom_root of the profile",
                )
            else:
                fine.append(feed)
    if fine:
        yield ok(f"feeds are read: {some(fine, 7)}")


def _writeback(seen: Examined) -> Iterator[Said]:
    oracle, back = _oracle(seen), seen.profile.writeback
    if back is None:
        raise NotLookedAt("the profile writes nothing back")
    if "user_name" not in back.to_hr and not back.account_mail:
        yield ok("writing back needs workers alone")
        return
    ways = {
        "user_accounts": (f"{oracle.rest_root}/userAccounts", [("limit", "1"), ("onlyData", "true")]),
        "scim": (f"{SCIM_ROOT}/Users", [("startIndex", "1"), ("count", "1")]),
    }
    used = list(ways) if back.user_name_by == "auto" else [back.user_name_by]
    with _calls(seen) as calls:
        statuses = {way: _answer(calls, *ways[way]).status for way in used}
    working = [way for way, status in statuses.items() if status == 200]
    if not working:
        told = ", ".join(f"{way} {status}" for way, status in statuses.items())
        yield failed(
            f"no way of writing user names may be read ({told})", "user names of Entra ID do not come back to Oracle HCM",
            f"{GRANT} {GRANTED}: {ACCOUNTS_PRIVILEGE}; for SCIM the role IT Security Manager",
        )  # fmt: skip
        return
    yield ok(f"user names are read by {' and by '.join(working)}; that they are taken is shown by the first writing")


CHECKS = (
    Check("oracle-sign-in", "oracle", "the sign-in to Oracle HCM, and its clock", _signed_in),
    Check("oracle-workers", "oracle", "one worker with child resources, and the framework version", _workers),
    Check("oracle-feeds", "oracle", "each Atom feed of the profile", _feeds),
    Check("oracle-writeback", "oracle", "the ways of writing user names back", _writeback),
)
