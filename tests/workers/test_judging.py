"""The rows of a file, one by one: repeats, contradictions, the contract, and what a row leaves out. On rows alone."""

from __future__ import annotations

import re
from functools import cache

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcm_pipeline.characters import CONTROL, INVISIBLE, trimmed
from hcm_pipeline.flow.profiles import parse_profile
from hcm_pipeline.profile import Profile
from hcm_pipeline.warehouse import Scratch, scratch
from hcm_pipeline.workers.batch import Batch
from hcm_pipeline.workers.judging import accepted_of, gather, judge, nothing_gathered
from hcm_pipeline.workers.known import known_today
from tests.budget import examples

from . import few
from .driver import COLUMNS, PROFILE, worker

PICK = '\n[[workers.pick]]\nfield = "primary"\nprefer = "Y"\n[[workers.pick]]\nfield = "hire_date"\nprefer = "latest"\n'
NEWS = few.extract(source="news", content="changes-only")


@cache
def profile(more: str = "") -> Profile:
    return parse_profile(PROFILE + more, "firm.toml").profile


def test_identical_repeats_collapse(t: Scratch) -> None:
    found = few.judged(t, profile(), [worker(1), worker(2), worker(1), worker(1)])
    assert (found.collapsed, few.reasons(t, found)) == (2, [])
    assert t.rows(f"select row_no from {found.accepted.rows} order by 1") == [(2,), (3,)]


def test_rows_that_contradict_each_other_are_held_back_in_what_they_contradict(t: Scratch) -> None:
    found = few.judged(
        t, profile(), [worker(1, City="Rome"), worker(2), worker(1, City="Oslo"), worker(1, City="Rome")]
    )
    assert found.collapsed == 1
    assert few.reasons(t, found) == [(2, "contradicts_another_row", "City"), (4, "contradicts_another_row", "City")]
    assert few.accepted(t, profile(), found, "row_no, first_name, city") == {
        "1": (2, "Ann", None),
        "2": (3, "Ann", None),
    }


def test_a_row_that_cannot_be_read_is_nobodys_equal(t: Scratch) -> None:
    found = few.judged(t, profile(), [worker(1, Hired="soon"), worker(1, Hired="later")])
    assert found.collapsed == 0
    assert few.reasons(t, found) == [(2, "date_unreadable", "Hired"), (3, "date_unreadable", "Hired")]
    assert few.accepted(t, profile(), found, "row_no") == {}


def test_a_pick_rule_decides_between_rows_of_one_worker(t: Scratch) -> None:
    found = few.judged(
        t, profile(PICK),
        [worker(1, Primary="N", Hired="2026-02-01", City="Rome"), worker(1, Primary="Y", Hired="2020-01-01", City="Oslo"),
         worker(2, Hired="2020-01-01", City="Rome"), worker(2, Hired="2021-01-01", City="Oslo")],
    )  # fmt: skip
    assert t.rows(f"select row_no from {found.passed_over} order by 1") == [(2,), (4,)]
    assert few.accepted(t, profile(PICK), found, "city") == {"1": "Oslo", "2": "Oslo"}


def test_a_tie_of_the_pick_rule_is_held_back_in_what_differs(t: Scratch) -> None:
    found = few.judged(
        t, profile(PICK), [worker(1, Primary="Y", City="Rome"), worker(1, Primary="Y", City="Oslo"), worker(2)]
    )
    assert (t.count(found.passed_over), t.count(found.quarantined)) == (0, 2)
    assert few.accepted(t, profile(PICK), found, "city") == {"1": None, "2": None}


def test_a_row_that_loses_and_has_a_bad_cell_stays_known_without_it(t: Scratch) -> None:
    found = few.judged(t, profile(PICK), [worker(1, Primary="Y"), worker(1, Country="Nowhere")])
    assert (few.reasons(t, found), t.count(found.passed_over)) == ([(3, "not_allowed", "Country")], 1)
    assert found.decided is not None
    assert t.count(found.decided.others) == 1


