"""Rows that stand in their file as a known row stood in its own: what they say is known, and they are not read again.

A version keeps a digest of the texts from which it was read, made together with the way of reading them. Equal digests mean that
the same statement would read the same texts, and say what the version says.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

import duckdb

from hcm_pipeline.profile import Profile
from hcm_pipeline.warehouse import Relation, literal, quote
from hcm_pipeline.workers.known import Known
from hcm_pipeline.workers.normalise import NOT_READ, normalised_select
from hcm_pipeline.workers.staged import Staged


def as_read_sql(profile: Profile, staged: Staged) -> str:
    """SQL (UUID) over the staged rows of a file: the digest of the texts of a row and of the way in which they are read; NULL where
    a row says more than its texts (a column that it leaves out), or what it says depends on another row of its worker.

    No text of a row that is read without doubt holds the separator, and an empty text is the same as none.
    """
    columns = [spec.column for spec in staged.fields.values() if spec.column in staged.header]
    by_key = profile.workers.row_key and (staged.extract.content != "full" or len(columns) < len(staged.fields))
    if staged.unsaid is not None or by_key:
        return NOT_READ
    texts = ", chr(31), ".join(map(quote, columns))
    return f"md5_number(concat({literal(_way(profile, staged))}, chr(31), {texts}))::uuid"


def _way(profile: Profile, staged: Staged) -> str:
    """A digest of the statement that reads the rows of a file, whatever the file, and of the version of what executes it."""
    columns = staged.rows.columns
    rows, known = Relation("rows", lambda: columns), Relation("known", lambda: ())
    any_file = replace(staged, extract=replace(staged.extract, extract_id=0), rows=rows)
    statement = normalised_select(profile, any_file, Known(known, known))
    return hashlib.sha256(f"{duckdb.__version__} {statement}".encode()).hexdigest()[:16]
