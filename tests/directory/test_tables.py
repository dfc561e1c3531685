"""The tables of the directories: what a reading or an answer changes in them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from hcm_pipeline.directory import CHANGES, CONTAINER, RELATIVE_NAME, VALUES, apply, escape_rdn, last_read, stage
from hcm_pipeline.warehouse import first, memory, scratch
from tests.budget import examples
from tests.directory.objects import NOW, account, fill
from tests.pool import empty_warehouse, for_good

BITS = {name: 1 << place for place, name in enumerate(VALUES)}


def test_reading_again_replaces_one_directory_and_no_other() -> None:
    con = empty_warehouse()
    assert fill(con, account("a@contoso.com"), account("b@contoso.com"), account("b@contoso.com", mail="new@x.y")) == 2
    fill(con, account(sam_account_name="SRV$", kind="computer"), directory="ad")
    assert fill(con, account("c@contoso.com"), at=NOW + dt.timedelta(hours=1)) == 1
    names = con.execute("select directory, attribute, key from directory_names order by 1, 2").fetchall()
    assert names == [("ad", "sam", "srv$"), ("entra", "address", "c@contoso.com")]
    assert {name: (at, count) for name, (at, count) in last_read(con).items()} == {
        "ad": (NOW, 1), "entra": (NOW + dt.timedelta(hours=1), 1)}  # fmt: skip


def test_what_a_directory_says_of_an_object_in_pieces_adds_up_in_their_order() -> None:
    con = empty_warehouse()
    fill(con, account("a@contoso.com", object_id="1", employee_id="7"), account("b@contoso.com", object_id="2"))
    said: list[dict[str, Any]] = [
        {"object_id": "1", "mail": "first@x.y", "stated": BITS["mail"]},
        {"object_id": "1", "surname": "Lee", "stated": BITS["surname"]},
        {"object_id": "2", "stated": 0, "removed": "changed"},
        {"object_id": "1", "mail": None, "stated": BITS["mail"]},
        {"object_id": "2", "stated": 0, "removed": "deleted"},
        {"object_id": "3", "stated": 0, "removed": "changed"},
        {"object_id": "2", "user_principal_name": "c@contoso.com", "stated": BITS["user_principal_name"]},
    ]
    rows = [{"kind": "user", "deleted": False, **one} for one in said]
    with scratch(con) as t:
        incoming = stage(t, [pa.RecordBatch.from_pylist([row], schema=CHANGES) for row in rows])
        counts = apply(t, "entra", incoming, NOW, onto_known=True)
    assert (counts.objects, counts.changed) == (2, 2)
    found = con.execute("""select object_id, deleted, user_principal_name, employee_id, mail, surname
        from directory_objects order by 1""").fetchall()
    assert found == [("1", False, "a@contoso.com", "7", None, "Lee"), ("2", False, "c@contoso.com", None, None, None)]


CHANGE = st.tuples(
    st.sampled_from("123"),
    st.one_of(
        st.sampled_from(["changed", "deleted"]),
        st.dictionaries(st.sampled_from(["mail", "surname"]), st.sampled_from([None, "x", "y"]), min_size=1),
    ),
)


@settings(max_examples=examples(20), deadline=None)
@given(st.lists(st.lists(CHANGE, max_size=6), max_size=4))
def test_changes_in_any_portions_end_as_they_would_one_by_one(portions: list[list[tuple[str, Any]]]) -> None:
    expected: dict[str, dict[str, Any]] = {}
    gone: set[str] = set()
    fill(con := for_good(__name__))
    for portion in portions:
        rows = []
        for object_id, said in portion:
            if object_id in gone:
                continue  # an id is never used again
            row = {"object_id": object_id, "kind": "user", "deleted": False, "stated": 0, "removed": None}
            if isinstance(said, str):
                row["removed"] = said
                if said == "deleted":
                    gone.add(object_id)
                    expected.pop(object_id, None)
                elif object_id in expected:
                    expected[object_id]["deleted"] = True
            else:
                row |= {**said, "stated": sum(BITS[name] for name in said)}
                known = expected.setdefault(object_id, {"mail": None, "surname": None})
                known |= {**said, "deleted": False}
            rows.append(row)
        with scratch(con) as t:
            apply(t, "entra", stage(t, [pa.RecordBatch.from_pylist(rows, schema=CHANGES)]), NOW, onto_known=True)
    found = con.execute("select object_id, deleted, mail, surname from directory_objects").fetchall()
    assert {row[0]: {"deleted": row[1], "mail": row[2], "surname": row[3]} for row in found} == expected


RELATIVE = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=8).map(str.strip).filter(bool)


@settings(max_examples=examples(60), deadline=None)
@given(RELATIVE, RELATIVE)
def test_a_distinguished_name_is_taken_apart_as_it_was_made(name: str, unit: str) -> None:
    container = f"OU={escape_rdn(unit)},DC=x"
    with memory() as con:
        row = first(con, f"select {RELATIVE_NAME}, {CONTAINER} from (select ?::varchar as distinguished_name)",
                    [f"CN={escape_rdn(name)},{container}"])  # fmt: skip
    assert row == (name, container)