def test_a_row_with_a_bad_cell_does_not_let_another_one_win(t: Scratch) -> None:
    found = few.judged(t, profile(PICK), [worker(1, Primary="Y", Country="Nowhere"), worker(1)])
    assert (few.reasons(t, found), few.accepted(t, profile(PICK), found, "row_no")) == (
        [(2, "not_allowed", "Country")], {"1": 2},
    )  # fmt: skip


def test_a_row_that_might_win_and_cannot_be_ranked_lets_no_other_one_win(t: Scratch) -> None:
    found = few.judged(
        t, profile(PICK), [worker(1, Hired="soon"), worker(1, Primary="Y")], few.people(1, department="A")
    )
    assert few.reasons(t, found) == [
        (2, "contradicts_another_row", "Number"), (2, "date_unreadable", "Hired"), (3, "contradicts_another_row", "Number"),
    ]  # fmt: skip
    assert t.count(found.accepted.rows) == 0


def test_every_rule_that_a_row_violates_is_named(t: Scratch) -> None:
    found = few.judged(
        t, profile(), [worker(1), worker("x y", Active="maybe", First="", Country="FR", Left="2026-02-30")]
    )
    assert few.reasons(t, found) == [
        (3, "boolean_unreadable", "Active"), (3, "date_unreadable", "Left"), (3, "not_allowed", "Country"),
        (3, "pattern", "Number"), (3, "required", "First"),
    ]  # fmt: skip


@pytest.mark.parametrize("character", ["\x07", "\x1b", "\x7f", "\x85", "\x9b", "\u202e", "\u2066"])
def test_control_characters_in_a_value_are_refused(t: Scratch, character: str) -> None:
    found = few.judged(t, profile(), [worker(1, City=f"a{character}b"), worker(2, City="aß中b")])
    assert few.reasons(t, found) == [(2, "control_character", "City")]


UNSEEN = ("\xad", "\u034f", "\u061c", "\u115f", "\u200b", "\u200c", "\u200d", "\u200e", "\u200f", "\u2060", "\u2063", "\u3164",
          "\ufe0f", "\ufeff", "\uffa0", "\U000e0041", "\U000e0100")  # fmt: skip


def test_what_nobody_sees_inside_a_value_is_refused(t: Scratch) -> None:
    found = few.judged(t, profile(), [worker(number, City=f"a{one}b") for number, one in enumerate(UNSEEN, 1)])
    assert few.reasons(t, found) == [(row, "invisible_character", "City") for row in range(2, 2 + len(UNSEEN))]


@pytest.mark.parametrize("name", ["می\u200cخواهم", "क्\u200dष", "葛\U000e0100城", "👩\u200d💻 ❤\ufe0f x", "ᠠ\u180bᠡ"])
def test_what_a_script_needs_inside_a_word_stays(t: Scratch, name: str) -> None:
    found = few.judged(t, profile(), [worker(1, City=name)])
    assert few.reasons(t, found) == []
    assert few.accepted(t, profile(), found, "city") == {"1": name}


GARBLED = ("\ufffdukasz", "JÃ¼rgen", "Ren?e", "Dvo¿¿k", "Ren&eacute;e", "R&amp;D", "Jos&#233;", "J\\u00fcrgen", "M=C3=BCller",
           "Ĺ‚ĂłdĹş", "â€™", "RenÃƒÂ©e", "J├╝rgen", "J√ºrgen", "РђРЅРЅР°", "Ann\ue000")  # fmt: skip
WRITTEN = ("R&D", "AT&T", "m²", "§ 5", "CAFÉ»", "JOSÉ’S", "Úľany", "Żółć", "Île–de–Ré", "https://hr.example/?a=b", "Who? Me",
           "/Users?id=1", "¿Qué?", "Straße", "Nº 5", "50 % = half", "C:\\users", "« Été »", "Рівне", "МУП «Ёлка»")  # fmt: skip


def test_damaged_text_is_held_back_wherever_it_stands_and_text_that_is_only_rare_is_not(t: Scratch) -> None:
    cities = [*GARBLED, *WRITTEN]
    found = few.judged(t, profile(), [worker(number, City=city) for number, city in enumerate(cities, 1)])
    assert few.reasons(t, found) == [(row, "damaged_text", "City") for row in range(2, 2 + len(GARBLED))]


