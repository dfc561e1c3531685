"""Text that was damaged on its way, and characters that nobody sees: neither becomes data."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from .support import Site

PROFILE = resources.files("hcm_pipeline.profile.builtin").joinpath("oracle-hcm.toml").read_text(encoding="utf-8")
BLANKS = """Person Number,Account Status,First Name,Last Name,Manager,Country,Email Address,Department Name
7001,True,Ida,Holm,,US,ida@hr.example,Sales
7002,True,太郎\u3000,山田\u3000,7001,JP,taro@hr.example,営業\u3000
7003,True,Bo,\u3000,7001,JP,bo@hr.example,Sales
7004,True,Nia,Burr,7001\u200b,US,nia@hr.example\u200b,Sales
7005,True,Uma\u200e,Dell,7001,US,uma@hr.example,Sales
7006,True,Mary\u00a0Ann,Poe,7001,US,mary@hr.example,Sales
"""


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A home under the built-in profile."""
    return Site(tmp_path / "home")


def landed(site: Site, name: str, data: bytes | str, code: int = 0) -> str:
    """Land a file and run its date; the output of the run."""
    path = site.path.parent / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    site.run("land", path)
    return site.run("run", code=code)


def own_profile(site: Site, *changes: tuple[str, str]) -> None:
    """The built-in profile with texts in the place of others."""
    text = PROFILE
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = site.path.parent / "own.toml"
    path.write_text(text, encoding="utf-8")
    site.profile = str(path)


def sent(site: Site, number: str) -> dict[str, Any]:
    payload: dict[str, Any] = site.json("plan", "--worker", number)["payload"]
    return payload


def held(site: Site) -> dict[str, list[str]]:
    """Person number to the columns that are held back."""
    return {cell["person_number"]: cell["columns"] for cell in site.json("status")["held_back"]["cells"]}


def test_blanks_and_what_nobody_sees_are_no_part_of_a_value(site: Site) -> None:
    landed(site, "workers-2026-11-16.csv", BLANKS)
    taro = sent(site, "7002")
    assert (taro["name"]["familyName"], taro["name"]["givenName"], taro["displayName"]) == ("山田", "太郎", "太郎 山田")
    assert taro["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"]["department"] == "営業"
    assert held(site) == {"7003": ["Last Name"]}
    assert "required" in site.run("plan", "--worker", "7003")
    nia = sent(site, "7004")
    assert nia["emails"][0]["value"] == "nia@hr.example"
    assert nia["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"]["manager"] == {"value": "7001"}
    assert sent(site, "7005")["displayName"] == "Uma Dell"
    assert sent(site, "7006")["name"]["givenName"] == "Mary Ann"


def test_a_heading_that_differs_by_what_nobody_sees_is_the_heading(site: Site) -> None:
    head = "\u200bPerson\u00a0Number\u200e,Account  Status,First\u3000Name,Last Name\u00ad\n"
    landed(site, "workers-2026-11-16.csv", head + "7001,True,Ida,Holm\n")
    assert sent(site, "7001")["displayName"] == "Ida Holm"
    path = site.path.parent / "workers-2026-11-17.csv"
    path.write_text(
        "Person Number,Person\u00a0Number,Account Status,First Name,Last Name\n7001,7001,True,Ida,Holm\n",
        encoding="utf-8",
    )
    assert r"Person Number, Person\xa0Number" in site.run("land", path, code=1)
    path.write_text("Person Number,Account Status,First Name,L\u0430st Name\n7001,True,Ida,Holm\n", encoding="utf-8")
    assert r"L\u0430st Name (which looks alike)" in site.run("land", path, code=1)


CENTRAL = """Person Number,Account Status,First Name,Last Name,Country,City
4001,True,Łukasz,Wójcik,PL,Łódź
4002,True,Zażółć,Gęślą,PL,Kraków
4003,True,Jiří,Dvořák,CZ,Plzeň
4004,True,Ida,Holm,US,Reno
"""


def names(site: Site) -> dict[str, str]:
    """Person number to the part of the userPrincipalName before the @."""
    rows = site.run("identity", "export", "-").splitlines()[1:]
    return {number: upn.partition("@")[0] for number, upn, *_ in (row.split(",") for row in rows) if upn}


def test_a_code_page_that_nobody_named_waits_for_a_persons_word_and_is_read_as_the_profile_then_says(
    site: Site,
) -> None:
    said = landed(site, "workers-2026-11-16.csv", CENTRAL.encode("cp1250"), code=3)
    assert "do not look like windows-1252" in said
    assert "fallback_encoding" in said
    assert names(site) == {}
    own_profile(site, ('content = "full"', 'content = "full"\nencoding = "windows-1250"'))
    site.run("run")
    assert names(site) == {"4001": "lukasz.wojcik", "4002": "zazolc.gesla", "4003": "jiri.dvorak", "4004": "ida.holm"}
    assert sent(site, "4003")["displayName"] == "Jiří Dvořák"


