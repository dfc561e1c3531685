"""The tables of the delivery journal, and how a journal of an earlier release gets them."""

from __future__ import annotations

import sqlite3

VERSION = 2

MANIFESTS = """
-- one row: one manifest that was ever planned for upload. folder: relative to the home. held_for: what a person decides
-- about, NULL of a free one. approved_until: a ready one counts as held from then on. newest: it is of its target's newest
-- plan
CREATE TABLE manifests (
    manifest_id TEXT PRIMARY KEY,
    business_date TEXT NOT NULL,
    target TEXT NOT NULL,
    folder TEXT NOT NULL,
    requests INTEGER NOT NULL,
    operations INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN
        ('ready', 'held', 'uploading', 'accepted', 'failed', 'rejected', 'superseded')),
    created_at TEXT NOT NULL,
    started_at TEXT,
    finished_at TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    reason TEXT,
    held_for TEXT,
    approved_until TEXT,
    newest INTEGER NOT NULL DEFAULT 1
) WITHOUT ROWID;
"""
MANIFESTS_INDEX = "CREATE INDEX manifests_by_target ON manifests (target, state);\n"
DECISIONS = """
-- one row: what a person decided about one manifest. expires_at: of an approval, until when its upload may begin
CREATE TABLE decisions (
    decision_no INTEGER PRIMARY KEY AUTOINCREMENT,
    manifest_id TEXT NOT NULL REFERENCES manifests,
    decision TEXT NOT NULL CHECK (decision IN ('approve', 'reject')),
    decided_by TEXT NOT NULL,
    decided_at TEXT NOT NULL,
    why TEXT,
    expires_at TEXT
);
"""
SCHEMA = (
    MANIFESTS
    + MANIFESTS_INDEX
    + """
-- one row: one bulk request of which a sending was begun. detail: the service's own words, which may be personal
CREATE TABLE requests (
    manifest_id TEXT NOT NULL REFERENCES manifests,
    request_no INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('planned', 'sending', 'accepted', 'refused', 'unknown')),
    sends INTEGER NOT NULL DEFAULT 0,
    first_sent_at TEXT NOT NULL,
    answered_at TEXT,
    status INTEGER,
    request_id TEXT,
    service_time TEXT,
    error TEXT,
    detail TEXT,
    PRIMARY KEY (manifest_id, request_no)
) WITHOUT ROWID;
CREATE INDEX requests_unsettled ON requests (manifest_id) WHERE state IN ('sending', 'unknown');

-- one row: one HTTP attempt, written before it is made. status: NULL while it is on its way, then the HTTP status,
-- 'unknown' when no answer came, 'unsent' when it never left
CREATE TABLE sends (
    send_no INTEGER PRIMARY KEY AUTOINCREMENT,
    manifest_id TEXT NOT NULL,
    request_no INTEGER NOT NULL,
    at TEXT NOT NULL,
    ended_at TEXT,
    status TEXT
);
CREATE INDEX sends_on_their_way ON sends (manifest_id, request_no) WHERE status IS NULL;

-- one row: one acceptance, in the order in which they became known. A request sent again has several
CREATE TABLE acceptances (
    accept_seq INTEGER PRIMARY KEY AUTOINCREMENT,
    manifest_id TEXT NOT NULL,
    request_no INTEGER NOT NULL,
    at TEXT NOT NULL,
    request_id TEXT,
    service_time TEXT NOT NULL
);
"""
    + DECISIONS
)
# SQLite cannot change a CHECK: the table is made anew (https://www.sqlite.org/lang_altertable.html, section 7)
FROM_1 = (
    MANIFESTS.replace("CREATE TABLE manifests", "CREATE TABLE manifests_2")
    + """
INSERT INTO manifests_2 SELECT *, NULL, NULL, state IN ('ready', 'uploading') FROM manifests;
DROP TABLE manifests;
ALTER TABLE manifests_2 RENAME TO manifests;
"""
    + MANIFESTS_INDEX
    + DECISIONS
)
STEPS = {0: (VERSION, SCHEMA), 1: (2, FROM_1)}
"""Version found to the version that these statements make of it."""


def version_of(db: sqlite3.Connection) -> int:
    """The version of a journal; 0 of an empty file."""
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def migrate(db: sqlite3.Connection) -> None:
    """Bring a journal to `VERSION`, inside a transaction of the caller and while foreign keys are not enforced."""
    while (found := version_of(db)) in STEPS:
        made, statements = STEPS[found]
        for statement in statements.split(";\n"):
            db.execute(statement)
        db.execute(f"PRAGMA user_version = {made}")