def test_a_name_has_no_question_marks_and_no_currencies(t: Scratch) -> None:
    names = ["?ukasz", "Jos?", "£ukasz", "Za¿ó³æ", "Gêœl¹", "O´Connor", "Mª José", "Ll·lu", "Smith (Jr.)"]
    found = few.judged(t, profile(), [worker(number, First=name) for number, name in enumerate(names, 1)])
    assert few.reasons(t, found) == [(row, "damaged_text", "First") for row in range(2, 7)]


def test_text_that_looks_damaged_and_is_meant_is_taken_when_the_profile_says_so(t: Scratch) -> None:
    for said in ({"damage": "take"}, {"replace": {"R&amp;D": "R&amp;D"}}):
        values = profile().model_dump(by_alias=True)
        values["fields"]["city"] |= said
        found = few.judged(t, Profile.model_validate(values), [worker(1, City="R&amp;D"), worker(2, City="a\x1bb")])
        assert few.reasons(t, found) == [(3, "control_character", "City")]


def test_a_row_that_says_what_is_known_is_not_judged_again_unless_the_profile_is_another_one(t: Scratch) -> None:
    rows = [worker(1), worker(2, Department="A"), worker(3, Country="Nowhere")]
    workers = few.people(1, 2) + few.people(3, country="NOWHERE")
    found = few.judged(t, profile(), rows, workers)
    assert (few.accepted(t, profile(), found, "department"), few.reasons(t, found)) == ({"2": "A"}, [])
    again = few.judged(t, profile(), rows, workers, same_contract=False)
    assert few.reasons(t, again) == [(4, "not_allowed", "Country")]
    assert few.accepted(t, profile(), again, "department, country") == {
        "1": (None, None), "2": ("A", None), "3": (None, "NOWHERE"),
    }  # fmt: skip


def test_a_blank_of_a_changes_only_row_is_unchanged_unless_the_profile_says_cleared(t: Scratch) -> None:
    workers = few.people(1, department="A", city="Rome")
    found = few.judged(t, profile(), [worker(1, First="Anna")], workers, of=NEWS)
    assert few.accepted(t, profile(), found, "first_name, department, city") == {"1": ("Anna", "A", None)}


def test_a_blank_of_a_full_row_clears(t: Scratch) -> None:
    found = few.judged(t, profile(), [worker(1)], few.people(1, department="A"))
    assert few.accepted(t, profile(), found, "department") == {"1": None}


def test_a_missing_optional_column_keeps_what_is_known(t: Scratch) -> None:
    of = few.extract(header=[column for column in COLUMNS if column != "Department"])
    found = few.judged(t, profile(), [worker(1, City="Oslo"), worker(2)], few.people(1, department="A"), of=of)
    assert few.accepted(t, profile(), found, "department, city") == {"1": ("A", "Oslo"), "2": (None, None)}


@pytest.mark.parametrize("end", ["4712-12-31", "9999-01-01", "9999-12-31", "4712-12-31T00:00:00.000+00:00", ""])
def test_open_ends_are_no_last_day_and_dates_without_a_life_are_unreadable(t: Scratch, end: str) -> None:
    rows = [worker(1, Left=end, Hired="1900-01-01"), worker(2, Left="2200-12-31T00:00:00.000Z"),
            worker(3, Hired="1899-12-31"), worker(4, Left="2201-01-01")]  # fmt: skip
    found = few.judged(t, profile(), rows)
    told = few.accepted(t, profile(), found, "termination_date::varchar, hire_date::varchar")
    assert told == {"1": (None, "1900-01-01"), "2": ("2200-12-31", None)}
    assert few.reasons(t, found) == [(4, "date_unreadable", "Hired"), (5, "date_unreadable", "Left")]


def test_a_text_in_the_form_of_a_formula_is_refused_unless_the_profile_takes_it_out(t: Scratch) -> None:
    found = few.judged(t, profile(), [worker('="00123"'), worker(2, City='="007"'), worker(3, City='="a" b')])
    assert few.reasons(t, found) == [(2, "excel_text", "Number"), (2, "pattern", "Number"), (3, "excel_text", "City")]
    takes = profile().model_copy(
        update={"fields": {**profile().fields, **{
            name: profile().fields[name].model_copy(update={"normalise": ("excel_text",)})
            for name in ("person_number", "city")}}}
    )  # fmt: skip
    found = few.judged(t, takes, [worker('="00123"'), worker(2, City='="007"')])
    assert few.accepted(t, takes, found, "city") == {"00123": None, "2": "007"}


