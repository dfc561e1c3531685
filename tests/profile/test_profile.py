"""Profiles: every fault is named with file, key, value and what is allowed."""

from __future__ import annotations

import pytest

from hcm_pipeline.errors import ProfileError, ProfileFault
from hcm_pipeline.flow.profiles import built_in_text, load_profile, parse_profile
from hcm_pipeline.profile import built_in_names
from hcm_pipeline.profile.patterns import endless

GOOD = """
name = "firm"
start_date = "2024-01-01"
[[sources]]
name = "people"
glob = "*"
[fields.person_number]
column = "Number"
required = true
[fields.active]
column = "Active"
[fields.first_name]
column = "First"
[fields.last_name]
column = "Last"
[fields.hire_date]
column = "Hired"
[workers]
pick = [{ field = "hire_date", prefer = "latest" }]
[scope]
include = ["active"]
[identity]
domain = "firm.example"
[scim.mapping]
externalId = "person_number"
userName = "user_principal_name"
active = "active"
displayName = { sql = "first_name || ' ' || last_name" }
'{custom}:Hired' = { field = "hire_date", zone = "UTC" }
"""


def faults(text: str) -> list[ProfileFault]:
    """Every fault of a profile; the message names the file and each key."""
    with pytest.raises(ProfileError) as caught:
        parse_profile(text, "firm.toml")
    found = caught.value.faults
    assert str(caught.value).splitlines() == [f"firm.toml: {f.key} = {f.value}: {f.allowed}" for f in found]
    return found


def changed(old: str, new: str) -> str:
    """The good profile with one thing wrong."""
    assert GOOD.count(old) == 1, old
    return GOOD.replace(old, new)


def test_both_built_in_profiles_load() -> None:
    assert built_in_names() == ["microsoft-csv2scim", "oracle-hcm", "oracle-hcm-live"]
    for name in built_in_names():
        assert load_profile(name).profile.name == name


def test_the_good_profile_has_no_fault() -> None:
    assert parse_profile(GOOD, "firm.toml").profile.name == "firm"


@pytest.mark.parametrize(
    ("old", "new", "key", "value", "allowed"),
    [
        ('glob = "*"', 'glob = "*"\ncolour = 1', "sources[0].colour", "1", "no such key"),
        ('glob = "*"', 'glob = "*"\ncontent = "half"', "sources[0].content", "'half'", "one of 'full' or 'changes-only'"),
        ('glob = "*"', 'glob = "*"\nbusiness_date = { pattern = "(" }', "sources[0].business_date.pattern", "'('",
         "regular expression"),
        ('glob = "*"', 'glob = "*"\nnamespace = "UK"', "sources[0].namespace", "'UK'", "must match"),
        ('glob = "*"', 'glob = "*"\nfields = { nobody = "Name" }', "sources[0].fields.nobody", "'Name'", "one of person_number"),
        ('glob = "*"', 'glob = "*"\nfields.first_name = { required = true }', "sources[0].fields.first_name.required", "True",
         "no such key"),
        ('glob = "*"', 'glob = "*"\nfields.active = { true_values = ["0"] }', "sources[0].fields.active", "0", "not both"),
        ('glob = "*"', 'glob = "*"\nformat = "parquet"', "sources[0].format", "'parquet'", "one of delimited"),
        ('column = "First"', 'column = "First"\npattern = "["', "fields.first_name.pattern", "'['", "regular expression"),
        ('column = "First"', 'column = "First"\nmax_length = 0', "fields.first_name.max_length", "0", "greater than 0"),
        ('column = "First"\n', 'required = true\n', "fields.first_name.column", "(missing)", "required"),
        ('[fields.last_name]\ncolumn = "Last"\n', "", "fields.last_name", "(missing)", "every profile"),
        ("[fields.hire_date]", "[fields.shoe_size]", "fields.shoe_size", "'Hired'", "extra_fields"),
        ('column = "Hired"', 'column = "Hired"\ntype = "integer"', "fields.hire_date.type", "'integer'", "is a date"),
        ('domain = "firm.example"', 'domain = "firm"', "identity.domain", "'firm'", "must match"),
        ('start_date = "2024-01-01"', 'start_date = "soon"', "start_date", "'soon'", "must be a date"),
        ('field = "hire_date", prefer', 'field = "nobody", prefer', "workers.pick[0].field", "'nobody'", "person_number"),
        ('include = ["active"]', 'include = ["nobody"]', "scope.include[0]", "'nobody'", "does not fit"),
        ('include = ["active"]', 'include = ["first_name"]', "scope.include[0]", "'first_name'", "is VARCHAR"),
        ('active = "active"', 'active = "nobody"', "scim.mapping.active", "'nobody'", "one of person_number"),
        ('active = "active"', 'active = "first_name"', "scim.mapping.active", "'first_name'", "must be a boolean"),
        ('userName = "user_principal_name"', 'userName = "active"', "scim.mapping.userName", "'active'", "must be text"),
        ('active = "active"', 'shoeSize = "active"', "scim.mapping.shoeSize", "'active'", "a core attribute"),
        ('active = "active"\n', "", "scim.mapping.active", "(missing)", "every operation"),
        ("'{custom}:Hired' =", "'{custom}:Hi.red' =", "scim.mapping.{custom}:Hi.red", "'hire_date'", "single-valued"),
        ("'{custom}:Hired' =", "'{enterprise}:shoe' =", "scim.mapping.{enterprise}:shoe", "'hire_date'", "enterprise attributes"),
        ("'{custom}:Hired' =", "'pets[type eq \"work\"].value' =", 'scim.mapping.pets[type eq "work"].value', "'hire_date'",
         "multi-valued attributes are"),
        ('zone = "UTC"', 'zone = "Mars/Base"', "scim.mapping.{custom}:Hired.zone", "'Mars/Base'", "IANA time zone"),
        ('zone = "UTC"', 'value = true', "scim.mapping.{custom}:Hired", "{'field': 'hire_date', 'value': True}", "exactly one"),
    ],
)  # fmt: skip
def test_a_fault_is_named(old: str, new: str, key: str, value: str, allowed: str) -> None:
    found = {fault.key: fault for fault in faults(changed(old, new))}
    assert key in found
    assert found[key].value == value
    assert allowed in found[key].allowed


