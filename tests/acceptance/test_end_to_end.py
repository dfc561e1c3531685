"""The command line as people and scripts use it, each command a process of its own."""

from __future__ import annotations

import sqlite3
import tomllib
from pathlib import Path

import orjson
import pytest

from hcm_pipeline.sandbox import SandboxOptions, running

from .support import ROOT, Site, control, extract, processes_of, worker

ADA = worker("1001", "Ada", "Byron", Job_Name="Director")
BEN = worker("1002", "Ben", "Okri", Manager="1001", Mobile_Phone_Number="+1 555 0100")
CAT = worker("1003", "Cat", "Stevens", Manager="1001")
DAN = worker("1004", "Dan", "Brown", Manager="1001")
EVE = worker("1005", "Eve", "Online", Manager="1001")
FAY = worker("1006", "Fay", "Weldon")


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A home under the built-in profile."""
    return Site(tmp_path / "home")


def test_the_demo_shows_the_whole_chain_leaves_nothing_running_and_is_harmless_again(site: Site) -> None:
    said = site.run_anew("demo")  # a process that names the home
    for expected in ("What the extracts said", "joiners", "leavers", "disable", "Rows that break a rule", "contradicts_another_row",
                     "3 bulk requests", "succeeded", "Where to look next", "Nothing is left running"):  # fmt: skip
        assert expected in said
    assert "dagster" not in said.replace("the Dagster UI", "")  # no line of a log among the sentences
    assert processes_of(site.path) == []
    before, directory = site.json("status"), site.accounts()
    assert len(directory) == 48
    again = site.json("demo")
    assert [(day["business_date"], day["workers"], day["quarantined"]) for day in again["days"]] == [
        ("2026-11-02", 42, 3),
        ("2026-11-03", 48, 1),
    ]
    assert again["requests"] == 3  # the first one is the canary
    assert {receipt["state"] for receipt in again["receipts"]} == {"succeeded"}
    assert site.json("status") == before
    assert site.accounts() == directory
    for page, *more in (("company",), ("guards",), ("quota",), ("now",), ("worker", "0100011")):
        site.run("page", page, *more, site.path / f"{page}.html")
    assert "jean-luc.moreau@contoso.com" in (site.path / "worker.html").read_text(encoding="utf-8")
    assert processes_of(site.path) == []
    assert_silent(site)


def assert_silent(site: Site) -> None:
    """No command printed the client's secret."""
    db = sqlite3.connect(site.home.sandbox / "state.sqlite")
    [secret] = db.execute("select value from meta where key = 'client_secret'").fetchone()
    db.close()
    assert len(secret) > 30
    assert secret not in "".join(site.heard)


def test_the_demo_keeps_out_of_a_home_with_extracts_of_ones_own(site: Site, tmp_path: Path) -> None:
    site.run("land", extract(tmp_path, "workers-2026-11-02.csv", ADA))
    assert "HCM_PIPELINE_HOME" in site.run("demo", code=2)


def test_init_makes_a_home_whose_profile_is_checked_key_by_key(site: Site) -> None:
    site.run("init", site.path, "--since", "2026-03-02")
    assert tomllib.loads((site.path / "profile.toml").read_text(encoding="utf-8"))["start_date"] == "2026-03-02"
    for name in ("profile.toml", "dagster.yaml", ".env.example"):
        assert (site.path / name).is_file()
    profile = site.path / "profile.toml"
    assert "automatic = false" in profile.read_text(encoding="utf-8")  # nothing goes to a tenant by itself
    site.profile = str(profile)
    assert site.json("profile", "check")["valid"] is True
    changed = profile.read_text(encoding="utf-8").replace('content = "full"', 'content = "most"')
    changed = 'colour = "red"\n' + changed.replace('[identity]\ndomain = "contoso.com"', "[identity]")
    profile.write_text(changed, encoding="utf-8")
    said = site.run("profile", "check", code=1)
    assert f"{profile}: sources[0].content = 'most': one of 'full' or 'changes-only'" in said
    assert f"{profile}: identity.domain = (missing): this key is required" in said
    assert f"{profile}: colour = 'red': no such key" in said
    site.run("init", site.path)
    assert 'content = "most"' in profile.read_text(encoding="utf-8"), "init overwrote what was there"


