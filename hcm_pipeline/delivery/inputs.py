"""What a manifest was computed from, and whether that still holds.

A plan is a difference between two states; when either moves, the difference is another. Digests are independent of order, and
taken over exactly the workers of the manifest.
"""

from __future__ import annotations

import duckdb

from hcm_pipeline.profile import LoadedProfile
from hcm_pipeline.profile.model import IDENTITY_COLUMNS
from hcm_pipeline.warehouse import first, literal

SNAPSHOT = "snapshot"


def of(
    con: duckdb.DuckDBPyConnection, loaded: LoadedProfile, snapshot: str, target: str, plan_no: int
) -> dict[str, str]:
    """The inputs of a manifest whose workers are those of `planned` under a number.

    `profile`: sha256 of the profile; `snapshot`: state of the newest business date; `names`: digest of what the ledger holds
    for these workers; `delivered`: digest of what the target has of them.
    """
    return {
        "profile": loaded.sha256,
        SNAPSHOT: snapshot,
        **_of_workers(con, target, f"select person_number from planned where plan_no = {plan_no}"),
    }


def _of_workers(con: duckdb.DuckDBPyConnection, target: str, workers: str) -> dict[str, str]:
    names = ", ".join(f"coalesce({column}, chr(30))" for column in ("person_number", *IDENTITY_COLUMNS, "status"))
    found = first(
        con,
        f"""select
            (select bit_xor(md5_number(concat_ws(chr(31), {names}))) from identities semi join ({workers}) using (person_number)),
            (select bit_xor(md5_number(concat_ws(chr(31), person_number, plan_no, hex(digest)))) from delivered
                semi join ({workers}) using (person_number) where target = {literal(target)})""",
    ) or (None, None)
    names_digest, delivered_digest = (f"{value or 0:032x}" for value in found)
    return {"names": names_digest, "delivered": delivered_digest}