@pytest.mark.parametrize(
    ("directories", "key", "allowed"),
    [
        (
            "a = { kind = 'ad', url = 'ldap://dc', user = 'x' }",
            "identity.directories.a.url",
            "nothing is sent without TLS",
        ),
        ("a = { kind = 'ad', url = 'ldaps://dc' }", "identity.directories.a.user", "HCM_PIPELINE_LDAP_PASSWORD"),
        ("a = { kind = 'ad', url = 'ldaps://dc', user = 'x', file = 'y' }", "identity.directories.a.file", "kind ad"),
        ("a = { kind = 'csv', bases = ['DC=x'] }", "identity.directories.a.bases", "kind csv"),
        ("a = { kind = 'entra' }\nb = { kind = 'entra' }", "identity.directories", "one target"),
        ("a = { kind = 'ldap' }", "identity.directories.a.kind", "entra"),
    ],
)
def test_a_directory_with_keys_of_another_kind_or_without_its_own_is_refused(
    directories: str, key: str, allowed: str
) -> None:
    [fault] = faults(f"{GOOD}\n[identity.directories]\n{directories}\n")
    assert fault.key == key
    assert allowed in fault.allowed


def test_two_keys_for_one_place_are_refused() -> None:
    [fault] = faults(GOOD + '"urn:ietf:params:scim:schemas:core:2.0:User:active" = "active"\n')
    assert "active already fills this place" in fault.allowed


def test_two_sources_of_one_name_are_refused() -> None:
    [fault] = faults(
        changed("[fields.person_number]", '[[sources]]\nname = "people"\nglob = "x"\n[fields.person_number]')
    )
    assert fault.key == "sources[1].name"


def test_every_fault_is_told_and_not_only_the_first() -> None:
    found = faults(changed('active = "active"', 'active = "nobody"').replace("|| last_name", "|| now()"))
    assert {fault.key for fault in found} == {"scim.mapping.active", "scim.mapping.displayName"}