def test_reading_verbs_work_before_anything_was_processed_and_after_the_profile_grew(
    site: Site, tmp_path: Path
) -> None:
    site.run("land", extract(tmp_path, "workers-2026-11-02.csv", ADA))
    assert site.json("plan")["operations"] == {}
    assert site.json("status")["extracts"][0]["status"] == "landed"
    site.run("trace", "1001", code=2)
    site.run("run")
    text = (ROOT / "hcm_pipeline/profile/builtin/oracle-hcm.toml").read_text(encoding="utf-8")
    grown = tmp_path / "grown.toml"
    field = '\n[extra_fields.cost_code]\ncolumn = "Cost Code"\n\n[workers]'
    grown.write_text(text.replace("\n[workers]", field) + "\nnickName = 'cost_code'\n", encoding="utf-8")
    site.profile = str(grown)
    assert site.json("plan")["operations"] == {"create": 1}
    assert site.json("trace", "1001")["versions"][0]["values"][-1] == {
        "field": "cost_code",
        "column": "Cost Code",
        "value": None,
        "kept_from": None,
        "becomes": ["nickName"],
    }


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "--date", "yesterday"),
        ("run", "--from", "2026-11-01"),
        ("run", "--from", "2026-11-02", "--to", "2026-11-01"),
        ("run", "--date", "2026-11-01", "--from", "2026-11-01", "--to", "2026-11-02"),
        ("land", "nothing.csv", "--source", "nobody"),
        ("upload", "no-such-manifest"),
        ("profile",),
        ("frobnicate",),
        ("run", "--frobnicate"),
    ],
)
def test_wrong_usage_ends_with_exit_code_2(site: Site, arguments: tuple[str, ...]) -> None:
    said = site.run(*arguments, code=2)
    assert said.strip()
    assert "Traceback" not in said


def test_reading_a_home_that_is_not_there_is_told_and_makes_none(site: Site) -> None:
    for verb in ("plan", "status"):
        assert "there is no home here" in site.run(verb, code=1)
    assert not site.path.exists()


def test_the_same_bytes_land_once_and_the_second_time_says_so(site: Site, tmp_path: Path) -> None:
    path = extract(tmp_path, "workers-2026-11-02.csv", ADA)
    [first] = site.json("land", path)
    assert (first["result"], first["business_date"]) == ("taken", "2026-11-02")
    path.rename(tmp_path / "renamed-2026-11-02.csv")
    [again] = site.json("land", tmp_path / "renamed-2026-11-02.csv")
    assert (again["result"], again["sha256"], again["business_date"]) == ("known", first["sha256"], "2026-11-02")
    assert "nothing changed" in again["message"]
    assert len([found for found in site.home.extracts.rglob("*") if found.is_file()]) == 1
    refused = extract(tmp_path, "undated.csv", ADA)
    assert "business date" in site.run("land", refused, code=1)


def test_the_ledger_is_explained_exported_and_imported_into_another_home(site: Site, tmp_path: Path) -> None:
    site.run("land", extract(tmp_path, "workers-2026-11-02.csv", ADA, worker("1009", "Ada", "Byron")))
    site.run("run")
    assert "ada.byron" in site.run("identity", "show", "1009")
    shown = site.json("identity", "show", "1009")
    assert [(t["name"], t["held_by"]) for t in shown["tried"][:2]] == [
        ("ada.byron", "worker 1001"), ("a.byron", "this worker")]  # fmt: skip
    assert [crowd["holders"] for crowd in site.json("identity", "capacity")] == [2, 2]
    kept = tmp_path / "ledger.csv"
    site.run("identity", "export", kept)
    assert kept.stat().st_mode & 0o777 == 0o600
    other = Site(tmp_path / "other")
    assert site.json("identity", "import", kept)["unchanged"] == 2
    assert other.json("identity", "import", kept)["added"] == 2
    assert other.run("identity", "export", "-") == kept.read_text(encoding="utf-8")
    kept.write_text(kept.read_text(encoding="utf-8").replace("1009,a.byron", "1009,b.byron"), encoding="utf-8")
    assert "keeps them" in other.run("identity", "import", kept, code=1)
    assert site.run("identity", "show", "404", code=2)


