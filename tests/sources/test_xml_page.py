"""The profiles of the page about XML extracts read the files that it shows."""

from __future__ import annotations

from pathlib import Path

from hcm_pipeline.flow import landing
from hcm_pipeline.flow.processing import Audit, audit
from hcm_pipeline.http import utc_now

from ..docs.pages import DOCS, blocks
from ..workers.driver import PROFILE, Firm, day

PAGE = {block.value: block.text for block in blocks(DOCS / "how-to" / "read-xml-extracts.md") if block.value}
FIELDS = """[fields.department]
column = "Department"
[fields.email]
column = "Email"
"""


def test_the_page_about_xml_shows_what_its_profiles_read(tmp_path: Path) -> None:
    sources = PAGE["bip.toml"].partition("[fields.person_number]")
    text = (
        'name = "firm"\n' + sources[0] + PAGE["native.toml"] + PAGE["etext.toml"] + "".join(sources[1:]) + FIELDS
        + PROFILE[PROFILE.index("[workers]") :].replace("'{enterprise}:manager' = \"manager_external_id\"\n", "")
    )  # fmt: skip
    firm = Firm(tmp_path, text)
    said = {}
    for name, shown, date in (
        ("workers_1.xml", "bip.xml", 2),
        ("changes_1.xml", "native.xml", 3),
        ("etext_1.txt", "etext.txt", 4),
    ):
        (tmp_path / name).write_text(PAGE[shown], encoding="utf-8")
        [landed] = landing.land(firm.warehouse, firm.loaded.profile, [tmp_path / name], now=utc_now, date=day(date))
        said[landed.source] = (landed.result, landed.message)
        firm.run(day(date))
        if date == 3:
            assert firm.snapshot(fields="last_name, department, legal_employer, email") == {
                "0004711": ("Núñez", "Platform", "Example NL BV", None)
            }
    assert said == {
        "report": ("taken", "XML, utf-8, 6 columns, 1 record"),
        "changes": ("taken", "XML, utf-8, 3 columns, 1 record"),
        "etext": ("taken", "utf-8, lines of 29 characters, 4 columns, 2 records"),
    }
    assert firm.snapshot(fields="last_name, first_name, active") == {
        "0004711": ("NUNEZ", "ZOE", True),
        "0004712": ("VAN DER BE", "JAN", False),
    }
    firm.warehouse.publish()
    with firm.warehouse.read() as con:
        assert [audit(con, day(n)) for n in (2, 3, 4)] == [Audit(0, 0)] * 3  # a total is no record
