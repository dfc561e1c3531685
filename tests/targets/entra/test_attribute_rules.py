"""The target's rules for values, and the fate of a value that breaks one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcm_pipeline.delivery import Mending
from hcm_pipeline.delivery.plan.fitting import BLANKS, cut_sql, fit, units_sql
from hcm_pipeline.directory import SAM, UPN_DOMAIN, UPN_LOCAL
from hcm_pipeline.errors import ProfileError
from hcm_pipeline.flow.profiles import built_in_text, load_profile, parse_profile
from hcm_pipeline.profile import IDENTITY_COLUMNS, Profile
from hcm_pipeline.targets.entra import compile_mapping, without_values
from hcm_pipeline.targets.entra.attribute_rules import SAM_NAME, TABLES, USER_NAME, described, ruled
from hcm_pipeline.targets.entra.desired import breaches
from hcm_pipeline.targets.entra.error_codes import mend_of
from hcm_pipeline.warehouse import Scratch, memory, scratch
from tests.docs.pages import DOCS, code, rows
from tests.pool import for_good

ORACLE = load_profile("oracle-hcm").profile
DEPARTMENT = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department"
SCHEMA = Path("/usr/share/samba/setup/ad-schema/AD_DS_Attributes__Windows_Server_2016.ldf")
ENTRA, AD = "principal/API2AAD.1.2", "principal/API2AD.1.2"


@pytest.fixture(scope="module")
def con() -> Iterator[Any]:
    """DuckDB as the pipeline opens it."""
    with memory() as made:
        yield made


@pytest.fixture
def t(con: Any) -> Iterator[Scratch]:
    """Relations for the time of a test."""
    with scratch(con) as made:
        yield made


def with_mapping(text: str, more: str = "") -> Profile:
    """The built-in profile with other lines of its mapping in place of those of the same name."""
    lines, new = (
        built_in_text("oracle-hcm").splitlines(),
        dict(line.split(" = ", 1) for line in text.splitlines() if line),
    )
    kept = [line for line in lines if line.partition(" = ")[0] not in new]
    return parse_profile("\n".join([*kept, *(f"{k} = {v}" for k, v in new.items()), more]), "other.toml").profile


def found_in(t: Scratch, profile: Profile, people: list[dict[str, Any]], target: str = ENTRA) -> list[tuple[Any, ...]]:
    """Person number, last part of the attribute, rule, length, longest and others of every breach of some workers."""
    columns = {
        **dict.fromkeys((*profile.columns, *IDENTITY_COLUMNS, "proxy_addresses", "manager_external_id"), "VARCHAR")
    }
    usual = {"first_name": "Ida", "last_name": "Berg", "user_principal_name": "ida@contoso.com"}
    context = t.of_rows("context", columns, [[{**usual, **one}.get(name) for name in columns] for one in people])
    mapping = compile_mapping(profile)
    made = breaches(t, ruled(profile, mapping, target), context)
    assert made is not None
    return t.rows(f"""select person_number, regexp_extract(attribute, '[A-Za-z]+$'), "rule", length, longest, others
        from {made} order by all""")  # fmt: skip


def test_a_value_that_is_too_long_is_found_by_attribute_length_and_limit(t: Scratch) -> None:
    long = {
        "department": "D" * 65,
        "job_name": "T" * 129,
        "company": "C" * 65,
        "city": "S" * 129,
        "first_name": "U" * 128,
        "last_name": "U" * 128,
    }
    assert found_in(t, ORACLE, [{"person_number": "1", **long}, {"person_number": "2", "department": "D" * 64}]) == [
        ("1", "department", "is too long", 65, 64, None),
        ("1", "displayName", "is too long", 257, 256, None),
        ("1", "locality", "is too long", 129, 128, None),
        ("1", "organization", "is too long", 65, 64, None),
        ("1", "title", "is too long", 129, 128, None),
    ]


def test_a_length_is_counted_as_the_directories_do(t: Scratch) -> None:
    people = [{"person_number": "1", "department": "ä" * 64}, {"person_number": "2", "department": "😀" * 33}]
    assert found_in(t, ORACLE, people) == [("2", "department", "is too long", 66, 64, None)]


@pytest.mark.parametrize(
    "made", ["chr(company::integer)", "printf('%c', company::integer)", "url_decode('%' || lpad(company, 2, '0'))"]
)
def test_a_control_character_that_an_expression_makes_is_found_and_the_others_are_not(t: Scratch, made: str) -> None:
    profile = with_mapping(f'title = {{ sql = "job_name || {made}" }}')
    people = [{"person_number": number, "job_name": "Cook", "company": number} for number in ("7", "0", "65")]
    found = found_in(t, profile, people)
    assert found == [(number, "title", "holds a control character", 5, 128, None) for number in ("0", "7")]


def test_the_matching_attribute_has_sixteen_characters(t: Scratch) -> None:
    assert found_in(t, ORACLE, [{"person_number": "1" * 16}, {"person_number": "2" * 17}]) == [
        ("2" * 17, "externalId", "is too long", 17, 16, None)
    ]


def test_active_directory_has_lengths_of_its_own_and_takes_no_empty_text(t: Scratch) -> None:
    profile = with_mapping("title = { sql = \"coalesce(job_name, '')\" }")
    person = {"person_number": "1", "division": "D" * 257}
    assert found_in(t, profile, [person]) == []
    assert found_in(t, profile, [person], AD) == [
        ("1", "division", "is too long", 257, 256, None),
        ("1", "title", "is blank", 0, 128, None),
    ]


def test_a_blank_and_a_repeated_user_name_are_found_with_the_people_who_have_it(t: Scratch) -> None:
    profile = with_mapping('userName = "email"')
    people: list[dict[str, Any]] = [
        {"person_number": "1", "email": "ida.møller@contoso.com"}, {"person_number": "2", "email": "Ida.Moller@contoso.com"},
        {"person_number": "3", "email": None}, {"person_number": "4", "email": "x@contoso.com"},
    ]  # fmt: skip
    shared = "is another worker's as well"
    assert [found for found in found_in(t, profile, people) if found[1] == "userName"] == [
        ("1", "userName", "has another form", 22, 113, None),
        ("1", "userName", shared, None, None, ["1", "2"]),
        ("2", "userName", shared, None, None, ["1", "2"]),
        ("3", "userName", "is blank", None, 113, None),
    ]


def test_person_numbers_that_fold_to_one_are_found(t: Scratch) -> None:
    people = [{"person_number": number} for number in ("a1", "A1", "a2")]
    assert [(found[0], found[5]) for found in found_in(t, ORACLE, people)] == [
        ("A1", ["A1", "a1"]),
        ("a1", ["A1", "a1"]),
    ]


FIT = "select person_number, department, title, basis from {} order by 1"
Breach = tuple[str, str, str, int | None, int | None, None, str | None, Mending]


def fitted(t: Scratch, *given: Breach) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """Versions after the mends, findings and who waits: 1 has an account with `Old` and `Boss`, 2 has none."""
    kinds = dict.fromkeys(("person_number", "attribute", "rule"), "varchar") | {
        "length": "integer",
        "longest": "integer",
    }
    kinds |= {"others": "varchar[]", "value": "varchar", "mending": "varchar"}
    found = t.of_rows("breaches", kinds, [[*row[:-1], str(row[-1])] for row in given])
    columns = dict.fromkeys(("person_number", "department", "title"), "varchar")
    versions = t.view(
        "versions",
        """select *, uuid '00000000-0000-0000-0000-000000000001' as basis
        from (values ('1', 'Research and Development', 'Boss'), ('2', 'Research and Development', 'Boss'))
            as v (person_number, department, title)""",
    )
    has = t.of_rows("has", columns, [["1", "Old", "Boss"]])
    made = fit(t, versions, found, None, has)
    told = (
        t.rows(f"select person_number, attribute, meanwhile from {made.findings} order by all") if made.findings else []
    )
    return (
        [
            (number, department, title, basis is not None)
            for number, department, title, basis in t.rows(FIT.format(made.versions))
        ],
        told,
        t.rows(f"from {made.waiting} order by all") if made.waiting else [],
    )


def breach(number: str, mending: Mending, rule: str = "is too long", attribute: str = "department") -> Breach:
    return (number, attribute, rule, 24, 18, None, "Research and Development", mending)


def test_the_last_good_value_stays_and_a_new_account_gets_none(t: Scratch) -> None:
    versions, told, waiting = fitted(t, breach("1", Mending.HELD), breach("2", Mending.HELD))
    assert versions == [("1", "Old", "Boss", False), ("2", None, "Boss", False)]
    assert told == [("1", "department", "last value stays"), ("2", "department", "is not sent")]
    assert waiting == []


def test_a_last_value_that_is_too_long_itself_does_not_stay(t: Scratch) -> None:
    row = ("1", "department", "is too long", 24, 2, None, "Research and Development", Mending.HELD)
    assert fitted(t, row)[0][0] == ("1", None, "Boss", False)


def test_a_value_is_cut_where_the_profile_says_so_and_for_a_new_account_that_needs_it(t: Scratch) -> None:
    assert [row[1] for row in fitted(t, breach("1", Mending.CUT), breach("2", Mending.CUT))[0]] == ["Research and"] * 2
    first = fitted(t, breach("1", Mending.CUT_AT_FIRST), breach("2", Mending.CUT_AT_FIRST))
    assert [row[1] for row in first[0]] == ["Old", "Research and"]


def test_a_new_account_waits_for_what_it_cannot_be_without_and_one_that_is_there_keeps_it(t: Scratch) -> None:
    versions, told, waiting = fitted(
        t, breach("1", Mending.NEEDED, "is blank"), breach("2", Mending.NEEDED, "is blank")
    )
    assert versions == [("1", "Old", "Boss", False)]
    assert told == [("1", "department", "last value stays"), ("2", "department", "waits")]
    assert waiting == [("2", "department is blank")]


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=40), st.integers(2, 20))
def test_a_cut_text_is_a_beginning_that_fits(text: str, longest: int) -> None:
    con = for_good(__name__)
    long = len(text.encode("utf-16-le")) // 2
    [(cut, units)] = con.execute(
        f"select {cut_sql('x', 'n')}, {units_sql('x')} from (select ?::varchar as x, ?::integer as n)", [text, longest]
    ).fetchall()
    assert units == long
    if long > longest:
        assert cut
        assert text.startswith(cut)
        assert len(cut.encode("utf-16-le")) // 2 <= longest


def test_a_cut_text_ends_with_a_word(con: Any) -> None:
    def cut(text: str, longest: int) -> str:
        return str(
            con.execute(f"select {cut_sql('x', str(longest))} from (select ?::varchar as x)", [text]).fetchone()[0]
        )

    assert cut("Research, Development and Services", 24) == "Research, Development"
    assert cut("Research, Development", 10) == "Research"
    assert cut("Research and", 8) == "Research"
    assert cut("Donaudampfschiffahrt", 8) == "Donaudam"
    assert cut("e\u0301" * 9, 3) == "e\u0301"
    assert re.search(BLANKS, "Sales & ")


names = st.text(st.sampled_from("aZ9.-_'!#^~ @/[]\"éﬁ:;|=,+*?<>\\"), max_size=24)


@given(names, names)
def test_the_forms_of_names_are_the_limits_of_the_directories(local: str, domain: str) -> None:
    con = for_good(__name__)
    whole, sam = con.execute(
        "select regexp_full_match(?, ?), regexp_full_match(?, ?)", [f"{local}@{domain}", USER_NAME, local, SAM_NAME]
    ).fetchone() or (None, None)
    assert whole == (not UPN_LOCAL.faults(local) and not UPN_DOMAIN.faults(domain))
    assert sam == (not [fault for fault in SAM.faults(local) if "longer" not in fault])


def test_the_lengths_of_active_directory_are_those_of_microsofts_schema() -> None:
    if not SCHEMA.is_file():
        pytest.skip("Samba, which brings Microsoft's schema with it, is not installed")
    longest = {}
    for block in SCHEMA.read_text(encoding="cp1252").replace("\r", "").split("\n\n"):
        name, most = (re.search(rf"^{key}: (\S+)$", block, re.MULTILINE) for key in ("lDAPDisplayName", "rangeUpper"))
        if name and most:
            longest[name[1]] = int(most[1])
    theirs = {"employeeId": "employeeID", "surname": "sn", "jobTitle": "title", "city": "l", "state": "st", "country": "co",
              "companyName": "company"}  # fmt: skip
    for rule in TABLES["ad"].values():
        if "[ad]" in rule.source:
            assert rule.longest == longest[theirs.get(rule.attribute, rule.attribute)], rule.attribute


def test_every_attribute_of_the_built_in_mapping_has_its_rule_or_none_that_is_known() -> None:
    ruled_ones = {path for _, path, _ in described()}
    unruled = {
        leaf.column for leaf in compile_mapping(ORACLE).leaves
        if leaf.json == "string" and leaf.column not in ruled_ones and leaf.column.rpartition(":")[2].lower() not in ruled_ones
    }  # fmt: skip
    assert {name.rpartition(":")[2] for name in unruled} == {"manager", "JobCode", "HireDate", "TermDate"}


def test_the_page_has_every_rule() -> None:
    page = DOCS / "reference" / "target-rules.md"
    listed = {}
    for heading in ("Both directories", "Active Directory alone", "Attributes of an organisation"):
        for path, attribute, longest, words, source in list(rows(page, heading))[1:]:
            listed[code(path)] = (code(attribute), longest, words, source)
    said = {}
    for _, path, rule in described():
        judged = (("must be there", rule.required), ("unique", rule.unique), ("has a form", rule.form))
        held = ", ".join(word for word, holds in judged if holds)
        said[path] = (rule.attribute, str(rule.longest or ""), held, rule.source)
    assert listed == said


@pytest.mark.parametrize(
    ("more", "key"),
    [
        ('cut = ["nothing"]', "delivery.cut[0]"),
        ('cut = ["userName"]', "delivery.cut[0]"),
        ("cut = ['phoneNumbers[type eq \"work\"].value']", "delivery.cut[0]"),
        ('cut = ["HireDate"]', "delivery.cut[0]"),
        ("longest = { nothing = 3 }", "delivery.longest.nothing"),
        ("longest = { department = 0 }", "delivery.longest.department"),
    ],
)
def test_a_word_about_lengths_names_a_mapped_attribute_that_may_be_cut(more: str, key: str) -> None:
    with pytest.raises(ProfileError) as told:
        parse_profile(f"{built_in_text('oracle-hcm')}\n[delivery]\n{more}\n", "p.toml")
    assert [fault.key for fault in told.value.faults] == [key]


def test_the_profile_says_what_another_attribute_takes(t: Scratch) -> None:
    profile = parse_profile(
        f"{built_in_text('oracle-hcm')}\n[delivery]\nlongest = {{ department = 100 }}\n", "p.toml"
    ).profile
    people = [{"person_number": str(n), "department": "D" * n} for n in (100, 101)]
    assert found_in(t, profile, people) == [("101", "department", "is too long", 101, 100, None)]


def test_the_reason_of_the_log_names_the_attribute_and_nobody() -> None:
    sent = ["6001", "ida.holm@contoso.com", "Ida Holm", "Holm", "Research & Development", "64", None]
    assert (
        without_values("department can only hold 64 characters.", sent[:5]) == "department can only hold 64 characters."
    )
    for said, shown in (
        ("Invalid value specified for property 'department' of resource 'User'.",) * 2,
        ("Another object with the value ida.holm@contoso.com exists", "Another object with the value … exists"),
        ("The value 'Research & Development' of 'department'", "The value '…' of 'department'"),
        ("CN=Ida Holm,OU=Staff,DC=contoso: not unique", "CN=…,OU=…,DC=…: not unique"),
        ('The manager "Karl Berg" (karl@contoso.com) is not there', 'The manager "…" (…) is not there'),
        ("HOLM is taken; call +1 555 0100 200", "… is taken; call …"),
        ("object 1b4e28ba-2fa1-11d2-883f-0016d3cca427 has employeeId 6001", "object … has employeeId …"),
        (None, None),
    ):
        assert without_values(said, sent[:5]) == shown


def test_a_code_tells_of_every_cause_that_it_has() -> None:
    said = mend_of("SchemaPropertyCanOnlyAcceptValue").mend
    for cause in ("longer than the target takes", "another form", "takes one"):
        assert cause in said
    assert "longer than the target takes" in mend_of("HybridSynchronizationActiveDirectoryInvalidParameter").mend