def test_names_keep_clear_of_the_live_directory_whose_accounts_are_adopted_or_wait_for_a_word(site: Site) -> None:
    with running(site.home.create().sandbox) as sandbox:
        accounts = [{"userPrincipalName": "Ada.Byron@contoso.com", "displayName": "Another Ada"},
                    {"userPrincipalName": "benny@contoso.com", "displayName": "Ben", "employeeId": "1002"},
                    {"userPrincipalName": "cat1@contoso.com", "displayName": "Cat", "employeeId": "1003"},
                    {"userPrincipalName": "cat2@contoso.com", "displayName": "Cat", "employeeId": "1003"}]  # fmt: skip
        control(sandbox, "users", users=accounts)
        control(sandbox, "groups", groups=[{"displayName": "Dans", "mail": "dan.brown@contoso.com"}])
        [read] = site.json("identity", "directory")["directories"]
        assert (read["directory"], read["read"], read["objects"], read["changed"]) == ("entra", "full", 5, 5)
        site.land("workers-2026-11-02.csv", ADA, BEN, CAT, DAN)
        assert site.json("run")["manifest"]["operations"] == 3
        assert [review["accounts"] for review in site.json("identity", "review")["accounts"]] == [
            ["cat1@contoso.com", "cat2@contoso.com"]]  # fmt: skip
        site.run("upload")
        assert site.json("outcomes")["failures"] == []
        site.run("identity", "review", "1003", "--accept", code=2)
        site.run("identity", "review", "1003", "--set", "cat2@contoso.com")
        assert site.json("run")["manifest"]["operations"] == 1
    names = {number: account["userPrincipalName"] for number, account in site.accounts().items() if number}
    assert names["1001"] == "a.byron@contoso.com"
    assert names["1002"] == "benny@contoso.com"
    assert names["1004"] == "d.brown@contoso.com"
    assert site.json("identity", "show", "1004")["tried"][0]["held_by"] == "group of entra"
    assert site.json("identity", "review") == {"accounts": [], "names": [], "rehires": [], "spellings": []}


def test_a_name_that_cannot_be_spelled_for_sure_waits_for_a_word_under_a_neutral_one(site: Site) -> None:
    yamada = worker("1005", "太郎", "山田", Country="JP")
    with running(site.home.create().sandbox):
        site.land("workers-2026-11-02.csv", ADA, yamada)
        assert site.json("run")["manifest"]["operations"] == 2
        site.run("upload")
        assert site.json("outcomes")["failures"] == []
        assert site.accounts()["1005"]["userPrincipalName"] == "user-1005@contoso.com"
        [waits] = site.json("identity", "review")["spellings"]
        assert (waits["person_number"], waits["confidence"]) == ("1005", 0.3)
        assert [(part["part"], part["spelling"]) for part in waits["parts"]] == [
            ("first", "Taro"),
            ("last", "Yamada"),
        ]
        site.run("identity", "review", "1005", "--first", "Taro", "--set", "a@b.c", code=2)
        site.run("identity", "review", "1005", "--first", "太郎", code=2)
        site.run("identity", "review", "1001", "--accept", code=2)
        decided = site.json("identity", "review", "1005", "--first", "Taro", "--last", "Yamada")
        assert decided["spelling"] == {"first": "Taro", "last": "Yamada", "preferred": "Taro"}
        assert site.json("run")["manifest"]["operations"] == 1
        site.run("upload")
        assert site.json("outcomes")["failures"] == []
        assert site.json("run")["manifest"] is None
    assert site.accounts()["1005"]["userPrincipalName"] == "taro.yamada@contoso.com"
    assert site.json("identity", "review")["spellings"] == []
    shown = site.json("identity", "show", "1005")
    assert shown["spelling"]["confidence"] == 1
    assert {former["name"] for former in shown["identity"]["former"]} == {"user-1005@contoso.com", "u1005"}


