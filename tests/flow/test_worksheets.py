"""The worksheets as documents, the hybrid guide, and a target that is not the job's."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hcm_pipeline.cli.main import app
from hcm_pipeline.errors import GuardStop, UsageError
from hcm_pipeline.flow import plans
from hcm_pipeline.flow.filled_sheets import Sample, Worksheets, filled_worksheets, read_sample, result_of
from hcm_pipeline.flow.hybrid_guide import cloud_sync_script, connect_script, guide_html, guide_markdown, guide_of
from hcm_pipeline.flow.installation import Installation
from hcm_pipeline.flow.profiles import built_in_text, load_profile, parse_profile, require_target
from hcm_pipeline.flow.worksheet_files import FORMATS, written
from hcm_pipeline.home import Home
from hcm_pipeline.profile import AttributeFlow
from hcm_pipeline.settings import Settings
from tests.delivery.chain import new_chain
from tests.profile.test_worksheets import AD, firm
from tests.workers.driver import PROFILE, Firm

NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
BUILT_IN = load_profile("oracle-hcm").profile
ODD = "Zoë <b>|`=1+1`\u202e"
SCIM = {
    "externalId": "0100011", "userName": "zoe.nunez@contoso.com", "active": "true", "displayName": ODD,
    f"{BUILT_IN.scim.custom_schema}:HireDate": "2021-03-01T05:00:00Z", "title": "=cmd|' /C calc'!A0",
}  # fmt: skip
SOMEBODY = Sample(
    "0100011", dt.date(2026, 11, 2), {"first_name": ODD}, {"user_principal_name": "zoe.nunez@contoso.com"}, SCIM
)
ENTRA_JOB = "principal/API2AAD.0.1"
AD_JOB = "principal/API2AD.0.1"


@pytest.fixture(scope="module")
def made() -> Worksheets:
    """The worksheets of the built-in profile, with somebody's values."""
    return filled_worksheets(BUILT_IN, "0" * 64, SOMEBODY, NOON)


def test_all_six_worksheets_are_there_and_hold_the_values_of_the_worker(made: Worksheets) -> None:
    assert [sheet.number for sheet in made.sheets] == [1, 2, 3, 4, 5, 6]
    found = {(sheet.number, row.right): row for sheet in made.sheets for row in sheet.rows}
    assert next(row for row in made.sheets[2].rows if row.left == "userPrincipalName").sample == "zoe.nunez@contoso.com"
    assert found[4, "accountDisabled"].sample == "False"
    assert found[4, "extensionAttribute2"].sample == "20210301050000.0Z"
    assert found[5, "employeeHireDate"].sample == "20210301050000.0Z"
    assert found[6, "employeeHireDate"].sample == "2021-03-01T05:00:00Z"
    assert found[6, "mailNickname"].sample == "zoe.nunez"
    assert (found[6, "mail"].terms, found[6, "mail"].sample) == ("not mapped", None)
    assert found[6, "employeeId"].terms == "matching, precedence 1"


def test_without_a_worker_there_are_no_values() -> None:
    made = filled_worksheets(BUILT_IN, "0" * 64, None, NOON)
    assert {row.sample for sheet in made.sheets for row in sheet.rows} == {None}
    assert "Value" not in written(made, "markdown")


@pytest.mark.parametrize("form", FORMATS)
def test_a_document_has_all_rows_places_to_sign_and_nothing_that_drives_what_shows_it(
    form: str, made: Worksheets
) -> None:
    text = written(made, form)
    for sheet in made.sheets:
        assert str(sheet.number) in text
    assert "HR administrator" in text
    assert "IT administrator" in text
    assert "\u202e" not in text
    assert "<b>" not in text or form in ("table", "csv")
    assert "employeeOrgData.division" in text


def test_the_page_needs_nothing_else_and_reads_on_a_phone_in_light_and_dark(made: Worksheets) -> None:
    page = written(made, "html")
    assert not re.findall(r"(?:src|href)\s*=|<script|@import|url\(", page)
    assert "color-scheme: light dark" in page
    assert 'name="viewport"' in page
    assert "@media print" in page


