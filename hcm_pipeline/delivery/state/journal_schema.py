"""The tables of the delivery journal."""

from __future__ import annotations

from hcm_pipeline.sqlite_state import Schema

TABLES = """
-- one row: one manifest that was ever planned for upload. folder: relative to the home. held_for: what a person decides
-- about, NULL of a free one. approved_until: a ready one counts as held from then on. newest: it is of its target's newest
-- plan. started_by: the person whose run planned it first, NULL when nobody is known (a sensor, a schedule)
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
    newest INTEGER NOT NULL DEFAULT 1,
    started_by TEXT
) WITHOUT ROWID;
CREATE INDEX manifests_by_target ON manifests (target, state);

-- one row: one request of which a sending was begun. detail: the service's own words, which may be personal
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

-- one row: one attempt, written before it is made. status: NULL while it is on its way, then the status of the answer,
-- 'unknown' when it may have arrived (no answer came, or one that does not tell), 'unsent' when it never left
CREATE TABLE sends (
    send_no INTEGER PRIMARY KEY AUTOINCREMENT,
    manifest_id TEXT NOT NULL,
    request_no INTEGER NOT NULL,
    at TEXT NOT NULL,
    ended_at TEXT,
    status TEXT
);
CREATE INDEX sends_in_doubt ON sends (manifest_id, request_no) WHERE (status IS NULL OR status = 'unknown');

-- one row: one acceptance, in the order in which they became known. A request sent again has several
CREATE TABLE acceptances (
    accept_seq INTEGER PRIMARY KEY AUTOINCREMENT,
    manifest_id TEXT NOT NULL,
    request_no INTEGER NOT NULL,
    at TEXT NOT NULL,
    request_id TEXT,
    service_time TEXT NOT NULL
);

-- one row: what a person decided about one manifest. how: at the command line, in the UI, or there signed in at a proxy.
-- expires_at: of an approval, until when its upload may begin. before: the digest of the decision before. digest: the sha256
-- over the row, see `decision_chain`
CREATE TABLE decisions (
    decision_no INTEGER PRIMARY KEY AUTOINCREMENT,
    manifest_id TEXT NOT NULL REFERENCES manifests,
    decision TEXT NOT NULL CHECK (decision IN ('approve', 'reject')),
    decided_by TEXT NOT NULL,
    how TEXT NOT NULL CHECK (how IN ('cli', 'ui', 'proxy')),
    decided_at TEXT NOT NULL,
    why TEXT,
    expires_at TEXT,
    before TEXT NOT NULL,
    digest TEXT NOT NULL
);

-- one row: one manifest, in the order of planning: a newer plan has a higher place
CREATE TABLE plan_order (place INTEGER PRIMARY KEY AUTOINCREMENT, manifest_id TEXT NOT NULL UNIQUE);

-- one row: one worker of one target, and the newest plan of which a version was begun to be sent
CREATE TABLE sent_versions (
    target TEXT NOT NULL,
    person_number TEXT NOT NULL,
    place INTEGER NOT NULL,
    PRIMARY KEY (target, person_number)
) WITHOUT ROWID;

-- one row: one call that counts against the limits of a tenant. ended_at: NULL while it is on its way
CREATE TABLE paced_calls (
    call_no INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant TEXT NOT NULL,
    target TEXT NOT NULL,
    begun_at TEXT NOT NULL,
    ended_at TEXT
);
CREATE INDEX paced_calls_ended ON paced_calls (tenant, ended_at);

-- one row: one target to which nothing is sent before `until`
CREATE TABLE pauses (
    target TEXT PRIMARY KEY,
    manifest_id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('quota', 'service', 'job', 'canary')),
    until TEXT NOT NULL,
    reason TEXT NOT NULL
) WITHOUT ROWID;

-- one row: one manifest whose canary was judged, or that a person lets go on without. by, how: of the latter, the
-- person, as of a decision
CREATE TABLE canaries (
    manifest_id TEXT PRIMARY KEY,
    state TEXT NOT NULL CHECK (state IN ('failed', 'released')),
    reason TEXT NOT NULL,
    at TEXT NOT NULL,
    by TEXT,
    how TEXT
) WITHOUT ROWID;

-- one row: one profile (sha256) that a target has processed well; the newest is the one in use
CREATE TABLE proven_profiles (target TEXT PRIMARY KEY, profile TEXT NOT NULL, at TEXT NOT NULL) WITHOUT ROWID;

-- one row: what one acceptance said at once became of operations of its request, as JSON
CREATE TABLE answered_outcomes (
    accept_seq INTEGER NOT NULL REFERENCES acceptances,
    place INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    PRIMARY KEY (accept_seq, place)
) WITHOUT ROWID;

-- one row: this file, by a random name: an empty one in its place is another. place: where its home lay when it was last
-- known to be the only one, NULL before anybody asked
CREATE TABLE this_journal (journal_id TEXT NOT NULL, place TEXT);
INSERT INTO this_journal VALUES (lower(hex(randomblob(16))), NULL);

-- one row: one target, and how far its entries were compared with this journal. checked_until, accepted_until: the service's clock.
-- stopped_at: since when the target is known to know more, NULL when it does not; reason: of that, or why it could not be asked.
-- waits_until: a home that lies elsewhere than it did asks once more then
CREATE TABLE fences (
    target TEXT PRIMARY KEY,
    checked_until TEXT,
    accepted_until TEXT,
    stopped_at TEXT,
    reason TEXT,
    waits_until TEXT
) WITHOUT ROWID;

-- one row: what a person decided about a home's history at a target, or about the target itself. found: what it was about
CREATE TABLE history_decisions (
    decision_no INTEGER PRIMARY KEY AUTOINCREMENT,
    target TEXT NOT NULL,
    decision TEXT NOT NULL CHECK (decision IN ('accept-history', 'first', 'adopt-target')),
    decided_by TEXT NOT NULL,
    decided_at TEXT NOT NULL,
    why TEXT NOT NULL,
    found TEXT NOT NULL,
    how TEXT NOT NULL
);
"""
SCHEMA = Schema("journal", (TABLES,))