def test_a_day_over_the_quarantine_limit_stops_and_its_correction_goes_through(site: Site) -> None:
    bad = [worker(f"{2000 + i}", f"First{i}", f"Last{i}", Country="nowhere") for i in range(30)]
    site.land("workers-2026-11-02.csv", ADA, *bad)
    said = site.run("run", code=3)
    assert "workers.quarantine_limit" in said
    assert list(site.home.manifests.rglob("*.ndjson")) == []
    status = site.json("status")
    assert [(day["status"], day["quarantined"]) for day in status["days"]] == [("stopped", 30)]
    assert status["manifests"] == []
    [guard] = site.json("plan")["guards"]
    assert (guard["guard"], guard["verdict"]) == ("quarantine_limit", "stopped")
    site.land("workers-2026-11-02.csv", ADA, *({**row, "Country": "DE"} for row in bad))
    report = site.json("run")
    assert [(day["status"], day["workers"], day["quarantined"]) for day in report["days"]] == [("done", 31, 0)]
    assert report["manifest"]["operations"] == 31


def test_the_life_of_accounts_over_two_days(site: Site) -> None:
    site.land("workers-2026-11-02.csv", ADA, BEN, CAT, DAN, EVE)
    site.run("run")
    planned = site.json("plan")
    assert planned["operations"] == {"create": 5}
    assert planned["requests"] == 1
    assert planned["attributes"] == []
    assert [manifest["state"] for manifest in planned["manifests"]] == ["ready"]
    with running(site.home.sandbox):
        [sent] = site.json("upload")
        assert (sent["state"], sent["accepted"], sent["refused"]) == ("accepted", 1, 0)
        read = site.json("outcomes")
    assert (read["settled"], read["waiting"], read["failures"]) == (5, 0, [])
    assert site.json("plan")["operations"] == {}
    first = site.accounts()
    assert first["1002"]["mobile"] == "+1 555 0100"
    assert first["1002"]["manager"] == "1001"

    site.land(
        "workers-2026-11-03.csv",
        ADA,
        {**BEN, "Mobile Phone Number": ""},  # an attribute is cleared
        {**CAT, "Account Status": "False", "Termination Date": "2026-11-02"},  # a leaver
        {**DAN, "Country": "nowhere", "Job Name": "Diver"},  # one cell is held back, the other counts
        worker("1006", "Fay", "Weldon"),  # a joiner; Eve is absent
    )
    report = site.json("run", "--from", "2026-11-02", "--to", "2026-11-03")
    assert [day["business_date"] for day in report["days"]] == ["2026-11-02", "2026-11-03"]
    assert (report["days"][1]["quarantined"], report["days"][1]["absent"]) == (1, 1)
    assert report["days"][1]["changes"] == {"joiner": 1, "leaver": 1, "mover": 1, "update": 1}
    planned = site.json("plan")
    assert planned["operations"] == {"disable": 1, "create": 1, "update": 2}
    changed = {found["attribute"]: (found["changed"], found["cleared"]) for found in planned["attributes"]}
    assert changed['phoneNumbers[type eq "mobile"].value'] == (1, 1)
    assert changed["active"] == (1, 0)
    one = site.json("plan", "--worker", "1002")
    assert one["kind"] == "update"
    [cleared] = one["attributes"]
    assert (cleared["old"], cleared["new"]) == ("+1 555 0100", None)
    [mobile] = [phone for phone in one["payload"]["phoneNumbers"] if phone["type"] == "mobile"]
    assert mobile == {"type": "mobile", "value": None}, "what was cleared must be an explicit null"
    assert one["payload"]["active"] is True
    [sealed] = site.json("plan", "--date", "2026-11-03")
    assert sealed["counts"] == {"disable": 1, "create": 1, "update": 2}
    assert {found["name"] for found in sealed["extracts"]} == {"workers-2026-11-03.csv"}

    with running(site.home.sandbox, options=SandboxOptions(flow_nulls=True)):
        site.run("upload")
        site.run("outcomes")
    second = site.accounts()
    assert "mobile" not in second["1002"] or second["1002"]["mobile"] is None
    assert second["1003"]["accountEnabled"] is False
    for untouched in ("1001", "1005"):  # the same, and the absent one
        assert second[untouched] == first[untouched]
    assert second["1004"] == {**first["1004"], "jobTitle": "Diver"}
    assert second["1006"]["accountEnabled"] is True
    assert site.json("plan")["operations"] == {}

    status = site.json("status")
    assert status.keys() >= {"home", "profile", "target", "days", "extracts", "manifests", "receipts", "failures",
                             "quarantine", "quota_left", "landing"}  # fmt: skip
    assert [manifest["state"] for manifest in status["manifests"]] == ["accepted", "accepted"]
    assert [(found["rule"], found["column"], found["rows"]) for found in status["quarantine"]] == [
        ("pattern", "Country", 1)
    ]
    story = site.json("trace", "1003")
    assert [(v["valid_from"], v["valid_to"], v["file"], v["row_no"]) for v in story["versions"]] == [
        ("2026-11-02", "2026-11-03", "workers-2026-11-02.csv", 4),
        ("2026-11-03", None, "workers-2026-11-03.csv", 4),
    ]
    assert story["identity"]["user_principal_name"] == "cat.stevens@contoso.com"
    assert [(done["kind"], done["state"]) for done in story["operations"]] == [
        ("create", "succeeded"),
        ("disable", "succeeded"),
    ]
    quarantined = site.json("trace", "1004")["quarantine"]
    assert [(found["rule"], found["column"], found["value"]) for found in quarantined] == [
        ("pattern", "Country", "NOWHERE")
    ]
    assert "cat.stevens@contoso.com" in site.run("trace", "1003")
    assert_silent(site)


