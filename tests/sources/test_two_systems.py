"""Two systems with other headings, values and numbers feed one company."""

from __future__ import annotations

from pathlib import Path

import orjson

from hcm_pipeline.flow import plans
from hcm_pipeline.flow.views.trace import story_of

from ..workers.driver import PROFILE, Firm, day, worker

UK = """[[sources]]
name = "payroll"
glob = "payroll*"
namespace = "uk"
[sources.fields]
person_number = "Employee"
first_name = "Forename"
last_name = "Surname"
manager = "Reports to"
active = { column = "Status", true_values = ["in post"], false_values = ["gone"] }
hire_date = { column = "Start", formats = ["%d/%m/%Y"] }
country = { replace = { England = "GB" }, normalise = [] }
"""
COLUMNS = ("Employee", "Status", "Forename", "Surname", "Reports to", "Start", "Country")


def company(folder: Path, sources: str = UK, more: str = "") -> Firm:
    """The firm with a second system behind its own."""
    return Firm(folder, PROFILE.replace("[fields.person_number]", sources + "[fields.person_number]", 1), more)


def british(number: str, **fields: str) -> dict[str, str]:
    """A row of the second system."""
    return {"Employee": number, "Status": "in post", "Forename": "Ann", "Surname": f"Lee{number}", **fields}


def test_each_source_has_its_own_columns_and_values_for_the_fields_of_the_company(tmp_path: Path) -> None:
    firm = company(tmp_path, UK.replace('namespace = "uk"\n', ""))
    firm.land([worker("1", Country="uk", Hired="2020-01-31")], day(2))
    firm.land(
        [british("2", Country="England", Start="31/01/2020"), british("3", Status="gone")],
        day(2),
        source="payroll",
        columns=COLUMNS,
    )
    firm.run(day(2))
    assert firm.snapshot(fields="last_name, country, hire_date::varchar, coalesce(status_active, active)") == {
        "1": ("Lee1", "GB", "2020-01-31", True),
        "2": ("Lee2", "GB", "2020-01-31", True),
        "3": ("Lee3", None, None, False),
    }


def test_a_column_that_is_missing_is_asked_for_by_the_name_that_the_source_gives_it(tmp_path: Path) -> None:
    firm = company(tmp_path)
    refused = firm.land([worker("1")], day(2), source="payroll")
    assert refused.result == "refused"
    assert "Employee, Status, Forename, Surname are missing" in refused.message


def test_the_same_number_in_two_namespaces_is_two_workers(tmp_path: Path) -> None:
    firm = company(tmp_path)
    firm.land([worker("1"), worker("2", Manager="1")], day(2))
    firm.land([british("1"), british("2", **{"Reports to": "1"})], day(2), source="payroll", columns=COLUMNS)
    [counts] = firm.run(day(2))
    assert (counts.workers, counts.quarantined, counts.manager_warnings) == (4, 0, 0)
    assert firm.snapshot(fields="manager") == {"1": None, "2": "1", "uk:1": None, "uk:2": "uk:1"}


def test_a_namespaced_worker_is_the_same_one_the_day_after(tmp_path: Path) -> None:
    firm = company(tmp_path)
    rows = [british("1"), british("2", **{"Reports to": "1"})]
    firm.land(rows, day(2), source="payroll", columns=COLUMNS)
    firm.land([*rows, british("3")], day(3), source="payroll", columns=COLUMNS)
    firm.land(rows[::-1], day(4), source="payroll", columns=COLUMNS)
    firm.run(day(2), day(3), day(4))
    assert list(firm.kinds(day(3))) == ["uk:3"]
    assert firm.kinds(day(4)) == {}
    assert firm.sql("select person_number, status from absences") == [("uk:3", "absent")]


def test_a_row_is_judged_by_what_its_file_says_and_named_by_its_own_heading(tmp_path: Path) -> None:
    firm = company(tmp_path)
    twelve = "123456789012"
    firm.land([worker("1", Last="")], day(2))
    firm.land(
        [british(twelve), british("12 4"), british("5", Surname=""), british("6"), british("6", Surname="Other")],
        day(2),
        source="payroll",
        columns=COLUMNS,
    )
    firm.run(day(2))
    assert list(firm.snapshot()) == [f"uk:{twelve}"]
    assert firm.reasons(day(2)) == [
        (2, "required", "Last"),
        (3, "pattern", "Employee"),
        (4, "required", "Surname"),
        (5, "contradicts_another_row", "Surname"),
        (6, "contradicts_another_row", "Surname"),
    ]


def test_a_blank_of_changes_only_is_completed_within_the_namespace(tmp_path: Path) -> None:
    news = UK.replace('"payroll"', '"changes"').replace("payroll*", "changes*") + UK
    news = news.replace('glob = "changes*"', 'glob = "changes*"\ncontent = "changes-only"\nrows = "narrow"')
    firm = company(tmp_path, news)
    firm.land([worker("2", Manager="9")], day(2))
    firm.land([british("1"), british("2", **{"Reports to": "1"})], day(2), source="payroll", columns=COLUMNS)
    firm.land([british("2", Surname="Married")], day(3), source="changes", columns=COLUMNS)
    firm.run(day(2), day(3))
    assert firm.snapshot(fields="last_name, manager")["uk:2"] == ("Married", "uk:1")
    assert firm.snapshot(fields="last_name, manager")["2"] == ("Lee2", "9")


def test_names_that_are_made_of_the_number_have_the_namespace_without_its_colon(tmp_path: Path) -> None:
    firm = company(tmp_path, more="[identity.sam_account_name]\ncandidates = ['{number}']\n")
    firm.land([worker("7001")], day(2))
    firm.land([british("7001")], day(2), source="payroll", columns=COLUMNS)
    firm.run(day(2))
    names = dict(firm.sql("select person_number, sam_account_name from identities"))
    assert names == {"7001": "7001", "uk:7001": "uk7001"}


def test_a_namespace_is_in_what_is_sent_and_in_the_story_of_a_worker(tmp_path: Path) -> None:
    firm = company(tmp_path)
    firm.land([worker("1")], day(2))
    firm.land([british("1"), british("2", **{"Reports to": "1"})], day(2), source="payroll", columns=COLUMNS)
    firm.run(day(2))
    made = plans.plan(firm.warehouse, firm.loaded, "target")
    assert made is not None
    assert made.manifest is not None
    folder = firm.home.manifests / "2026-11-02" / made.manifest.manifest_id
    requests = [orjson.loads(line) for line in (folder / "bulk.ndjson").read_bytes().splitlines()]
    sent = {op["data"]["externalId"]: op for request in requests for op in request["Operations"]}
    assert sorted(sent) == ["1", "uk:1", "uk:2"]
    assert all(op["bulkId"].startswith(f"{number}-") for number, op in sent.items())
    with firm.warehouse.write() as con:
        [version] = story_of(con, firm.loaded.profile, "uk:2", None).versions
    columns = {value.field: value.column for value in version.values}
    assert (columns["last_name"], columns["department"]) == ("Surname", "Department")