def test_no_cell_of_the_table_for_spreadsheets_is_a_formula(made: Worksheets) -> None:
    rows = list(csv.reader(io.StringIO(written(made, "csv"))))
    assert {len(row) for row in rows} == {6}
    assert not [cell for row in rows[1:] for cell in row if cell[:1] in ("=", "+", "-", "@")]


def test_markdown_tables_have_the_cells_of_their_heads(made: Worksheets) -> None:
    for block in written(made, "markdown").split("\n\n"):
        lines = [line for line in block.splitlines() if line.startswith("|")]
        assert len({len(re.split(r"(?<!\\)\|", line)) for line in lines}) <= 1


def test_a_sheet_for_another_directory_says_so() -> None:
    sheets = filled_worksheets(firm(AD), "0" * 64, None, NOON).sheets
    assert [sheet.applies for sheet in sheets] == [None, None, None, True, True, False]


@pytest.mark.parametrize(
    ("flow", "expected"),
    [(AttributeFlow("x", "title"), "Head"), (AttributeFlow("x", value="fixed"), "fixed"),
     (AttributeFlow("x", "active", 'Switch([active], , "False", "True", "True", "False")'), "True"),
     (AttributeFlow("x", None, "Nonsense("), None), (AttributeFlow("x", "nobody"), None)],
)  # fmt: skip
def test_a_value_is_what_the_mapping_makes_of_the_record(flow: AttributeFlow, expected: str | None) -> None:
    assert result_of(flow, {"title": "Head", "active": "false"}, NOON) == expected


def test_the_values_are_those_of_the_warehouse_and_of_the_ledger(tmp_path: Path) -> None:
    (tmp_path / "firm.toml").write_text(PROFILE, encoding="utf-8")
    people = Firm(tmp_path, PROFILE)
    here = Installation(Settings(people.home, str(tmp_path / "firm.toml"), None))
    assert read_sample(here, here.profile, None) is None
    with pytest.raises(UsageError, match="nothing was processed"):
        read_sample(here, here.profile, "1")
    chain = new_chain(tmp_path / "chain")
    chain.day("2026-11-02", ("0100011", "True", "Zoë", "Núñez"), ("0100012", "False", "Al", "Tu"))
    chain.planned()
    chain.warehouse.publish()
    there = Installation(Settings(chain.home, "oracle-hcm", None))
    sample = read_sample(there, there.profile, None)
    assert sample is not None
    assert (sample.person_number, sample.fields["last_name"], sample.names["sam_account_name"]) == (
        "0100011",
        "Núñez",
        "znunez",
    )
    assert sample.scim["userName"] == "zoe.nunez@contoso.com"
    with pytest.raises(UsageError, match="no worker of the newest snapshot"):
        read_sample(there, there.profile, "7")


def test_the_guide_names_the_rules_and_the_form_of_dates() -> None:
    guide = guide_of(firm(AD), "0" * 64, NOON)
    assert [row.target for row in guide.added] == ["employeeHireDate"]
    assert guide.extended == ("extensionAttribute2",)
    text = guide_markdown(guide)
    for part in (
        "In from AD - User - HCM employeeHireDate",
        "yyyyMMddHHmmss.fZ",
        "extensionAttribute2",
        "2.0.3.0",
        "-Apply",
    ):
        assert part in text
    assert text.count("```") % 2 == 0
    page = guide_html(guide)
    assert not re.findall(r"(?:src|href)\s*=|<script|@import|url\(", page)
    assert "employeeLeaveDateTime" not in cloud_sync_script(guide)