def test_a_worker_whose_name_is_taken_waits_for_a_persons_word_and_succeeds_once_the_cause_is_gone(site: Site) -> None:
    with running(site.home.create().sandbox) as sandbox:
        taken = {"userPrincipalName": "ada.byron@contoso.com", "displayName": "Another Ada"}
        control(sandbox, "users", users=[taken])
        site.land("workers-2026-11-02.csv", ADA, FAY)
        site.run("run")
        site.run("upload")
        read = site.json("outcomes")
        [failed] = read["failures"]
        assert (failed["person_number"], failed["state"], failed["error_code"]) == ("1001", "failed", "Conflict")
        assert (failed["failure_class"], failed["attempts"], failed["next_try_at"]) == ("needs data", 1, None)
        assert "must be unique" in failed["mend"]
        assert site.json("plan")["operations"] == {}  # the answer would be the same
        assert "must be unique" in site.run("status")
        told = site.json("alerts")
        assert (told["alerts"], told["receivers"]) == ([], [])  # one failure is no matter of state
        assert "HCM_PIPELINE_ALERT_WEBHOOK" in site.run("alerts", "--send", code=2)
        db = sqlite3.connect(site.home.sandbox / "state.sqlite", timeout=30)
        with db:
            db.execute("DELETE FROM users WHERE upn = ?", (taken["userPrincipalName"],))
        db.close()
        site.run("outcomes", "--retry", "1006", code=2)
        assert site.json("outcomes", "--retry", "1001") == {"retry": "1001", "workers": 1}
        assert site.json("plan")["operations"] == {"retry": 1}
        report = site.json("run")
        assert report["manifest"]["operations"] == 1
        site.run("upload")
        read = site.json("outcomes")
    assert read["failures"] == []
    assert site.accounts()["1001"]["userPrincipalName"] == "ada.byron@contoso.com"
    assert site.json("plan")["operations"] == {}
    payloads = [
        orjson.loads(line)
        for path in sorted(site.home.manifests.rglob("bulk.ndjson"))
        for line in path.read_bytes().splitlines()
    ]
    sent = [operation["data"] for body in payloads for operation in body["Operations"]]
    ada = [user for user in sent if user["externalId"] == "1001"]
    assert len(ada) == 2
    assert ada[0] == ada[1]
