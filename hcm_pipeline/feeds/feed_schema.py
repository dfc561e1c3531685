"""The tables of the state of the feeds."""

from __future__ import annotations

from hcm_pipeline.sqlite_state import Schema

TABLES = """
-- one row: one time that the feeds were read. mode: feed, full, replay or posted; fault: why it, or one of its feeds, failed
CREATE TABLE polls (
    poll_no INTEGER PRIMARY KEY AUTOINCREMENT,
    mode TEXT NOT NULL CHECK (mode IN ('feed', 'full', 'replay', 'posted')),
    begun_at TEXT NOT NULL,
    service_time TEXT NOT NULL,
    business_date TEXT NOT NULL,
    finished_at TEXT,
    entries INTEGER NOT NULL DEFAULT 0,
    new_entries INTEGER NOT NULL DEFAULT 0,
    workers INTEGER NOT NULL DEFAULT 0,
    unread INTEGER NOT NULL DEFAULT 0,
    missed INTEGER NOT NULL DEFAULT 0,
    files TEXT NOT NULL DEFAULT '[]',
    calls TEXT NOT NULL DEFAULT '{}',
    fault TEXT
);

-- one row: how far one feed was read by one clock. fault: why its newest reading failed
CREATE TABLE cursors (
    feed TEXT NOT NULL,
    clock TEXT NOT NULL CHECK (clock IN ('updated', 'published')),
    stands_at TEXT,
    fault TEXT,
    PRIMARY KEY (feed, clock)
) WITHOUT ROWID;

-- one row: one entry as it came. updated, published: NULL where the stamp cannot be read; raw: its bytes
CREATE TABLE entries (
    entry_no INTEGER PRIMARY KEY AUTOINCREMENT,
    feed TEXT NOT NULL,
    entry_id TEXT NOT NULL,
    content_sha256 TEXT NOT NULL,
    updated TEXT,
    published TEXT,
    person_id TEXT,
    person_number TEXT,
    effective_dates TEXT NOT NULL,
    fault TEXT,
    raw BLOB NOT NULL,
    poll_no INTEGER NOT NULL REFERENCES polls,
    clock TEXT NOT NULL,
    page INTEGER NOT NULL,
    UNIQUE (feed, entry_id, content_sha256)
);
CREATE INDEX entries_by_person ON entries (person_number);

-- one row: one worker who is to be read on a date, and why. settled_by: the poll whose reading did it, NULL while it is open;
-- fault: why the worker could not be read; told_on: the date for which that was told
CREATE TABLE hints (
    hint_no INTEGER PRIMARY KEY AUTOINCREMENT,
    person_id TEXT,
    person_number TEXT,
    due TEXT NOT NULL,
    why TEXT NOT NULL,
    entry_no INTEGER REFERENCES entries,
    poll_no INTEGER NOT NULL REFERENCES polls,
    settled_by INTEGER REFERENCES polls,
    tries INTEGER NOT NULL DEFAULT 0,
    fault TEXT,
    told_on TEXT
);
CREATE INDEX hints_open ON hints (due) WHERE settled_by IS NULL;
CREATE INDEX hints_of_person ON hints (person_number) WHERE settled_by IS NULL;

-- one row: one worker who was ever read. digests: of the columns as they were last read, by the poll read_by
CREATE TABLE people (
    person_number TEXT PRIMARY KEY,
    person_id TEXT,
    read_at TEXT NOT NULL,
    active INTEGER NOT NULL,
    digests BLOB NOT NULL,
    read_by INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX people_by_reading ON people (read_at);
CREATE INDEX people_by_id ON people (person_id);

-- one row: one worker whom a poll under way has read: of one that dies they are forgotten. hinted: an open hint had asked for it
CREATE TABLE pending (
    poll_no INTEGER NOT NULL REFERENCES polls,
    person_number TEXT NOT NULL,
    person_id TEXT,
    active INTEGER NOT NULL,
    digests BLOB NOT NULL,
    hinted INTEGER NOT NULL,
    PRIMARY KEY (poll_no, person_number)
) WITHOUT ROWID;

-- one row: one worker who differed though no entry had told of it. found_by: full or reconciliation; columns: JSON
CREATE TABLE missed (
    poll_no INTEGER NOT NULL REFERENCES polls,
    person_number TEXT NOT NULL,
    found_by TEXT NOT NULL,
    columns TEXT NOT NULL,
    PRIMARY KEY (poll_no, person_number)
) WITHOUT ROWID;
"""
SCHEMA = Schema("state of the feeds", (TABLES,))
