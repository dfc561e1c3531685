"""A warehouse that an earlier release made becomes one of this release, with what is in it."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import duckdb

OF_VERSION_1 = Path(__file__).with_name("schema-1.sql")
COLUMNS = "select table_name, column_name, data_type, is_nullable from duckdb_columns() where not internal order by all"


def test_a_warehouse_of_version_1_has_all_columns_of_a_fresh_one_and_keeps_its_rows() -> None:
    today = resources.files("hcm_pipeline.warehouse").joinpath("schema.sql").read_text(encoding="utf-8")
    with duckdb.connect() as old, duckdb.connect() as fresh:
        old.execute(OF_VERSION_1.read_text(encoding="utf-8"))
        old.execute("""
            insert into identities values ('100', 'a.b@contoso.com', 'ab', 'A B', 'a.b', null, 'given', '2026-11-02', null,
                'candidate 1', 'candidate 1', 'candidate 1')
        """)
        for _ in range(2):
            old.execute(today)
        fresh.execute(today)
        lacking = set(fresh.execute(COLUMNS).fetchall()) - set(old.execute(COLUMNS).fetchall())
        assert {row[:3] for row in lacking} <= {row[:3] for row in old.execute(COLUMNS).fetchall()}
        assert old.execute("select user_principal_name, status from identities").fetchall() == [
            ("a.b@contoso.com", "given")
        ]
