"""Rules of names: Microsoft's documented examples, and national customs."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcm_pipeline.directory import (
    COMMON_NAME,
    MAIL_NICKNAME,
    PROXY_ADDRESS,
    SAM,
    UPN_DOMAIN,
    UPN_LOCAL,
    escape_rdn,
    folded_sql,
)
from hcm_pipeline.errors import ProfileError
from hcm_pipeline.flow.profiles import parse_profile
from hcm_pipeline.identity.allocation import allocate
from hcm_pipeline.identity.name_parts import named_sql
from hcm_pipeline.identity.reserved import RESERVED, reserved_names_sql
from hcm_pipeline.profile import Profile
from hcm_pipeline.warehouse import memory, scratch
from tests.budget import examples
from tests.docs.pages import DOCS, rows
from tests.identity.people import DAY, Ledger, Person, Row, profile, version, versions_of
from tests.pool import for_good


def named(people: list[Person], fields: Mapping[str, str] | None = None, **identity: Any) -> list[tuple[str, ...]]:
    """userPrincipalName, sAMAccountName and common name that people are allocated, in the order of their numbers."""
    return allocated(profile(**identity), [version(*person, **(fields or {})) for person in people])


def allocated(rules: Profile, rows: list[Row]) -> list[tuple[str, ...]]:
    """The same for versions of workers who differ in other fields, too."""
    with scratch(for_good(__name__)) as t:
        workers = versions_of(t, rules, rows)
        found = allocate(t, rules, t.make("named", named_sql(rules, DAY, workers, workers)), len(rows))
        upn, sam, cn = (f"({found.names_sql(name)})" for name in found.given)
        return t.rows(f"""
            select upn.name || '@' || domain, sam.name, cn.name from {found.parts} part
            join {upn} upn using (person_number) join {sam} sam using (person_number) join {cn} cn using (person_number)
            order by person_number""")


@pytest.mark.parametrize(
    ("first", "last", "upn", "sam"),
    [
        # Examples of "Functions for customizing application data" and the Workday expression guide. The page shows results
        # in lower case although its expressions hold no ToLower; names are compared without regard to case, so lower case
        # is taken, as the page shows it.
        ("Maria", "Jose Gonzalez", "maria.josegonzalez", "mjosegonzalez"),
        # The page shows maryann.oconnor: the expression with [\"',]+ takes the apostrophe away.
        ("Mary Ann", "O'Connor", "maryann.oconnor", "moconnor"),
        # The page shows mgonzalezlopez, but its expression does not take the hyphen away. For the sAMAccountName the page's
        # result is taken, for the userPrincipalName its expression: a double name stays readable.
        ("Maria", "Gonzalez-Lopez", "maria.gonzalez-lopez", "mgonzalezlopez"),
        ("Ähren", "Füßer", "ahren.fusser", "afusser"),
        # [\"',]+ takes double quotes and commas away, too. The expression of the sAMAccountName takes commas but neither kind of
        # quote: an apostrophe is forbidden by the table of limits of the same documentation, and that is what counts.
        ('Mary "May"', "O'Connor, Lee", "marymay.oconnorlee", "moconnorlee"),
        # It takes besides: / \\ [ ] : ; | = + * ? < >. No name has these, and nothing of them is left.
        ("Al/An", "Le[e]:;|=+*?<>\\", "alan.lee", "alee"),
        # (\\.)*$ takes full stops at the end of a sAMAccountName; here there are none in the middle, either.
        ("Ann", "St. John.", "ann.stjohn", "astjohn"),
    ],
)
def test_documented_examples(first: str, last: str, upn: str, sam: str) -> None:
    assert named([("1", first, last)])[0][:2] == (f"{upn}@contoso.com", sam)


def test_people_are_named_alike_however_many_are_put_together_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    people = [(str(number), first, "Núñez") for number, first in enumerate(["Zoë", "Zoe", "Йосип", "李"] * 2)]
    at_once = named(people)
    with monkeypatch.context() as patch:
        patch.setattr("hcm_pipeline.identity.name_parts.AT_ONCE", 3)
        assert named(people) == at_once
        patch.setattr("hcm_pipeline.identity.allocation.FEW", 3)
        assert named(people) == at_once


def test_a_mail_nickname_is_the_documented_expression_in_lower_case_and_as_unique_as_the_user_principal_name() -> None:
    """ToLower(NormalizeDiacritics(StripSpaces(Join(".", ...)))) of the documentation makes one nickname for all namesakes; it is
    made of the userPrincipalName here, because a directory takes no nickname twice."""
    ledger = Ledger(profile())
    ledger.join(("1", "José María", "Núñez"), ("2", "José María", "Núñez"))
    assert ledger.con.execute("select mail_nickname from identities order by person_number").fetchall() == [
        ("josemaria.nunez",), ("j.nunez",)]  # fmt: skip


def test_a_company_without_a_rule_has_the_default_domain() -> None:
    """Switch([Company], <default>, "Contoso", ..., "Fabrikam", ...): keys are compared as they are written."""
    rules = [{"when": "company = 'Fabrikam'", "domain": "fabrikam.com"}]
    for company, domain in (("Fabrikam", "fabrikam.com"), ("fabrikam", "contoso.com"), ("Tailspin", "contoso.com")):
        assert named([("1", "Ann", "Lee")], {"company": company}, domains=rules)[0][0] == f"ann.lee@{domain}"


def test_the_ladder_of_microsofts_expressions() -> None:
    """Three candidates of the userPrincipalName, and of the sAMAccountName the plain one, 1 and 2. Behind those Microsoft's
    function gives up, and the entry waits; here the numbers go on."""
    assert named([(str(n), "Maria", "Lopez") for n in range(1, 6)]) == [
        ("maria.lopez@contoso.com", "mlopez", "Maria Lopez"),
        ("m.lopez@contoso.com", "mlopez1", "Maria Lopez 2"),
        ("ma.lopez@contoso.com", "mlopez2", "Maria Lopez 3"),
        ("maria.lopez2@contoso.com", "mlopez3", "Maria Lopez 4"),
        ("maria.lopez3@contoso.com", "mlopez4", "Maria Lopez 5"),
    ]


def test_a_middle_name_tells_common_names_apart() -> None:
    people = [(str(n), "Maria", "Lopez") for n in range(1, 5)]
    found = named(people, {"middle_name": "Ana"})
    assert [cn for _, _, cn in found] == ["Maria Lopez", "Maria A Lopez", "Maria Ana Lopez", "Maria Lopez 2"]


def test_a_preferred_name_comes_before_the_first_one() -> None:
    assert named([("1", "Margaret", "Smith")], {"preferred_name": "Peggy"})[0][::2] == (
        "peggy.smith@contoso.com", "Peggy Smith")  # fmt: skip


def test_a_sam_account_name_is_cut_to_twenty_characters_and_to_nineteen_before_a_digit() -> None:
    found = named([(str(n), "Anna", "Wolfeschlegelsteinhausen") for n in range(1, 3)])
    assert [sam for _, sam, _ in found] == ["awolfeschlegelsteinh", "awolfeschlegelstein1"]


@pytest.mark.parametrize(
    ("last", "rules", "expected"),
    [
        ("van der Berg", {}, "jan.vanderberg"), ("van der Berg", {"particles": "drop"}, "jan.berg"),
        ("de la Cruz", {"particles": "drop"}, "jan.cruz"), ("Van", {"particles": "drop"}, "jan.van"),
        ("Smith Jr.", {}, "jan.smith"), ("Smith, III", {}, "jan.smith"), ("Smith Jr.", {"suffixes": "keep"}, "jan.smithjr"),
        ("García Márquez", {"user_principal_name": {"candidates": ["{first}.{last:part1}"]}}, "jan.garcia"),
        ("Berg-Lund", {"user_principal_name": {"candidates": ["{last:part2}.{first:1}"]}}, "lund.j"),
        ("Berg", {"user_principal_name": {"candidates": ["{last}_{number}"]}}, "berg_1"),
        ("Berg", {"user_principal_name": {"candidates": ["{first}.{middle}.{last}", "{last}.{first}"]}}, "berg.jan"),
        ("Berg", {"user_principal_name": {"candidates": ["{first}{last}"], "case": "upper"}}, "JANBERG"),
        ("O'Neil", {"user_principal_name": {"candidates": ["{first}.{last}"], "keep": "'"}}, "jan.o'neil"),
        ("-", {}, "jan"),
    ],
)  # fmt: skip
def test_customs_of_names(last: str, rules: dict[str, Any], expected: str) -> None:
    assert named([("1", "Jan", last)], **rules)[0][0] == f"{expected}@contoso.com"


@pytest.mark.parametrize(("first", "last"), [("Suharto", "-"), ("-", "Suharto")])
def test_who_has_one_name_is_named_by_the_whole_of_it(first: str, last: str) -> None:
    assert named([("1", first, last)]) == [("suharto@contoso.com", "suharto", "Suharto")]


def test_initials_of_several_first_names() -> None:
    rule = {"candidates": ["{first:initials}{last}"]}
    assert named([("1", "Jean-Luc Marie", "Dupont")], sam_account_name=rule)[0][1] == "jlmdupont"


def test_some_workers_have_other_rules_domains_and_containers() -> None:
    ledger = Ledger(profile(
        special=[{"when": "country in ('CN', 'HU')", "common_name": ["{last} {first}"]}],
        domains=[{"when": "company = 'Fabrikam'", "domain": "Fabrikam.com"}],
        parent_distinguished_name="OU=Users,DC=contoso,DC=com",
        placement=[{"when": "city = 'Dallas'", "container": "OU=Dallas,OU=Users,DC=contoso,DC=com"}],
    ))  # fmt: skip
    ledger.add(("1", "Wei", "Li"), country="CN", company="Contoso", city="Dallas")
    ledger.add(("2", "Wei", "Li"), country="US", company="Fabrikam")
    ledger.join()
    assert ledger.con.execute("""select user_principal_name, common_name, parent_distinguished_name from identities
        order by person_number""").fetchall() == [
        ("wei.li@contoso.com", "Li Wei", "OU=Dallas,OU=Users,DC=contoso,DC=com"),
        ("w.li@fabrikam.com", "Wei Li", "OU=Users,DC=contoso,DC=com"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("language", "country", "last", "local"),
    [
        ("bg", "DE", "Щерев", "a.shterev"),
        ("uk-UA", "RU", "Горко", "a.horko"),
        (" ZH_tw", "SG", "王", "a.wang"),
        ("ja", "CN", "山田", "user-1"),  # no longer read as Chinese: a person says how
        ("fr", "CN", "王", "a.wang"),  # says nothing of it: the country does
        ("", "CN", "王", "a.wang"),
        ("bulgarian", "BG", "Щерев", "a.shterev"),
        ("de", "US", "Grün", "a.gruen"),
    ],
)
def test_the_language_of_a_name_goes_before_the_country(language: str, country: str, last: str, local: str) -> None:
    rules = {"candidates": ["{first:1}.{last}"]}
    spelling = {"language": "department", "written_out": ["DE"]}
    [(upn, _, _)] = named([("1", "Ann", last)], {"department": language, "country": country},
                          user_principal_name=rules, spelling=spelling)  # fmt: skip
    assert upn == f"{local}@contoso.com"


def test_common_names_are_unique_in_their_container_only() -> None:
    ledger = Ledger(profile(placement=[{"when": "person_number = '2'", "container": "OU=B,DC=x"}]))
    ledger.join(("1", "Ann", "Lee"), ("2", "Ann", "Lee"), ("3", "Ann", "LEE"))
    names = ledger.con.execute("select common_name from identities order by person_number").fetchall()
    assert names == [("Ann Lee",), ("Ann Lee",), ("Ann LEE 2",)]


def test_reserved_names_are_given_to_nobody() -> None:
    found = named([("1", "Ad", "Min"), ("2", "Boss", "Man")],
                  user_principal_name={"candidates": ["{first}{last}", "{last}"]},
                  sam_account_name={"candidates": ["{first}{last}"]}, reserved=["BossMan"])  # fmt: skip
    assert [pair[:2] for pair in found] == [("min@contoso.com", "admin2"), ("man@contoso.com", "bossman2")]


def test_a_year_behind_a_name_does_not_start_the_numbers() -> None:
    ledger = Ledger(profile(user_principal_name={"candidates": ["{first}.{last}"]}))
    ledger.join(("0", "Ann", "Lee1984"))
    ledger.join(*[(str(n), "Ann", "Lee") for n in range(1, 4)])
    assert [ledger.upn(str(n)) for n in range(4)] == ["ann.lee1984", "ann.lee", "ann.lee2", "ann.lee3"]


@pytest.mark.parametrize(
    ("rules", "key"),
    [
        ('user_principal_name = { candidates = ["nobody"] }', "identity.user_principal_name.candidates[0]"),
        ('user_principal_name = { candidates = ["{nobody}"] }', "identity.user_principal_name.candidates[0]"),
        ('user_principal_name = { candidates = ["{first} {last}"] }', "identity.user_principal_name.candidates[0]"),
        ('user_principal_name = { candidates = ["{first}@{last}"] }', "identity.user_principal_name.candidates[0]"),
        ('user_principal_name = { candidates = ["{first:part0}"] }', "identity.user_principal_name.candidates[0]"),
        ('user_principal_name = { candidates = ["{first}"], keep = " " }', "identity.user_principal_name.keep"),
        ('sam_account_name = { candidates = ["{first}"], keep = "\'" }', "identity.sam_account_name.keep"),
        ("sam_account_name = { candidates = [] }", "identity.sam_account_name.candidates"),
        ('domains = [{ when = "nobody = 1", domain = "a.b" }]', "identity.domains[0].when"),
        ('domains = [{ when = "company", domain = "a.b" }]', "identity.domains[0].when"),
        ('placement = [{ when = "true", container = "Users" }]', "identity.placement[0].container"),
        ('special = [{ when = "now() > hire_date" }]', "identity.special[0].when"),
        ('parent_distinguished_name = "OU=a;b,DC=x"', "identity.parent_distinguished_name"),
        ('leavers = [{ container = "OU=a,DC=x", when = "nobody" }]', "identity.leavers[0].when"),
        ('leavers = [{ container = "OU=a,DC=x", days = -1 }]', "identity.leavers[0].days"),
        ('rehire = [{ fields = ["last_name", "birth_date"] }]', "identity.rehire[0].fields"),
        ("rehire = [{ fields = [] }]", "identity.rehire[0].fields"),
        ('family_name_first = ["Hungary"]', "identity.family_name_first[0]"),
        ('spelling = { language = "hire_date" }', "identity.spelling.language"),
        ('spelling = { language = "mother_tongue" }', "identity.spelling.language"),
    ],
)
def test_a_rule_that_cannot_work_is_a_fault_of_the_profile(rules: str, key: str) -> None:
    from importlib import resources

    text = resources.files("hcm_pipeline.profile.builtin").joinpath("oracle-hcm.toml").read_text(encoding="utf-8")
    with pytest.raises(ProfileError) as caught:
        parse_profile(text.replace('domain = "contoso.com"', f'domain = "contoso.com"\n{rules}'), "p.toml")
    assert [fault.key for fault in caught.value.faults] == [key]


def test_the_difficult_names_of_the_docs_come_out_as_shown() -> None:
    shown = [
        [cell.strip("`") for cell in row]
        for row in list(rows(DOCS / "explanation" / "names.md", "Difficult names"))[1:]
    ]
    assert len({language for _, _, language, *_ in shown}) >= 20
    people = [(f"{place:03}", *row) for place, row in enumerate(shown)]
    versions = [version(number, first, last, country=country or None) for number, first, last, _, country, *_ in people]
    for (_, first, last, _, country, upn, sam, cn, _), found in zip(
        people, allocated(profile(), versions), strict=True
    ):
        expected = (f"{upn}@contoso.com", sam, cn)
        if found != expected:  # the number stands in, or another row has a name that is spelled alike
            [found] = named([("100234", first, last)], {"country": country} if country else None)
        assert found == expected


def test_the_conventions_of_the_docs_come_out_as_shown() -> None:
    shown = [
        [cell.strip("`") for cell in row] for row in list(rows(DOCS / "explanation" / "names.md", "Conventions"))[1:]
    ]
    assert shown
    for choice, first, middle, last, country, upn, sam, cn in shown:
        fields = {"country": country, **({"middle_name": middle} if middle else {})}
        found = named([("100234", first, last), ("100235", first, last)], fields, **tomllib.loads(choice))
        assert found[0] == (f"{upn}@contoso.com", sam, cn)
        assert middle == "" or found[1][2] == f"{cn} 2", "a patronymic tells no common names apart"


@pytest.mark.parametrize(
    ("first", "country", "left"),
    [
        ("Владимир Ильич", "RU", "vladimir"), ("Наталья Ильинична", "RU", "natalia"), ("Алеся Пятроўна", "BY", "alesia"),
        ("Олена Юріївна", "UA", "olena"), ("Sergey Sergeyevich", "US", "sergey"), ("Heydar Ilham oglu", "AZ", "heydar"),
        ("Мария Петрова", "BG", "maria"), ("Maria Petrova", "DE", "mariapetrova"), ("Ivanovich", "RU", "ivanovich"),
        ("Mary Ann", "US", "maryann"), ("Maria Eva", "BG", "mariaeva"),
    ],
)  # fmt: skip
def test_patronymics_are_told_from_other_second_names(first: str, country: str, left: str) -> None:
    assert named([("1", first, "Lee")], {"country": country}, patronymics="drop")[0][0] == f"{left}.lee@contoso.com"


def test_the_family_name_comes_first_in_every_candidate_of_its_countries_and_own_rules_come_before() -> None:
    made = profile(
        family_name_first=["HU", "CN"], special=[{"when": "country = 'CN'", "common_name": ["{last}{first}"]}]
    )
    assert made.identity.variants[1].common_name == (
        "{last} {preferred}",
        "{last} {preferred} {middle:1}",
        "{last} {preferred} {middle}",
    )
    people = [("1", "Wei", "Li")]
    rules = {
        "family_name_first": ["HU", "CN"],
        "special": [{"when": "country = 'CN'", "common_name": ["{last}{first}"]}],
    }
    assert [named(people, {"country": country}, **rules)[0][2] for country in ("HU", "CN", "US")] == [
        "Li Wei",
        "LiWei",
        "Wei Li",
    ]


def test_values_in_distinguished_names_are_escaped() -> None:
    assert [escape_rdn(value) for value in ('Smith, "J"', " a ", "#1", "a+b=c;<d>\\")] == [
        'Smith\\, \\"J\\"', "\\ a\\ ", "\\#1", "a\\+b\\=c\\;\\<d\\>\\\\"]  # fmt: skip


LIMITS = (UPN_LOCAL, UPN_DOMAIN, SAM, COMMON_NAME, MAIL_NICKNAME, PROXY_ADDRESS)


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.attribute)
def test_every_limit_says_what_is_wrong_and_never_the_name(limit: Any) -> None:
    assert limit.faults("x" * (limit.chars + 1)) == [f"is longer than {limit.chars} characters"]
    assert limit.faults("") == ["is empty"]
    assert limit.faults("ann") == []


def test_reserved_words_are_in_the_form_in_which_names_are_compared() -> None:
    folded = f"select {folded_sql('name')} from {reserved_names_sql(profile(reserved=['Chef-É']))}"
    words = [name for (name,) in memory().execute(folded).fetchall()]
    assert {"administrator", "invite", "chef-e"} <= {*words}
    assert all(re.fullmatch(r"[a-zа-я0-9 _-]+", word) for word in words)
    assert len(words) == len(RESERVED) + 1


@settings(max_examples=examples(10), deadline=None)
@given(
    st.lists(st.tuples(st.text(min_size=1, max_size=200), st.text(min_size=1, max_size=200)), min_size=1, max_size=10)
)
def test_whatever_a_name_is_made_of_the_outcome_is_legal(pairs: list[tuple[str, str]]) -> None:
    people = [(f"{n:02}", *(text.replace("\0", "").encode("utf-8", "ignore").decode() for text in pair))
              for n, pair in enumerate(pairs)]  # fmt: skip
    for upn, sam, cn in named([(n, first or "?", last or "?") for n, first, last in people]):
        local, _, domain = upn.partition("@")
        found = [*UPN_LOCAL.faults(local), *UPN_DOMAIN.faults(domain), *SAM.faults(sam), *COMMON_NAME.faults(cn)]
        assert not found