def test_scripts_quote_what_a_profile_says() -> None:
    row = """[target.hybrid]
jobTitle = { expression = 'Append([title], "; Remove-Item x")' }
department = { expression = "Append([title], \\"it's\\")" }
"""
    script = connect_script(guide_of(firm(AD + row), "0" * 64, NOON))
    rule = next(line for line in script.splitlines() if "HCM department" in line)
    assert "it''s" in rule
    assert "FlowType = 'Expression'" in rule


def test_a_profile_of_entra_alone_has_no_guide() -> None:
    with pytest.raises(UsageError, match=r"target\.kind is entra"):
        guide_of(firm("[target]\nkind = 'entra'"), "0" * 64, NOON)


@pytest.mark.parametrize(
    ("target", "job", "said"),
    [("", ENTRA_JOB, None), ("", AD_JOB, None), (AD, AD_JOB, None), ("[target]\nkind = 'entra'", ENTRA_JOB, None),
     (AD, ENTRA_JOB, "writes to entra"), ("[target]\nkind = 'entra'", AD_JOB, "writes to active_directory"),
     (f"{AD}[[target.populations]]\nname = 'a'\nwhen = 'active'\nkind = 'entra'", AD_JOB, None)],
)  # fmt: skip
def test_nothing_is_planned_for_a_job_of_another_directory(target: str, job: str, said: str | None) -> None:
    kind = firm(target).target.kind
    if said is None:
        require_target(kind, job)
        return
    with pytest.raises(GuardStop, match=said):
        require_target(kind, job)


def test_the_command_writes_files_that_their_owner_alone_may_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HCM_PIPELINE_HOME", str(Home(tmp_path / "home").path))
    run = CliRunner()
    for name in ("sheets.html", "sheets.md", "sheets.csv", "sheets.txt"):
        done = run.invoke(app, ["profile", "show", "--worksheets", str(tmp_path / name)])
        assert done.exit_code == 0, done.output
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    done = run.invoke(app, ["profile", "show", "--hybrid", "--out", str(tmp_path / "guide.html")])
    assert done.exit_code == 0, done.output
    assert "<h1>From Active Directory" in (tmp_path / "guide.html").read_text(encoding="utf-8")
    asked = (
        ["--worksheets", "--format", "pdf"],
        ["--hybrid", "--format", "csv"],
        ["--worker", "1"],
        ["--worksheets", "--hybrid"],
    )
    for options in asked:
        refused = run.invoke(app, ["profile", "show", *options])
        assert isinstance(refused.exception, UsageError), options


def test_a_profile_with_marks_is_shown_and_checked_with_what_waits(tmp_path: Path) -> None:
    extract = tmp_path / "people.csv"
    extract.write_text("Employee ID,First Name,Last Name,Status\n1,A,B,Active\n2,C,D,Left\n", encoding="utf-8")
    run, profile = CliRunner(), tmp_path / "profile.toml"
    assert run.invoke(app, ["profile", "propose", str(extract), "--out", str(profile)]).exit_code == 0
    checked = run.invoke(app, ["profile", "check", str(profile)])
    assert checked.exit_code == 0, checked.output
    assert "to confirm: identity.domain" in checked.output
    assert "nothing runs with this profile" in checked.output
    told = run.invoke(app, ["profile", "propose", str(extract), "--json"])
    assert '"person_number": "Employee ID"' in told.output
    assert isinstance(run.invoke(app, ["profile", "propose", str(extract), "--target", "ldap"]).exception, UsageError)


def test_a_plan_for_another_directory_than_the_profiles_is_stopped(tmp_path: Path) -> None:
    chain = new_chain(tmp_path)
    text = built_in_text("oracle-hcm").replace("[scim]", "[target]\nkind = 'active_directory'\n\n[scim]", 1)
    text = text.replace("# parent_distinguished_name", "parent_distinguished_name")
    text += "'{custom}:ParentDistinguishedName' = \"parent_distinguished_name\"\n"
    loaded = parse_profile(text, "profile.toml")
    with pytest.raises(GuardStop, match="writes to entra"):
        plans.plan(chain.warehouse, loaded, ENTRA_JOB, clock=chain.clock)