def test_of_files_that_speak_one_after_the_other_the_later_counts_and_both_are_merged(t: Scratch) -> None:
    before, others = few.known(t, profile(), few.people(1, 2, department="A")), few.other_rows(t, profile())
    gathered = nothing_gathered(t, profile(), before)
    for rows in ([worker(1, Department="B"), worker(3)], [worker(1, First="Anna")], [worker(2, Country="Nowhere")]):
        with scratch(t.con) as one:
            part = Batch(
                profile(),
                (few.staged(one, profile(), rows, NEWS),),
                known_today(one, profile(), before, gathered, others),
            )
            found = judge(one, part, others, few.nobody(one), few.TODAY, same_contract=True)
            gathered = gather(t, profile(), gathered, found.accepted)
    together = accepted_of(t, gathered)
    assert t.rows(f"select person_number, first_name, department from {together.facts} order by 1") == [
        ("1", "Anna", "B"), ("2", "Ann", "A"), ("3", "Ann", None),
    ]  # fmt: skip
    assert t.rows(f"select distinct person_number from {together.named} order by 1") == [("1",), ("2",), ("3",)]


NUMBERS = st.sampled_from(["1", "2", "3", "4", "", "no good"])
ROWS = st.lists(
    st.fixed_dictionaries({
        "Number": NUMBERS,
        "Active": st.sampled_from(["True", "False", "", "?"]),
        "First": st.sampled_from(["Ann", "Åsa", ""]),
        "Last": st.just("Lee"),
        "Department": st.sampled_from(["", "A", "B"]),
        "City": st.just(""),
        "Manager": NUMBERS,
        "Hired": st.sampled_from(["", "2026-01-01", "2026-02-30"]),
        "Primary": st.sampled_from(["", "Y"]),
    }),
    min_size=1,
    max_size=12,
)  # fmt: skip


@settings(max_examples=examples(12), deadline=None)
@given(rows=ROWS, pick=st.booleans())
def test_every_row_is_accepted_or_in_quarantine_or_told_apart(
    con: duckdb.DuckDBPyConnection, rows: list[dict[str, str]], pick: bool
) -> None:
    with scratch(con) as t:
        found = few.judged(t, profile(PICK if pick else ""), rows)
        told = t.rows(
            f"""select row_no from {found.accepted.rows} union all select row_no from {found.quarantined}
            union all select row_no from {found.passed_over}"""
        )
        assert len({row_no for (row_no,) in told}) == len(rows) - found.collapsed
        whole = t.rows(f"select row_no from {found.quarantined} where held = 'row'")
        accepted = t.rows(f"select row_no from {found.accepted.rows}")
        assert len(set(accepted)) == len(accepted)
        assert not {*whole} & {*accepted}


def test_a_word_of_several_scripts_and_letters_that_are_signs_are_held_back_in_names(t: Scratch) -> None:
    odd = ["Аmаrа", "О'Connor", "Αlpha", "𝐀mara", "Ⓐmara", "🅐mara", "ℓee"]
    plain = [
        "Юлия",
        "Анна-Maria",
        "王David",
        "ＪＯＨＮ",
        "Mª",
        "Nguyễn",
        "ʻOkina",
        "김철수",
        "山田ﾀﾛｳ",
        "محمد",
        "क्षत्रिय",
        "Đorđe",
    ]
    found = few.judged(t, profile(), [worker(number, First=name) for number, name in enumerate([*odd, *plain], 1)])
    assert few.reasons(t, found) == [(row, "mixed_scripts", "First") for row in range(2, 2 + len(odd))]