@pytest.mark.parametrize(
    ("section", "key"),
    [
        ("[writeback]\n", "writeback.user_name.direction"),
        ("[writeback]\nuser_name = { direction = 'up' }\n", "writeback.user_name.direction"),
        ("[writeback]\nlimits = [{ kind = 'disable', percent = 5 }]\n", "writeback.limits[0].kind"),
    ],
)
def test_what_goes_back_is_known_from_a_field_and_limited_by_what_there_is(section: str, key: str) -> None:
    assert key in {fault.key for fault in faults(GOOD + section)}


def test_a_profile_that_writes_nothing_back_has_the_digest_that_it_had_before() -> None:
    without = parse_profile(GOOD, "firm.toml")
    assert without.profile.writeback is None
    off = "".join(
        f"{name} = {{ direction = 'off' }}\n" for name in ("user_name", "work_mail", "work_phone", "mobile_phone")
    )
    assert parse_profile(f"{GOOD}[writeback]\n{off}", "firm.toml").sha256 != without.sha256


def test_toml_that_is_none_is_told_with_its_place() -> None:
    [fault] = faults("name = \n")
    assert fault.key == "(syntax)"
    assert "line 1" in fault.value


def test_a_file_that_is_not_there_is_told_with_the_built_in_names() -> None:
    with pytest.raises(ProfileError, match="oracle-hcm"):
        load_profile("nowhere.toml")


def test_the_digest_is_of_what_a_profile_says_and_not_of_its_spelling() -> None:
    plain = parse_profile(GOOD, "firm.toml").sha256
    assert (
        parse_profile("# a comment\n" + GOOD.replace('"firm.example"', "'firm.example' # here"), "other.toml").sha256
        == plain
    )
    assert parse_profile(changed('column = "First"', 'column = "First"\nrequired = false'), "firm.toml").sha256 == plain
    assert parse_profile(changed('column = "First"', 'column = "Given"'), "firm.toml").sha256 != plain


def test_keys_of_the_guards_that_came_later_count_in_the_digest_only_where_they_are_used() -> None:
    plain = parse_profile(GOOD, "firm.toml").sha256
    assert parse_profile(f"{GOOD}\n[guards]\nnot_who_started = false", "firm.toml").sha256 == plain
    for used in ("two_people_above = 0", "not_who_started = true"):
        assert parse_profile(f"{GOOD}\n[guards]\n{used}", "firm.toml").sha256 != plain


def test_keys_that_came_later_count_in_the_digest_only_where_they_are_used() -> None:
    plain = parse_profile(GOOD, "firm.toml").sha256
    for unused in ('format = "delimited"', 'namespace = ""', "fields = {}"):
        assert parse_profile(changed('glob = "*"', f'glob = "*"\n{unused}'), "firm.toml").sha256 == plain
    for used in ('namespace = "uk"', 'fields = { first_name = "Given" }'):
        assert parse_profile(changed('glob = "*"', f'glob = "*"\n{used}'), "firm.toml").sha256 != plain


def test_automatic_left_open_counts_in_the_digest_as_it_always_did_and_starts_by_itself_at_the_sandbox_only() -> None:
    left_open, true, false = (
        parse_profile(GOOD + f"\n[delivery]\n{said}\n", "firm.toml")
        for said in ("", "automatic = true", "automatic = false")
    )
    assert left_open.sha256 == true.sha256 != false.sha256
    by_itself = [
        [one.profile.delivery.starts_by_itself(sandbox=sandbox) for sandbox in (True, False)]
        for one in (left_open, true, false)
    ]
    assert by_itself == [[True, False], [True, True], [False, False]]


def test_a_source_says_how_it_writes_a_field_and_the_profile_says_the_rest() -> None:
    fields = 'fields = { first_name = "Given", hire_date = { formats = ["%d.%m.%Y"] } }'
    profile = parse_profile(changed('glob = "*"', f'glob = "*"\n{fields}'), "firm.toml").profile
    columns = profile.columns_of(profile.sources[0])
    assert list(columns) == list(profile.columns)
    assert (columns["first_name"].column, profile.columns["first_name"].column) == ("Given", "First")
    assert (columns["hire_date"].column, columns["hire_date"].formats) == ("Hired", ("%d.%m.%Y",))
    assert columns["last_name"].column == profile.columns["last_name"].column


