"""The plan is desired minus delivered: nothing twice, nothing lost, nothing backwards."""

from __future__ import annotations

import datetime as dt
import errno
import hashlib
import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import duckdb
import orjson
import pytest

from hcm_pipeline.delivery import Journal, ManifestState, OperationKind, RequestState
from hcm_pipeline.delivery.plan import target_state, writing
from hcm_pipeline.delivery.send.batches import Sizes
from hcm_pipeline.delivery.target import names_of
from hcm_pipeline.directory import PROXY_ADDRESS
from hcm_pipeline.errors import PipelineError
from hcm_pipeline.flow import plans
from hcm_pipeline.flow.profiles import load_profile
from hcm_pipeline.flow.views.difference import Move, difference
from hcm_pipeline.targets.entra import EntraTarget
from hcm_pipeline.warehouse import memory, scratch

from .chain import TARGET, Chain, new_chain
from .house import House, crowd, new_house

ADA = ("1001", "True", "Ada", "Byron", "", "Research")
BEN = ("1002", "True", "Ben", "Okri", "1001", "Research")
CAT = ("1003", "True", "Cat", "Stevens", "1001", "Sales")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A fresh phone book."""
    with new_house(tmp_path) as made:
        yield made


@pytest.fixture
def chain(tmp_path: Path) -> Chain:
    """A fresh home."""
    return new_chain(tmp_path)


def test_nothing_is_planned_before_a_business_date_was_processed(chain: Chain) -> None:
    assert plans.plan(chain.warehouse, chain.loaded, TARGET, clock=chain.clock) is None


def test_the_first_plan_creates_everybody_and_the_next_sends_nothing_twice(house: House) -> None:
    house.day("2026-11-01", ADA, BEN)
    first = house.planned()
    assert first.counts == {"create": 2}
    assert house.sends(first).keys() == {"1001", "1002"}
    house.accept(first)
    assert house.plan().manifest is None
    house.day("2026-11-02", ADA, BEN, CAT)
    assert house.sends(house.planned()).keys() == {"1003"}


def test_planning_again_with_nothing_changed_gives_the_same_id_and_bytes(house: House) -> None:
    house.day("2026-11-01", ADA, BEN)
    first = house.planned()
    content = house.bytes_of(first)
    again = house.planned()
    assert again.manifest == first.manifest
    assert again.plan_no == first.plan_no
    assert house.bytes_of(again) == content
    assert house.rows("select count(*) from manifests") == [(1,)]
    assert house.rows("select count(*) from operations") == [(2,)]


def test_a_newer_plan_supersedes_what_is_unsent_and_contains_it(house: House) -> None:
    house.day("2026-11-01", ADA)
    old = house.planned()
    house.day("2026-11-02", ADA, BEN)
    new = house.planned()
    assert house.sends(new).keys() == {"1001", "1002"}
    with house.journal() as journal:
        assert old.manifest is not None
        assert journal.get(old.manifest.manifest_id).state is ManifestState.SUPERSEDED
        assert [m.manifest_id for m in journal.open_manifests()] == [new.manifest and new.manifest.manifest_id]


def test_an_unsent_manifest_is_closed_when_the_worker_is_again_as_delivered(house: House) -> None:
    house.day("2026-11-01", ADA)
    house.accept(house.planned())
    house.day("2026-11-02", ("1001", "True", "Ada", "Byron", "", "Sales"))
    house.planned()
    house.day("2026-11-03", ADA)
    assert house.plan().manifest is None
    with house.journal() as journal:
        assert journal.open_manifests() == []


def test_a_request_that_may_have_arrived_is_sent_again_by_the_next_plan(house: House) -> None:
    house.day("2026-11-01", ADA)
    first = house.planned()
    house.accept(first)
    house.day("2026-11-02", ("1001", "True", "Ada", "Byron", "", "Sales"))
    lost = house.planned()
    house.begin(lost)  # the process dies here: nobody knows whether Sales has arrived
    house.day("2026-11-03", ADA)  # and it was a mistake anyhow: desired is what the journal says was delivered
    made = house.planned()
    assert house.sends(made)["1001"]["room"] == "Research"


def test_an_upload_that_was_cut_off_goes_on_when_nothing_changed(house: House) -> None:
    house.day("2026-11-01", ADA)
    lost = house.planned()
    house.begin(lost)  # the process dies here
    again = house.planned()
    assert again.manifest == lost.manifest
    assert again.plan_no == lost.plan_no
    house.accept(again)
    assert house.plan().manifest is None


def test_doubt_about_a_request_ends_when_a_later_plan_with_its_workers_is_taken(chain: Chain) -> None:
    chain.day("2026-11-01", ADA)
    chain.begin(chain.planned())  # the process dies here
    chain.day("2026-11-02", ADA, BEN)
    made = chain.planned()
    assert chain.sends(made).keys() == {"1001", "1002"}
    chain.accept(made)
    assert chain.plan().manifest is None
    chain.log(chain.entry("1001"), chain.entry("1002"))
    assert chain.receipts() == {"1001": ["superseded", "succeeded"], "1002": ["succeeded"]}


def test_doubt_is_about_the_workers_of_a_request_that_the_later_plan_did_not_deliver_too(house: House) -> None:
    house.day("2026-11-01", *(ADA, BEN))
    house.begin(house.planned())
    house.day("2026-11-02", ADA, BEN, *((str(2000 + i), "True", f"First{i}", "Last", "", "") for i in range(60)))
    made = house.planned()
    house.begin(made, 1)  # the second request arrives, with none of the doubtful workers; the first does not
    house.answer(made, request=1)
    house.take_over()
    assert {"1001", "1002"} <= house.sends(house.planned()).keys()


@pytest.mark.parametrize("state", [RequestState.UNKNOWN, RequestState.REFUSED])
def test_what_was_refused_or_lost_returns_to_the_next_plan(house: House, state: RequestState) -> None:
    house.day("2026-11-01", ADA)
    first = house.planned()
    house.begin(first)
    house.answer(first, state)
    house.take_over()
    house.day("2026-11-02", ADA, BEN)
    assert house.sends(house.planned()).keys() == {"1001", "1002"}


def test_an_older_plan_accepted_late_does_not_overwrite_the_newer_delivered_version(house: House) -> None:
    house.day("2026-11-01", ADA)
    house.accept(house.planned())
    house.day("2026-11-02", ("1001", "True", "Ada", "Byron", "", "Sales"))
    old = house.planned()
    house.begin(old)  # on its way while a newer plan is made and taken
    house.day("2026-11-03", ("1001", "True", "Ada", "Byron", "", "Legal"))
    new = house.planned()
    house.begin(new)
    house.answer(new)
    house.take_over()
    house.answer(old)
    house.take_over()
    assert house.rows("select plan_no from delivered") == [(new.plan_no,)]


@pytest.mark.parametrize("after", [RequestState.PLANNED, RequestState.REFUSED])
def test_a_request_stays_in_doubt_whatever_became_of_another_attempt_at_it(house: House, after: RequestState) -> None:
    """An account may be as nobody wants it any more: a leaver's, enabled by the first attempt."""
    house.day("2026-11-01", ADA)
    house.accept(house.planned())
    house.day("2026-11-02", ("1001", "True", "Ada", "Byron", "", "Sales"))
    made = house.planned()
    house.begin(made)
    house.answer(made, RequestState.UNKNOWN)  # it was taken, and its answer lost
    house.begin(made)
    house.answer(made, after)  # throttled, say
    house.day("2026-11-03", ADA)
    again = house.planned()
    assert house.sends(again)["1001"]["room"] == "Research"
    house.accept(again)
    assert house.plan().manifest is None