def test_a_fallback_that_the_profile_names_is_no_guess(site: Site) -> None:
    own_profile(site, ('content = "full"', 'content = "full"\nfallback_encoding = "cp1250"'))
    landed(site, "workers-2026-11-16.csv", CENTRAL.encode("cp1250"))
    assert names(site)["4001"] == "lukasz.wojcik"


def test_a_person_may_take_a_guess_as_it_is(site: Site) -> None:
    landed(
        site,
        "workers-2026-11-16.csv",
        CENTRAL.replace("4002,True,Zażółć,Gęślą,PL,Kraków\n", "").encode("cp1250"),
        code=3,
    )
    [extract] = site.json("extract", "show")
    site.run("extract", "accept", extract["sha256"], str(3), "--why", "it is Danish")
    site.run("run")
    assert names(site) == {"4003": "jioi.dvooak", "4004": "ida.holm"}
    assert held(site) == {"4001": ["First Name"]}


ONE_NAME = """Person Number,Account Status,First Name,Last Name,Department Name,Job Name
5001,True,FNU,Suharto,Sales,N/A
5002,True,Björk,—,-,Singer
5003,True,NULL,Sato,Sales,
5004,True,FNU,LNU,Sales,
5005,True,Ann,Null,NULL,
5006,True,lnu,xxx,Sales,
"""


def test_somebody_with_one_name_is_named_by_it_and_a_placeholder_is_no_name(site: Site) -> None:
    landed(site, "workers-2026-11-16.csv", ONE_NAME)
    assert names(site) == {"5001": "suharto", "5002": "bjork"}
    suharto, bjork = sent(site, "5001"), sent(site, "5002")
    assert (suharto["displayName"], suharto["userName"], suharto["title"]) == ("Suharto", "suharto@contoso.com", None)
    assert (suharto["name"]["givenName"], suharto["name"]["familyName"]) == (None, "Suharto")
    assert (bjork["displayName"], bjork["name"]["familyName"], bjork["title"]) == ("Björk", None, "Singer")
    assert held(site) == {
        "5003": ["First Name"], "5004": ["First Name", "Last Name"], "5005": ["Last Name"], "5006": ["First Name", "Last Name"],
    }  # fmt: skip


def test_somebody_may_be_called_null(site: Site) -> None:
    own_profile(site, ('column = "Last Name"', 'column = "Last Name"\nplaceholders = []'))
    landed(site, "workers-2026-11-16.csv", ONE_NAME)
    assert names(site)["5005"] == "ann.null"


CHIEFS = """Person Number,Account Status,First Name,Last Name,Job Name,Country,Worker Type,Hire Date,Termination Date
1001,True,Amara,Okafor,Engineer,NO,Employee,2020-01-01,
1002,True,\u0410m\u0430r\u0430,Ok\u0430for,Engineer,NO,Employee,2020-01-01,
1003,True,\u202earamA,Okafor,Engineer,NO,Employee,2020-01-01,
"""


def test_a_name_that_looks_like_another_workers_is_not_sent_before_somebody_has_looked(site: Site) -> None:
    landed(site, "w-2026-11-12.csv", CHIEFS)
    assert names(site) == {"1001": "amara.okafor"}
    assert [person["person_number"] for person in site.json("plan")["people"]] == ["1001"]
    assert held(site) == {"1002": ["First Name", "Last Name"], "1003": ["First Name"]}
    assert "mixed_scripts" in site.run("plan", "--worker", "1002")
    assert "control_character" in site.run("plan", "--worker", "1003")
    asked = site.json("identity", "review")["names"]
    assert {(one["person_number"], one["field"], one["rule"]) for one in asked} == {
        ("1002", name, rule) for name in ("first_name", "last_name") for rule in ("mixed_scripts", "lookalike_name")}  # fmt: skip
    assert "mixed scripts" in site.run("identity", "review")
    site.run("identity", "review", "1003", "--seen", code=2)  # what turns the direction is no matter of taste
    assert "about 1 worker, 1002" in site.run("identity", "review", "1002", "--seen").lower()
    site.run("run")
    assert (set(names(site)), held(site)) == ({"1001", "1002"}, {"1003": ["First Name"]})
    assert site.json("identity", "review")["names"] == []
    landed(site, "w-2026-11-13.csv", CHIEFS.replace("Engineer", "Clerk"))
    assert held(site) == {"1003": ["First Name"]}  # the word holds while the name is written so
    landed(site, "w-2026-11-14.csv", CHIEFS.replace("1002,True,\u0410m\u0430r\u0430", "1002,True,\u0410mar\u0430"))
    assert set(held(site)) == {"1002", "1003"}


def test_a_leaver_whose_name_is_damaged_leaves(site: Site) -> None:
    landed(site, "w-2026-11-12.csv", CHIEFS)
    gone = CHIEFS.replace("1001,True,Amara", "1001,False,Am\u200bara").replace(
        "2020-01-01,\n1002", "2020-01-01,2026-11-12\n1002"
    )
    landed(site, "w-2026-11-13.csv", gone)
    payload = sent(site, "1001")
    assert (payload["active"], payload["displayName"]) == (False, "Amara Okafor")