def test_a_profile_never_changes_after_loading() -> None:
    with pytest.raises(ValueError, match="frozen"):
        parse_profile(GOOD, "firm.toml").profile.name = "other"  # type: ignore[misc]


MAIL = '[alerts.mail]\nhost = "{}"\nsender = "a@b"\nrecipients = ["a@b"]\n[scope]'


@pytest.mark.parametrize(
    ("old", "new", "key", "allowed"),
    [
        ('column = "First"', f'column = "First"\nmax_length = {10**26}', "fields.first_name.max_length", "whole number"),
        ('column = "First"', 'column = "First"\nmax_length = 3000000000', "fields.first_name.max_length", "2147483648"),
        ('column = "First"', f'column = "First"\nmax_length = {"9" * 5000}', "(syntax)", "TOML 1.0"),
        ('column = "Hired"', 'column = "Hired"\nformats = ["%Q"]', "fields.hire_date.formats[0]", "strptime"),
        ('column = "Hired"', 'column = "Hired"\nformats = ["%d/%m/%y"]', "fields.hire_date", "two_digit_years"),
        *(('column = "Hired"', f'column = "Hired"\nformats = ["{form}"]', "fields.hire_date.formats[0]", told)
          for form, told in {"%Y": "no part twice", "%Y-%m": "no part twice", "%d.%m.%Y %Y": "no part twice", "%j": "no part twice",
                             "%z %Y-%m-%d": "%z stands at the end"}.items()),
        ('column = "Hired"', 'column = "Hired"\nformats = ["%c"]', "fields.hire_date.formats[0]", "%c is no part"),
        ("[scope]", '[extra_fields.fte]\ncolumn = "FTE"\ntype = "decimal"\nthousands_separator = "."\n[scope]',
         "extra_fields.fte", "are both '.'"),
        ("[scope]", '[extra_fields.fte]\ncolumn = "FTE"\ntype = "decimal"\ndecimals = 19\n[scope]',
         "extra_fields.fte.decimals", "18"),
        ("[scope]", '[extra_fields.fte]\ncolumn = "FTE"\ndecimals = 2\n[scope]', "extra_fields.fte", "type decimal"),
        ('column = "Hired"', 'column = "Hired"\nformats = ["day"]', "fields.hire_date.formats[0]", "strptime"),
        ('column = "Hired"', 'column = "Hired"\nformats = []', "fields.hire_date.formats", "at least 1"),
        ('column = "Active"', 'column = "Active"\ntrue_values = []', "fields.active.true_values", "at least 1"),
        ('glob = "*"', 'glob = "*"\nbusiness_date = { format = "%Q" }', "sources[0].business_date.format", "strptime"),
        ('glob = "*"', 'glob = "*"\nbusiness_date = { format = "%Y%Y" }', "sources[0].business_date.format", "strptime"),
        ('glob = "*"', 'glob = "*"\nmax_bytes = 9000000000000', "sources[0].max_bytes", "1099511627776"),
        ('glob = "*"', r'glob = "a\nb"', "sources[0].glob", "line breaks"),
        ('glob = "*"', 'glob = "*"\ntrailer = "(a*)*"', "sources[0].trailer", "one way"),
        ("[scope]", "[guards]\napproval_hours = inf\n[scope]", "guards.approval_hours", "finite"),
        ("[scope]", "[guards]\napproval_hours = nan\n[scope]", "guards.approval_hours", "finite"),
        ("[scope]", "[guards]\napproval_hours = 8785\n[scope]", "guards.approval_hours", "8784"),
        ("[identity]", "[identity]\nretention_days = 900000000000", "identity.retention_days", "36500"),
        ('column = "Last"', 'column = "Last"\npattern = "(a+)+$"', "fields.last_name.pattern", "one way"),
        ('column = "Last"', 'column = "Last"\npattern = "a{9999999999}"', "fields.last_name.pattern", "regular expression"),
        ('column = "Hired"', r'column = "Hire\u0000Date"', "fields.hire_date.column", "control characters"),
        ('column = "Hired"', r'column = "Hire\u202eDate"', "fields.hire_date.column", "control characters"),
        ("[scope]", MAIL.format(r"h\nx"), "alerts.mail.host", "line breaks"),
        ("[scope]", MAIL.format("h x"), "alerts.mail.host", "must match"),
        ("[scope]", "[alerts.stale_after_hours_by_source]\npeople = -1\n[scope]", "alerts.stale_after_hours_by_source.people",
         "greater"),
        ("[scope]", '"a\\nb" = 1\n[scope]', "workers", "line breaks"),
    ],
)  # fmt: skip
def test_a_value_that_no_run_survives_is_refused(old: str, new: str, key: str, allowed: str) -> None:
    [fault] = faults(changed(old, new))
    assert fault.key == key
    assert allowed in fault.allowed


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            'column = "Hired"',
            'column = "Hired"\nformats = ["%d.%m.%Y", "%Y-%m-%dT%H:%M:%S", "%-d %b %y"]\ntwo_digit_years = 1950',
        ),
        ('glob = "*"', 'glob = "*"\ndelimiter = "\\t"\nbusiness_date = { pattern = "([0-9]{8})", format = "%Y%m%d" }'),
        ('include = ["active"]', 'include = ["""active\n  and first_name is not null"""]'),
        ('column = "Last"', 'column = "Last"\nreplace = { "two\\nlines" = "one" }\npattern = "[A-Z]+(?:[ -][A-Z]+)*"'),
    ],
)
def test_values_that_look_odd_and_make_sense_are_taken(old: str, new: str) -> None:
    assert parse_profile(changed(old, new), "firm.toml").profile.name == "firm"


