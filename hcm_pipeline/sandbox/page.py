"""What a person sees who opens the sandbox in a browser."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from hcm_pipeline.sandbox.clock import iso
from hcm_pipeline.sandbox.service import Sandbox

LATEST = 20


def page(sandbox: Sandbox) -> str:
    """Counts, the last log entries and the last requests, as plain HTML."""
    counts = sandbox.counts()
    job, clock = counts["job"], counts["clock"]
    numbers = [(name, value) for name, value in counts.items() if isinstance(value, int)]
    log = sandbox.store.rows("SELECT at, source_id, action, status FROM log ORDER BY at DESC LIMIT ?", (LATEST,))
    entries = [(iso(row["at"]), row["source_id"], row["action"], row["status"]) for row in log]
    requests = [
        (call["time"], call["status"], len(call["bulkIds"]), call["sha256"][:12])
        for call in reversed(sandbox.received(LATEST))
    ]
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><title>Sandbox</title><h1>Sandbox Microsoft Entra ID</h1>"
        f"<p>Job {escape(job['id'])} is {escape(job['status'])}. Clock: {escape(clock['now'])} "
        f"({escape(clock['mode'])}).</p>"
        + _table("State", ("what", "count"), numbers)
        + _table("Last log entries", ("time", "externalId", "action", "status"), entries)
        + _table("Last requests", ("time", "status", "operations", "sha256"), requests)
        + "</html>"
    )


def _table(title: str, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    head = "".join(f"<th scope=col>{escape(name)}</th>" for name in heads)
    body = "".join("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<h2>{escape(title)}</h2><table border=1><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