def states(house: House) -> list[tuple[str, str]]:
    """The workers of every operation that was ever planned, with what is known of it."""
    house.take_over()
    return house.rows(
        "select person_number, state from receipts join manifests using (manifest_id) order by plan_no, 1"
    )


def cut_off(house: House) -> None:
    """A plan whose process ends after the warehouse has it, and before the journal does."""
    with patch.object(Journal, "register_plan", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        house.plan()


def test_operations_that_the_journal_was_never_told_of_are_superseded_by_the_next_plan(house: House) -> None:
    house.day("2026-11-01", ADA)
    cut_off(house)
    house.day("2026-11-02", ("1001", "True", "Ada", "Byron", "", "Sales"))
    house.planned()
    assert states(house) == [("1001", "superseded"), ("1001", "planned")]


def test_what_is_planned_once_more_after_it_was_cut_off_is_planned(house: House) -> None:
    house.day("2026-11-01", ADA)
    cut_off(house)
    assert states(house) == [("1001", "superseded")]
    house.planned()
    assert house.rows("select state from receipts") == [("planned",)]
    assert states(house) == [("1001", "planned")]


def test_what_is_held_is_so_from_the_moment_it_is_planned(house: House) -> None:
    house.ruled('[[guards.limits]]\nkind = "create"\nmax = 1').day("2026-11-01", ADA, BEN)
    [held] = house.plan().held
    assert house.rows("select distinct manifest_id, state from receipts") == [(held.manifest_id, "held")]
    with house.journal() as journal:
        journal.approve(held.manifest_id, by="ada", why=None, until=house.now + dt.timedelta(hours=1))
    house.take_over()
    house.plan()
    assert house.rows("select distinct manifest_id, state from receipts") == [(held.manifest_id, "planned")]


def test_operations_of_a_lost_journal_wait_for_nothing_any_more(house: House) -> None:
    house.day("2026-11-01", ADA)
    house.accept(house.planned())
    house.day("2026-11-02", ADA, BEN)
    house.planned()
    house.take_over()
    for path in house.home.path.glob("delivery.sqlite*"):
        path.unlink()
    assert states(house) == [("1001", "accepted"), ("1002", "planned")]  # nobody has said yet that it goes on without
    with house.journal() as journal:
        house.con.execute("insert or replace into meta values ('journal_id', ?)", [journal.journal_id()])
    assert states(house) == [("1001", "accepted"), ("1002", "superseded")]
    assert house.rows("select state from manifest_states order by 1") == [("accepted",), ("superseded",)]


def test_operations_go_out_with_exits_first_and_at_most_fifty_in_a_request(chain: Chain) -> None:
    unlimited = chain.loaded.profile.guards.model_copy(update={"limits": ()})
    chain.loaded = replace(chain.loaded, profile=chain.loaded.profile.model_copy(update={"guards": unlimited}))
    crowd = [(f"{2000 + i}", "True", f"First{i}", f"Last{i}", "", "Sales") for i in range(70)]
    chain.day("2026-11-01", ADA, *crowd)
    first = chain.planned()
    assert [len(orjson.loads(line)["Operations"]) for line in chain.bytes_of(first).splitlines()] == [5, 50, 16]
    for request in range(3):
        chain.begin(first, request)
        chain.answer(first, request=request)
    chain.sync()
    with chain.journal() as journal:
        journal.pauses(TARGET).prove(chain.loaded.sha256, chain.now)
    left = [(number, "False", *rest) for number, _, *rest in crowd[:3]]
    moved = [(*row[:5], "Legal") for row in crowd[3:60]]
    chain.day("2026-11-02", ADA, *left, *moved, *crowd[60:], CAT)
    made = chain.planned()
    assert made.counts == {"disable": 3, "create": 1, "update": 57}
    kinds = [
        kind for (kind,) in chain.rows("select kind from planned where plan_no = ? order by position", [made.plan_no])
    ]
    assert kinds == sorted(kinds, key=list(OperationKind).index)
    lines = chain.bytes_of(made).splitlines()
    assert [len(orjson.loads(line)["Operations"]) for line in lines] == [50, 11]


def test_every_operation_is_noted_in_the_request_that_holds_it(house: House) -> None:
    house.day("2026-11-01", *((f"{2000 + i}", "True", f"First{i}", f"Last{i}", "", "Sales") for i in range(70)))
    made = house.planned()
    noted = house.rows("select request_no, op_no, person_number from operations order by request_no, op_no")
    assert noted == [
        (request, place, entry["number"])
        for request, line in enumerate(house.bytes_of(made).splitlines())
        for place, entry in enumerate(orjson.loads(line))
    ]


def test_a_new_hire_waits_behind_the_manager_who_is_created_with_them(
    house: House,
) -> None:
    house.day("2026-11-01", ADA, ("1", "True", "A", "B", "2", "Sales"), ("2", "True", "C", "D", "", "Sales"))
    made = house.planned()
    assert [number for (number,) in house.rows("select person_number from planned order by position")] == [
        ADA[0], "2", "1",
    ]  # fmt: skip
    assert list(house.sends(made)) == [ADA[0], "2", "1"]


def test_bulk_ids_are_the_same_for_the_same_content_wherever_it_is_planned(chain: Chain, tmp_path: Path) -> None:
    other = new_chain(tmp_path / "elsewhere")
    other.day("2026-11-01", BEN, ADA)  # another order of rows
    chain.day("2026-11-01", ADA, BEN)
    assert chain.bytes_of(chain.planned()) == other.bytes_of(other.planned())
    ids = [op["bulkId"] for op in orjson.loads(chain.bytes_of(chain.planned()))["Operations"]]
    assert len(set(ids)) == 2


def test_disable_and_enable_are_told_from_other_updates(chain: Chain) -> None:
    chain.day("2026-11-01", ADA, BEN)
    chain.accept(chain.planned())
    gone = ("1001", "False", *ADA[2:])
    chain.day("2026-11-02", gone, BEN)
    made = chain.planned()
    assert made.counts == {"disable": 1}
    assert chain.sends(made)["1001"]["active"] is False
    chain.accept(made)
    chain.day("2026-11-03", ADA, BEN)
    assert chain.planned().counts == {"enable": 1}


def test_the_delivered_state_belongs_to_one_target(chain: Chain) -> None:
    chain.day("2026-11-01", ADA)
    chain.accept(chain.planned())
    other = plans.plan(chain.warehouse, chain.loaded, "principal/another-job", clock=chain.clock)
    assert other is not None
    assert other.counts == {"create": 1}
    assert chain.plan().manifest is None


def test_files_of_a_manifest_are_readable_by_their_owner_only(house: House) -> None:
    house.day("2026-11-01", ADA)
    house.planned()
    files = [path for path in house.home.manifests.rglob("*") if path.is_file()]
    assert {path.name for path in files} == {"bulk.ndjson", "manifest.json", "plan.json"}
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


def rendered(query: str, operations: int) -> list[str]:
    """The operations of all requests of a plan that `query` returns, as their texts."""
    with duckdb.connect(config={"threads": 2, "preserve_insertion_order": False}) as con:
        con.execute("create table planned as select range as position, repeat('x', 200) as filling from range(300_000)")
        form = EntraTarget(TARGET, profile=load_profile("oracle-hcm").profile).form
        with scratch(con) as t:
            out, requests = io.BytesIO(), list(Sizes(50, 50).slices(operations))
            content = writing.write_requests(t, form, query, requests, out, lambda _: None)
    bodies = out.getvalue().splitlines()
    assert (content.requests, content.size) == (len(bodies), len(out.getvalue()))
    assert len(bodies) == -(-operations // 50)
    assert hashlib.sha256(out.getvalue()).hexdigest() == content.sha256
    return [text for body in bodies for text in orjson.loads(body)["Operations"]]


def test_many_operations_are_written_in_order_whatever_order_the_threads_return_them_in() -> None:
    """More than two row groups: two threads hand them out side by side, and a plan of that size was refused once."""
    query = """select position, concat('"', position, case when length(filling) = 200 then '' end, '",') from planned"""
    assert rendered(query, 299_987) == [str(position) for position in range(299_987)]


def test_operations_returned_backwards_are_written_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "CHUNK_REQUESTS", 2)
    query = """select position, concat('"', position, '",') from planned order by position desc"""
    assert rendered(query, 230) == [str(position) for position in range(230)]


@pytest.mark.parametrize(
    "query",
    [
        """select position, '"",' from planned where position <> 77""",
        """select case when position = 77 then 78 else position end as position, '"",' from planned""",
    ],
)
def test_a_plan_with_a_position_missing_or_twice_is_refused(query: str) -> None:
    with pytest.raises(PipelineError, match="every planned operation once"):
        rendered(query, 230)


def moving(chain: Chain, **identity: object) -> Chain:
    """The chain under a profile that sends containers and addresses, with these rules of names."""
    profile = chain.loaded.profile
    made = profile.model_dump(mode="json", by_alias=True)
    made["identity"] = {"domain": "contoso.com", "parent_distinguished_name": "OU=Users,DC=x", **identity}
    made["scim"]["mapping"] |= {"{custom}:ParentDistinguishedName": {"field": "parent_distinguished_name"},
                                "{custom}:ProxyAddresses": {"field": "proxy_addresses"}}  # fmt: skip
    chain.loaded = replace(chain.loaded, profile=type(profile).model_validate(made), sha256=repr(sorted(identity)))
    return chain


SALES = [{"when": "department = 'Sales'", "container": "OU=Sales,DC=x"}]
CUSTOM = "urn:ietf:params:scim:schemas:extension:contoso:1.0:User"


def test_another_container_is_a_move_and_who_is_disabled_besides_is_disabled_first(chain: Chain) -> None:
    moving(chain, placement=SALES, leavers=[{"container": "OU=Left,DC=x"}])
    chain.day("2026-11-01", ADA, BEN, CAT)
    first = chain.planned()
    assert [user[CUSTOM]["ParentDistinguishedName"] for user in chain.sends(first).values()] == [
        "OU=Users,DC=x", "OU=Users,DC=x", "OU=Sales,DC=x"]  # fmt: skip
    chain.accept(first)
    chain.day("2026-11-02", ("1001", "True", "Ada", "Byron", "", "Sales"), ("1002", "False", "Ben", "Okri", "", "Sales"),
              ("1003", "True", "Cat", "Stevens", "", "Sales"))  # fmt: skip
    assert chain.planned().counts == {"disable": 1, "move": 1, "update": 1}
    with chain.warehouse.write() as con, chain.journal() as journal:
        found = difference(con, chain.loaded, chain.target, journal, chain.now)
    assert found.operations == {"disable": 1, "move": 1, "update": 1}
    assert found.moves == (
        Move("OU=Users,DC=x", "OU=Left,DC=x", "worker", 1),
        Move("OU=Users,DC=x", "OU=Sales,DC=x", "worker", 1),
    )  # fmt: skip


def test_a_changed_rule_shows_whom_it_moves_before_and_after_the_run(chain: Chain) -> None:
    moving(chain, placement=SALES)
    chain.day("2026-11-01", ADA, BEN, CAT)
    chain.accept(chain.planned())
    moving(chain, placement=[{"when": "department = 'Research'", "container": "OU=Lab, DC=x"}])
    wanted = (
        Move("OU=Users,DC=x", "OU=Lab,DC=x", "rules", 2),
        Move("OU=Sales,DC=x", "OU=Users,DC=x", "rules", 1),
    )
    for run in (False, True):
        if run:
            assert chain.planned().counts == {"move": 3}
        with chain.warehouse.write() as con, chain.journal() as journal:
            found = difference(con, chain.loaded, chain.target, journal, chain.now)
        assert (found.operations, found.moves) == ({"move": 3}, wanted)


def test_a_former_user_principal_name_is_sent_as_an_alias(chain: Chain) -> None:
    moving(chain, rename="follow")
    chain.day("2026-11-01", ADA)
    chain.accept(chain.planned())
    chain.day("2026-11-02", ("1001", "True", "Ada", "King", "", "Research"))
    chain.day("2026-11-03", ("1001", "True", "Ada", "Lovelace", "", "Research"))
    chain.day("2026-11-04", ("1001", "True", "Ada", "King", "", "Research"))
    [user] = chain.sends(chain.planned()).values()
    assert user["userName"] == "ada.king@contoso.com"
    addresses = user[CUSTOM]["ProxyAddresses"]
    assert addresses == "SMTP:ada.king@contoso.com,smtp:ada.byron@contoso.com,smtp:ada.lovelace@contoso.com"
    assert not [fault for address in addresses.split(",") for fault in PROXY_ADDRESS.faults(address)]


def test_a_plan_that_cannot_be_written_leaves_nothing_that_keeps_the_disk_full(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    house.day("2026-11-01", ADA, BEN)
    monkeypatch.setattr(writing, "write_manifest", full)
    with pytest.raises(OSError, match="No space left"):
        house.plan()
    assert list(house.home.scratch.glob("manifest-*")) == []
    assert list(house.home.manifests.iterdir()) == []


def test_a_canary_is_never_larger_than_a_request_of_the_target(house: House) -> None:
    house.ruled("[delivery]\ncanary = 5\n").sized(2).day("2026-11-01", *crowd(7))
    made = house.planned()
    assert made.manifest is not None
    assert made.manifest.requests == 4
    assert house.rows("select request_no, count(*) from operations group by 1 order by 1") == [
        (0, 2),
        (1, 2),
        (2, 2),
        (3, 1),
    ]
    with pytest.raises(ValueError, match="a first request of 5 operations, where the others hold 2"):
        Sizes(5, 2)


def test_values_that_differ_from_worker_to_worker_are_kept_by_zstd() -> None:
    target = EntraTarget(TARGET, profile=load_profile("oracle-hcm").profile)
    with memory() as con:
        con.execute("create table versions (target varchar)")
        target_state.prepare(con, target)
        [[made]] = con.execute("select sql from duckdb_tables() where table_name = 'versions'").fetchall()
    plain = made.replace('"', "")
    kept = {name for name in names_of(target) if name.replace('"', "") + " VARCHAR USING COMPRESSION ZSTD" in plain}
    assert {"externalId", "userName", "displayName", 'phoneNumbers[type eq "work"].value'} <= kept
    assert kept.isdisjoint({"active", "title", 'addresses[type eq "work"].country'})