@pytest.mark.parametrize(
    "pattern",
    [r"(a+)+$", r"(a*)*", r"(\d+\.?)+", r"(a|a)*b", r"(a|aa)+$", r"(.*)*", r"([a-z]+)*\d", r"(\w+\s?)*$", r"(a?a?)*x",
     r"^(([a-z])+.)+[A-Z]([a-z])+$", r"(?:\d{1,3},?)+", r"(x+x+)+y", r"((a+)b?)+c", r"(?i)(A+)+", r"(?:(?=x)x+)+"],
)  # fmt: skip
def test_a_pattern_that_reads_a_text_in_many_ways_is_endless(pattern: str) -> None:
    assert endless(pattern)


@pytest.mark.parametrize(
    "pattern",
    [r"[A-Z]{2}", r"(\d{4}-?\d{2}-?\d{2})", r"[A-Z]+(?:[ -][A-Z]+)*", r"(\d+\.)+\d+", r".*foo.*", r"[^@\s]+@[^@\s]+",
     r"\+?[0-9 ()-]{5,20}", r"TRAILER\|(\d+)", r"(?i)(ab|ac|b)*", r"(?P<n>\d+)(?=x)", r"[^,]*(,[^,]*)*",
     r"\d{1,3}(,\d{3})*(\.\d+)?", r"(?:[A-Z]\d?)+", r"\s*\d+\s*", r"(?:jan|feb|jun)+", r"(a)?(?(1)b|c)", r"(a)b\1"],
)  # fmt: skip
def test_a_pattern_that_reads_a_text_in_one_way_is_not(pattern: str) -> None:
    assert not endless(pattern)


def test_columns_of_a_live_reading_have_headings_of_their_own_and_paths_of_oracle() -> None:
    live = built_in_text("oracle-hcm-live")

    def told(columns: str) -> list[str]:
        try:
            parse_profile(live.replace("[oracle]", f"[oracle]\ncolumns = {{ {columns} }}", 1), "live.toml")
        except ProfileError as refused:
            return [fault.key for fault in refused.faults]
        return []

    assert told('"Cost Centre" = "assignmentsDFF/costCentre", "Home City" = "addresses[HOME]/TownOrCity"') == []
    assert (
        told('"A" = "workersEFF[Badge Info]/no", "B" = "legislativeInfo[NL]/Sex", "C" = "citizenships/Citizenship"')
        == []
    )
    assert told('"Manager" = "assignmentsDFF/manager", "One" = "names/KnownAs", "ONE" = "names/Title"') == [
        "oracle.columns.Manager", "oracle.columns.ONE"]  # fmt: skip
    assert told('"X" = "salaries/Amount", "Y" = "addresses/City"') == ["oracle.columns.X", "oracle.columns.Y"]