def test_a_name_that_looks_like_another_workers_is_held_back_until_somebody_has_looked(t: Scratch) -> None:
    told = {
        1: ("Сосо", "Роре"),
        2: ("ɑnn", "Lee9"),
        3: ("Анна", "Роре"),
        4: ("Coco", "Pope"),
        5: ("José", "Pope"),
        9: ("ann", "Lee9"),
    }
    rows = [worker(number, First=first, Last=last) for number, (first, last) in told.items()]
    workers = few.people(2, 9) + few.people(7, first_name="Coco", last_name="Pope")
    found = few.judged(t, profile(), rows, workers)
    assert few.reasons(t, found) == [
        (2, "lookalike_name", "First"), (2, "lookalike_name", "Last"), (3, "lookalike_name", "First"),
    ]  # fmt: skip
    assert few.accepted(t, profile(), found, "first_name")["2"] == "Ann"
    text = PROFILE.replace("[workers]", '[workers]\nnames_seen = ["1", "2"]')
    seen = parse_profile(text, "firm.toml").profile
    assert few.reasons(t, few.judged(t, seen, rows, workers)) == []


@pytest.mark.parametrize("like", ["Ａｎｎ", "Ann Wi11iam", "Ann WilIiam", "Ann Willi\uff41m"])
def test_a_name_whose_letters_are_drawn_by_other_signs_is_held_back_where_it_looks_like_another_workers(
    t: Scratch, like: str
) -> None:
    shown = "Ann" if like == "Ａｎｎ" else "Ann William"
    rows = [worker(1, First=like, Last="Lee"), worker(3, First=like, Last="Pope"), worker(4, First="M0", Last="X1")]
    found = few.judged(
        t, profile(), [*rows, worker(5, First="M0", Last="X1")], few.people(2, first_name=shown, last_name="Lee")
    )
    assert few.reasons(t, found) == [(2, "lookalike_name", "First")]  # two of one name are no lookalikes


@pytest.mark.parametrize(
    ("one", "other"),
    [("Arnara", "Amara"), ("Sanclra", "Sandra"), ("Sinc1air", "Sindair"), ("Evvan", "Ewan"), ("VVayne", "Wayne")],
)
@pytest.mark.parametrize("turned", [False, True])
def test_a_name_in_which_two_letters_draw_one_of_another_workers_is_held_back_whoever_comes_later(
    t: Scratch, one: str, other: str, turned: bool
) -> None:
    known, later = (one, other) if turned else (other, one)
    workers = few.people(2, first_name=known, last_name="Lee")
    rows = [
        worker(1, First=later, Last="Lee"),
        worker(3, First=later, Last="Clark"),
        worker(4, First="Bernd", Last="Mewes"),
    ]
    assert few.reasons(t, few.judged(t, profile(), rows, workers)) == [(2, "lookalike_name", "First")]
    seen = parse_profile(PROFILE.replace("[workers]", '[workers]\nnames_seen = ["1"]'), "firm.toml").profile
    assert few.reasons(t, few.judged(t, seen, rows, workers)) == []


def test_of_two_new_names_that_look_alike_the_one_that_two_letters_draw_is_held_back(t: Scratch) -> None:
    rows = [worker(1, First="Amara", Last="Burns"), worker(2, First="Arnara", Last="Bums")]
    assert {row for row, *_ in few.reasons(t, few.judged(t, profile(), rows))} == {2, 3}


SIGNS = [*UNSEEN, "\u202e", "\u2066", "\x85", "\x9b", "\u3000", "\xa0", *"aé葛 ?Ã¼م"]
TEXTS = st.text(st.sampled_from(SIGNS), max_size=6)


@settings(max_examples=examples(8), deadline=None)
@given(texts=st.lists(TEXTS, min_size=16, max_size=16))
def test_what_is_accepted_has_no_blank_at_its_ends_and_nothing_that_nobody_sees(
    con: duckdb.DuckDBPyConnection, texts: list[str]
) -> None:
    with scratch(con) as t:
        rows = [worker(number, City=text) for number, text in enumerate(texts, 1)]
        found = few.judged(t, profile(), rows)
        cities = few.accepted(t, profile(), found, "city")
        assert set(cities) == {str(number) for number in range(1, 17)}  # a bad city keeps nobody out
        for city in filter(None, map(str, filter(None, cities.values()))):
            assert city == trimmed(city)
            assert not re.search(f"{CONTROL}|{INVISIBLE}", city)
