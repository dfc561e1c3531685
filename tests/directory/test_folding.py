"""Names as Active Directory and Entra ID compare them, and where Samba, which stands in for them in tests, compares otherwise."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcm_pipeline.directory import beginning_sql, folded_sql
from hcm_pipeline.directory.name_limits import SAM
from hcm_pipeline.warehouse import memory
from tests.directory.samba import Controller
from tests.directory.test_active_directory import unit, user
from tests.identity.people import Ledger, entered_names, profile
from tests.pool import for_good

LETTERS = st.characters(codec="utf-8", categories=("Lu", "Ll", "Lo", "Mn", "Nd", "Pd", "Zs"), max_codepoint=0x30FF)
LATIN = st.characters(codec="utf-8", max_codepoint=0x24F, categories=("Lu", "Ll"))
ALONE = str.maketrans(
    {"ø": "o", "đ": "d", "ð": "d", "ł": "l", "ħ": "h", "ŧ": "t", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ß": "ss"}
)
"""Latin letters that Unicode does not take apart, as KB 938447 and the sorting weights of Windows have them."""


@pytest.fixture(scope="module")
def con() -> Iterator[Any]:
    """DuckDB as the pipeline opens it."""
    with memory() as made:
        yield made


def folded(con: Any, *names: str | None) -> list[str | None]:
    return [
        con.execute(f"select {folded_sql('n')} from (select ?::varchar as n)", [name]).fetchone()[0] for name in names
    ]


ALIKE = """
pmüller pmuller|ameißner ameissner|STRASSE straße|Åse ase|Ørsted orsted|René rene\u0301|Æthel aethel|Œuvre oeuvre|Łukasz lukasz
Đorđević dordevic|Þór thor|ﬁnn finn|ＡＢＣ abc|İpek ipek|ｶﾞﾝ ガン|カナ かな|soft\u00adhyphen softhyphen|a\u200bb ab|Ǿre ore
Σίσυφος σισυφοσ|Nguyễn nguyen|Ĳssel ijssel"""


@pytest.mark.parametrize("pair", re.split(r"[|\n]", ALIKE.strip()))
def test_two_spellings_are_one_name(con: Any, pair: str) -> None:
    first, second = folded(con, *pair.split(" "))
    assert first == second


APART = [("muller", "mueller"), ("ann-lee", "annlee"), ("o'neil", "oneil"), ("и", "i"), ("ann", "ann1")]


@pytest.mark.parametrize(("one", "other"), APART)
def test_two_names_that_the_directory_tells_apart_stay_two(con: Any, one: str, other: str) -> None:
    first, second = folded(con, one, other)
    assert first != second


def test_nothing_has_no_form_and_ascii_is_only_in_lower_case(con: Any) -> None:
    signs = "".join(map(chr, range(0x20, 0x7F)))
    assert folded(con, None, "", signs) == [None, "", signs.lower()]


@given(st.text(LETTERS, max_size=12))
def test_either_normal_form_and_any_case_come_to_one_form_which_stays(text: str) -> None:
    con = for_good(__name__)
    forms = {unicodedata.normalize(form, text) for form in ("NFC", "NFD")}
    [one] = set(folded(con, *forms))
    assert folded(con, one) == [one]


MARKED = [
    sign for sign in map(chr, range(0xC0, 0x250))
    if ord(sign) in ALONE or (sign.isalpha() and unicodedata.normalize("NFD", sign)[0].isascii())
]  # fmt: skip


@given(st.text(st.sampled_from(MARKED), max_size=12))
def test_a_latin_letter_is_its_base_letter(text: str) -> None:
    apart = unicodedata.normalize("NFD", text.lower())
    plain = "".join(c for c in apart if not unicodedata.combining(c)).translate(ALONE)
    assert folded(memory(), text) == [plain]


@given(st.text(LATIN, min_size=1, max_size=24), st.integers(0, 999_999))
def test_a_name_and_its_numbered_form_begin_alike_whatever_its_marks(text: str, number: int) -> None:
    con, base = for_good(__name__), text[:20]
    numbered = base[: 20 - len(str(number))] + str(number)
    begin = beginning_sql("n", SAM)
    one, other = (
        con.execute(f"select {begin} from (select ?::varchar as n)", [name]).fetchone() for name in (base, numbered)
    )
    assert one == other


def rules(**more: Any) -> Any:
    return profile(parent_distinguished_name="OU=Users,DC=contoso,DC=com", **more)


def test_a_name_that_differs_from_one_of_the_ledger_by_a_mark_is_taken() -> None:
    ledger = Ledger()
    entered_names(ledger.con, ("0", "given", "ann.müller"))
    ledger.join(("1", "Ann", "Muller"), ("2", "Bea", "Holm"))
    assert ledger.names() | {"0": ("", "")} == {
        "0": ("", ""), "1": ("a.muller@contoso.com", "amuller"), "2": ("bea.holm@contoso.com", "bholm"),
    }  # fmt: skip
    assert next(one.held_by for one in ledger.explain("1")) == "worker 0"


@pytest.mark.parametrize("name", ["Administrator", "Guest", "krbtgt", "DefaultAccount", "Invité"])
def test_what_a_domain_begins_with_is_taken_for_every_attribute(name: str) -> None:
    ledger = Ledger(
        rules(
            user_principal_name={"candidates": ["{last}", "{first}.{last}"]},
            sam_account_name={"candidates": ["{last}", "{first}{last}"]},
            common_name={"candidates": ["{last}", "{first} {last}"], "case": "keep"},
        )
    )
    ledger.join(("1", "Ann", name))
    [row] = ledger.con.execute("select user_principal_name, sam_account_name, common_name from identities").fetchall()
    assert not {part.partition("@")[0].lower() for part in row} & {name.lower(), "invite"}
    assert row[2] is not None
    assert "ann" in row[2].lower()


def test_samba_compares_by_case_alone_and_takes_every_name_that_is_given(samba: Controller) -> None:
    """Microsoft's KB 938447 has ü for u and ß for ss. Samba refuses another case only: names that we keep apart are apart there."""
    samba.add(unit("Folding"), user("Peter Müller", "Folding", sAMAccountName="pmüller"))
    with pytest.raises(AssertionError, match=r"already exists|already in use"):
        samba.add(user("PETER MÜLLER", "Folding", sAMAccountName="other"))
    with pytest.raises(AssertionError, match=r"already in use|exists"):
        samba.add(user("Somebody Else", "Folding", sAMAccountName="PMÜLLER"))
    samba.add(user("Peter Muller", "Folding", sAMAccountName="pmuller"))  # Active Directory refuses this one
