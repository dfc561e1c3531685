"""The sandbox in a browser: one page, without script and without anything from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from urllib.parse import urlencode

import orjson

from hcm_pipeline.sandbox.clock import iso
from hcm_pipeline.sandbox.jobs import job_resource
from hcm_pipeline.sandbox.options import option_values
from hcm_pipeline.sandbox.service import Sandbox

LATEST = 25
"""Log entries, requests and accounts on one page."""

_STYLE = """
body { font: 14px/1.45 system-ui, sans-serif; margin: 1.5rem; max-width: 76rem; color: #1b1b1b; background: #fff }
h2 { font-size: 1.05rem; margin: 1.6rem 0 .4rem } table { border-collapse: collapse; width: 100% }
th, td { text-align: left; padding: .2rem .7rem .2rem 0; border-bottom: 1px solid #ddd; vertical-align: top }
td { overflow-wrap: break-word } td:first-child { white-space: nowrap }
.failure, .Quarantine { color: #a00 } .skipped, .warning, .Paused { color: #850 }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(22rem, 1fr)); gap: 0 2.5rem }
"""

Cell = object
Row = Sequence[Cell]


def page(sandbox: Sandbox, after: int = 0, refresh: int = 0) -> str:
    """The whole state. `after`: position of the account before the first shown; `refresh`: seconds, 0 for never."""
    counts, rules = sandbox.counts(), sandbox.rules
    job, clock = counts["job"], counts["clock"]
    numbers = [
        ("bulkUpload calls in the last 24 hours", f"{counts['callsInLastDay']} of {rules.daily_quota}"),
        ("bulkUpload calls accepted, of all", f"{counts['acceptedCalls']} of {counts['calls']}"),
        ("accounts, enabled ones", f"{counts['users']}, {counts['enabled']}"),
        ("records queued, to be tried again", f"{counts['queue']}, {counts['escrow']}"),
        ("accounts without the manager they name", counts["pendingManagers"]),
        ("log entries", counts["log"]),
        ("Oracle HCM: people, entries of feeds", ", ".join(map(str, sandbox.hcm.sizes()))),
    ]
    options = [(name, orjson.dumps(value).decode()) for name, value in option_values(rules).items()]
    reload = f"<meta http-equiv=refresh content={refresh}>" if refresh else ""
    again = (
        _link(sandbox, after, 0, "stop refreshing") if refresh else _link(sandbox, after, 5, "refresh every 5 seconds")
    )
    return (
        f"<!doctype html><html lang=en><head><meta charset=utf-8>{reload}<title>Sandbox</title><style>{_STYLE}</style></head>"
        f"<body><h1>Sandbox: {'Active Directory' if rules.target == 'ad' else 'Microsoft Entra ID'}</h1>"
        f"<p>Job {escape(job['id'])} is <strong class={escape(job['status'])}>{escape(job['status'])}</strong>. "
        f"Clock: {escape(clock['now'])} ({escape(clock['mode'])}). {again}</p>"
        "<div class=columns>"
        f"<div>{_table('State', ('what', 'how many'), numbers)}{_job(sandbox)}{_faults(sandbox)}</div>"
        f"<div>{_table('Options', ('option', 'value'), options)}</div></div>"
        + _accounts(sandbox, after, refresh)
        + _log(sandbox)
        + _received(sandbox)
        + "</body></html>"
    )


def _job(sandbox: Sandbox) -> str:
    resource = job_resource(sandbox)
    status, last = resource["status"], resource["status"]["lastExecution"] or {}
    rows: list[Row] = [
        ("schedule", resource["schedule"]["state"]),
        ("last cycle with something to do", last.get("timeEnded", "none")),
        ("its result", last.get("state", "")),
        *((f"quarantine: {name}", value) for name, value in (status["quarantine"] or {}).items()),
    ]
    return _table("Job", ("what", "value"), rows)


def _faults(sandbox: Sandbox) -> str:
    report = sandbox.faults.report()
    usual = {
        "on": "bulkUpload", "after": 0, "share": 1.0, "seed": 0, "status": 500, "code": "", "message": "", "advice": "",
        "seconds": 0.0,
    }  # fmt: skip
    rows = []
    for armed in report["armed"]:
        rest = {
            name: value
            for name, value in armed.items()
            if value is not None and usual.get(name, ...) != value and name not in ("kind", "times", "taken")
        }
        rows.append((armed["kind"], armed["times"] or "until disarmed", armed["taken"], orjson.dumps(rest).decode()))
    return _table("Armed faults", ("kind", "times", "taken", "of which"), rows)


def _accounts(sandbox: Sandbox, after: int, refresh: int) -> str:
    accounts, more = sandbox.accounts(after, LATEST)
    rows = []
    for account in accounts:
        number = account.get("employeeId", account.get("employeeID", ""))
        disabled = account.get("accountDisabled", not account.get("accountEnabled", False))
        enabled = "disabled" if disabled else "enabled"
        rows.append((number, account.get("userPrincipalName"), account.get("displayName", ""), enabled, account["id"]))
    first = _link(sandbox, 0, refresh, "first") if after else ""
    following = "" if more is None else _link(sandbox, more, refresh, "next")
    heads = ("number", "userPrincipalName", "displayName", "state", "id")
    return _table("Accounts", heads, rows) + f"<p>{first} {following}</p>"


def _log(sandbox: Sandbox) -> str:
    now = sandbox.counts()["clock"]["now"]
    rows = sandbox.store.rows(
        "SELECT at, visible_at, source_id, action, status, facts FROM log ORDER BY at DESC, seq DESC LIMIT ?", (LATEST,)
    )
    entries = []
    for row in rows:
        error = orjson.loads(row["facts"]).get("error")
        shows = "" if iso(row["visible_at"]) <= now else f"from {iso(row['visible_at'])}"
        entries.append(
            (iso(row["at"]), row["source_id"], row["action"], row["status"], error[0] if error else "", shows)
        )
    return _table("Last log entries", ("time", "externalId", "action", "status", "error code", "shows"), entries)


def _received(sandbox: Sandbox) -> str:
    rows = [
        (
            call["time"],
            call["status"] or "cut before it was taken",
            "" if call["answered"] else "the caller was not told",
            len(call["bulkIds"]),
            call["sha256"][:12],
        )
        for call in reversed(sandbox.received(LATEST))
    ]
    return _table("Last requests", ("time", "status", "answer", "operations", "sha256"), rows)


def _link(sandbox: Sandbox, after: int, refresh: int, text: str) -> str:
    given = {name: value for name, value in (("after", after), ("refresh", refresh)) if value}
    return f'<a href="{escape("/?" + urlencode({**given, "token": sandbox.page_token}))}">{escape(text)}</a>'


def _table(title: str, heads: Sequence[str], rows: Iterable[Row]) -> str:
    head = "".join(f"<th scope=col>{escape(name)}</th>" for name in heads)
    body = "".join("<tr>" + "".join(_cell(cell) for cell in row) + "</tr>" for row in rows)
    none = "" if body else f"<tr><td colspan={len(heads)}>none</td></tr>"
    return f"<h2>{escape(title)}</h2><table><thead><tr>{head}</tr></thead><tbody>{body}{none}</tbody></table>"


def _cell(cell: Cell) -> str:
    text = "" if cell is None else str(cell)
    colour = f" class={text}" if text in ("failure", "skipped", "warning") else ""
    return f"<td{colour}>{escape(text)}</td>"
