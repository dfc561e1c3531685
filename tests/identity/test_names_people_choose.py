"""Names that people would choose: each rule beside the table of its standard, and what waits for a person."""

from __future__ import annotations

import io
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.spelling import measure, measure_bearers, measure_unseen, together
from hcm_pipeline.errors import UsageError
from hcm_pipeline.identity import export_ledger
from hcm_pipeline.identity.spelling import spell, spell_many
from hcm_pipeline.identity.ways import table_of
from tests.identity.people import DAY, Ledger, profile

SURE = 0.5

# The tables as the standards print them: letters, and behind `|` their spelling inside a word
TABLES = {
    "BG": "абвгдежзийклмнопрстуфхцчшщъьюя | a b v g d e zh z i y k l m n o p r s t u f h ts ch sh sht a y yu ya",
    "RU": "абвгдеёжзийклмнопрстуфхцчшщъыэюя | a b v g d e e zh z i i k l m n o p r s t u f kh ts ch sh shch ie y e iu ia",
    "UA": "абвгґдеєжзиіїйклмнопрстуфхцчшщюя | a b v h g d e ie zh z y i i i k l m n o p r s t u f kh ts ch sh shch iu ia",
    "RS": "абвгдђежзијклљмнњопрстћуфхцчџш | a b v g d dj e z z i j k l lj m n nj o p r s t c u f h c c dz s",
    "MK": "абвгдѓежзѕијклљмнњопрстќуфхцчџш | a b v g d gj e zh z dz i j k l lj m n nj o p r s t kj u f h c ch dj sh",
    "AZ": "абвгғдеәжзиыјкҝлмноөпрстуүфхһчҹш | a b v q g d e a j z i i y k g l m n o o p r s t u u f x h c c s",
    "UZ": "абвгджзийклмнопрстуфхчшэюяёқҳ | a b v g d j z i y k l m n o p r s t u f x ch sh e yu ya yo q h",
    "MN": "абвгдеёжзийклмноөпрстуүфхцчшыэюя | a b v g d ye yo j z i i k l m n o u p r s t u u f kh ts ch sh y e yu ya",
    "TJ": "абвгғдеёжзийӣкқлмнопрстуӯфхҳчҷшэюя | a b v g gh d e yo zh z i y i k q l m n o p r s t u u f kh h ch j sh e yu ya",
    "GR": "αβγδεζηθικλμνξοπρσςτυφχψω | a v g d e z i th i k l m n x o p r s s t y f ch ps o",
    "AM": "աբգդեզէըթժիլխծկհձղճմյնշոչպջռսվտրցփքօֆ |"
        " a b g d e z e y t zh i l kh ts k h dz gh ch m y n sh o ch p j r s v t r ts p k o f",
    "GE": "აბგდევზთიკლმნოპჟრსტუფქღყშჩცძწჭხჯჰ | a b g d e v z t i k l m n o p zh r s t u p k gh q sh ch ts dz ts ch kh j h",
}  # fmt: skip
BEFORE = {"GR": "λ", "AM": "ս", "GE": "ს"}
"""A letter that changes nothing in the one behind it."""


@pytest.mark.parametrize("country", TABLES)
def test_each_letter_is_spelled_as_the_table_of_the_standard_has_it(country: str) -> None:
    letters, _, spelled = TABLES[country].partition(" | ")
    before = BEFORE.get(country, "р")
    for letter, plain in zip(letters, spelled.split(), strict=True):
        assert spell(before + letter, country)[1:] == plain, letter


def test_the_revised_romanization_has_the_initials_vowels_and_finals_of_its_second_article() -> None:
    initials = (
        "가 까 나 다 따 라 마 바 빠 사 싸 아 자 짜 차 카 타 파 하",
        "ga kka na da tta ra ma ba ppa sa ssa a ja jja cha ka ta pa ha",
    )
    vowels = (
        "아 어 오 우 으 이 애 에 외 위 야 여 요 유 얘 예 와 왜 워 웨 의",
        "a eo o u eu i ae e oe wi ya yeo yo yu yae ye wa wae wo we ui",
    )
    finals = "악 앆 앝 앋 압 앞 앗 앚 앛 앜 앙 안 암 알 앉 않 앍 앎 앏 앖 았", (
        "ak ak at at ap ap at at at ak ang an am al an an ak am al ap at"
    )  # fmt: skip
    for syllables, spelled in (initials, finals):
        assert [spell(syllable + "미").lower() for syllable in syllables.split()] == [
            f"{one}mi" for one in spelled.split()
        ]
    assert [spell("미" + syllable).lower() for syllable in vowels[0].split()] == [
        f"mi{one}" for one in vowels[1].split()
    ]


def test_a_name_in_arabic_letters_is_known_with_and_without_hamza_and_as_egypt_and_iran_write_its_end() -> None:
    names = {
        "اسامة": "Osama",
        "مصطفي": "Mostafa",
        "ايمان": "Iman",
        "على": "Ali",
        "کريم": "Karim",
        "لیلی": "Layla",
        "فاطمه": "Fatima",
    }
    assert {name: spell_many([(name, "EG")])[0].plain for name in names} == names


RTGS = {
    "กขคฆงจฉชซญดตถทธนบปผฝพฟภมยรลวศษสหฮ": "k kh kh kh ng ch ch ch s y d t th th th n b p ph f ph f ph m y r l w s s s h h",
    "กขคงจชดตทธนญณรลบปพภมยว": "k k k ng t t t t t t n n n n n p p p p m i o",
}
"""Consonants, initial and final, and their letters in the table of the Royal Thai General System of Transcription (1999)."""
THAI = """
    สุดา Suda วิชัย Wichai นิคม Nikhom เมธา Metha ปัญญา Panya อาทิตย์ Athit ขวัญ Khwan กัญญา Kanya ชูชัย Chuchai ไชยา Chaiya บุญส่ง
    Bunsong เทพ Thep อัมพร Amphon จินดา Chinda วันเพ็ญ Wanphen วิมล Wimon ไพโรจน์ Phairot เสือ Suea โชค Chok ปราณี Prani พลอย Phloi
    ประไพ Praphai ดารา Dara อุไร Urai ยุพา Yupha พินิจ Phinit สำราญ Samran ตรีนุช Trinut โสภา Sopha เรณู Renu อุดม Udom สุเทพ Suthep
    ดำรง Damrong ละออ La-o หญิง Ying สุริยา Suriya วรรณา Wanna สมศักดิ์ Somsak
"""


def test_a_thai_name_is_proposed_by_the_royal_system_where_its_spelling_says_how_it_is_read() -> None:
    for letters, plain, form in zip(RTGS, RTGS.values(), ("{}า", "มา{}"), strict=True):
        for letter, spelled in zip(letters, plain.split(), strict=True):
            wanted = f"{spelled}a" if form.startswith("{") else f"ma{spelled}"
            assert spell_many([(form.format(letter), "TH")])[0].plain == wanted.capitalize(), letter
    words = THAI.split()
    made = spell_many([(name, "TH") for name in words[::2]])
    assert [one.plain for one in made] == words[1::2]
    assert spell_many([("ขวัญ อุดม", "TH")])[0].plain == "Khwan Udom"
    assert {one.confidence < SURE for one in made} == {True}  # a person decides
    hidden = table_of("""
        ชาติ Chat ณัฐนา Natthana เพชร Phet ธีรพงษ์ Thiraphong วรวุฒิ Worawut จันทร์ Chan เจริญ Charoen พิจิตร Phichit วิชญา Wichaya
    """)
    assert {name: spell_many([(name, "TH")])[0].plain for name in hidden} == hidden  # vowels that nothing shows


def test_the_labelled_set_is_hardly_ever_wrong_without_a_word_and_mostly_right() -> None:
    found = measure()
    whole = together(found)
    assert whole.right >= 0.9
    assert whole.silently_wrong < 0.01
    for (country, standard), one in found.items():
        assert one.silently_wrong < 0.05, (country, standard, one.differing)
        assert one.counts["proposed otherwise"] == 0, (country, standard, one.differing)


def test_names_without_vowels_are_never_given_silently_and_each_has_a_proposal_that_is_a_name() -> None:
    for (country, _), one in measure_bearers().items():
        assert one.counts["right"] + one.counts["wrong"] == 0
        assert one.counts["proposed right"] >= 0.6 * one.names, country
        assert one.counts["nothing proposed"] == 0, (country, one.differing)


def test_of_names_that_no_table_was_made_from_most_are_right_none_is_silently_wrong_and_each_has_a_proposal() -> None:
    found = measure_unseen()
    whole = together(found)
    assert whole.counts["wrong"] == 0, whole.differing
    assert whole.counts["right"] + whole.counts["proposed right"] >= 0.78 * whole.names
    without = {name for name, _, _, kind in whole.differing if kind == "nothing proposed"}
    assert all("\u3400" <= name[0] <= "\u9fff" for name in without)  # kanji: a fitting proposal or none


@pytest.mark.parametrize(
    ("name", "place", "plain"),
    [("محمد", "SA", "Mohammed"), ("محمد", "EG", "Mohamed"), ("محمد", "IR", "Mohammad"), ("محمد", "PK", "Muhammad"),
     ("عبد الرحمن", "DZ", "Abderrahmane"), ("عبد الرحمن", "SA", "Abdulrahman"), ("حسین‌زاده", "IR", "Hosseinzadeh"),
     ("رضایی", "IR", "Rezaei"), ("کریمیان", "DE", "Karimian"), ("علی‌پور", "IR", "Alipour"), ("مَحْمُود", "", "Mahmoud"),
     ("الطاهر", "SA", "Al-Taher"), ("قنبرپور", "IR", "Qanbarpour"), ("בן־דוד", "IL", "Ben-David"),
     ("רוזנברג", "IL", "Rosenberg"), ("שֶׁמֶשׁ", "IL", "Shemesh"), ("𫬚", "TW", ""), ("ﻣﺤﻤﺪ", "EG", "Mohamed"),
     ("شێرکۆ", "IQ", "Sherko"), ("ئارام", "IQ", "Aram"), ("മോഹൻലാൽ", "IN", "Mohanlal"),
     ("ਸਿੰਘ", "IN", "Singh"), ("ज़ाकिर", "IN", "Zakir"), ("ရဲရင့်", "MM", "Ye Yint"), ("ສົມພອນ", "LA", "Somphon"),
     ("វិចិត្រ", "KH", "Vichet"), ("ትዕግስት", "ET", "Tigist"), ("රණිල්", "LK", "Ranil"), ("བསོད་ནམས", "BT", "Sonam"),
     ("สุรศักดิ์", "TH", "Surasak"), ("봉준호", "KR", "Bongjunho")],
)  # fmt: skip
def test_a_proposal_is_as_the_country_writes_it_or_none(name: str, place: str, plain: str) -> None:
    [made] = spell_many([(name, place)])
    assert made.plain == plain
    assert made.confidence < SURE


SERBIAN = dict(
    zip(
        "абвгдђежзијклљмнњопрстћуфхцчџш",
        [
            "a",
            "b",
            "v",
            "g",
            "d",
            "đ",
            "e",
            "ž",
            "z",
            "i",
            "j",
            "k",
            "l",
            "lj",
            "m",
            "n",
            "nj",
            "o",
            "p",
            "r",
            "s",
            "t",
            "ć",
            "u",
            "f",
            "h",
            "c",
            "č",
            "dž",
            "š",
        ],
        strict=True,
    )
)


@given(st.text(st.sampled_from(sorted(SERBIAN)), min_size=1, max_size=8), st.sampled_from(["RS", "ME", "BA"]))
def test_a_serbian_name_is_spelled_alike_in_both_scripts(name: str, country: str) -> None:
    latin = "".join(SERBIAN[letter] for letter in name)
    assert spell(name, country) == spell(latin, country)


AZERBAIJANI = dict(zip("абвгғдеәжзиыјкҝлмноөпрстуүфхһчҹш", "abvqğdeəjziıykglmnoöprstuüfxhçcş", strict=True))


@given(st.text(st.sampled_from(sorted(AZERBAIJANI)), min_size=1, max_size=8))
def test_an_azerbaijani_name_is_spelled_alike_in_both_scripts(name: str) -> None:
    assert spell(name, "AZ") == spell("".join(AZERBAIJANI[letter] for letter in name), "AZ")


@pytest.mark.parametrize(
    ("name", "country", "plain"),
    [("Đorđević", "", "Djordjevic"), ("ĐORĐEVIĆ", "RS", "DJORDJEVIC"), ("Ђорђевић", "", "Djordjevic"), ("Đurić", "US", "Djuric"),
     ("Đặng Văn Đức", "", "Dang Van Duc"), ("Đinh", "VN", "Dinh"), ("Đuro", "HR", "Djuro"), ("Ánđđá", "NO", "Andda"),
     ("ЋИРИЋ", "RS", "CIRIC"),
     ("СОФИЯ", "BG", "SOFIA"), ("Мария-Илия", "BG", "Maria-Ilia"), ("Короп’є", "UA", "Koropie"), ("Корольʼє", "UA", "Korolie")],
)  # fmt: skip
def test_one_letter_is_spelled_by_the_people_whose_name_it_is(name: str, country: str, plain: str) -> None:
    assert spell(name, country) == plain


@pytest.mark.parametrize(
    ("name", "country", "plain"),
    [("Сергей", "DE", "Sergei"), ("Юлия", "", "Iuliia"), ("김민준", "KR", "Kim Minjun"), ("남궁민수", "KR",
    "Namgung Minsu"), ("ティナ", "JP", "Tina"),
     ("山田", "", "Yamada"), ("美咲", "JP", "Misaki"), ("凜音", "JP", ""), ("凜音", "", ""), ("李", "TW", "Li"), ("張",
     "TW", "Chang"), ("謝", "TW", "Hsieh"), ("志明", "TW", "Chih-Ming"), ("郭", "TW", "Kuo"), ("雅慈", "TW", "Ya-Tzu"),
     ("李", "HK", "Lee"), ("陳", "HK", "Chan"), ("陳", "TW", "Chen"),
     ("怡君", "TW", "Yi-Chun"), ("家豪", "TW", "Chia-Hao"), ("金", "KR", "Kim"), ("李", "KR", "Lee"), ("怡君", "HK", ""),
     ("くみ子", "JP", ""),
     ("عبد الله", "SA", "Abdullah"), ("غخغ", "SA", "Ghakhgh"), ("สมชาย", "TH", "Somchai"), ("ฆฆ", "TH", "Khok"), ("نور الدين", "EG",
     "Noureddin"), ("الناصر", "EG", "El-Nasser"), ("عبد الكريم", "EG", "Abdelkarim"), ("홍빛나", "KR", "Hong Bitna"),
     ("אבגדה", "IL", "Avgada"), ("कृष्ण", "IN",
     "Krishna"), ("Anna غخغ", "", "Anna Ghakhgh"), ("Anna 凜音", "JP", "")],
)  # fmt: skip
def test_what_is_not_sure_waits_with_a_name_or_with_nothing(name: str, country: str, plain: str) -> None:
    [found] = spell_many([(name, country)])
    assert (found.plain, found.confidence < SURE) == (plain, True)


@given(st.text(st.characters(min_codepoint=0x0370, max_codepoint=0x3FFFF, categories=["Lo", "Ll", "Lu", "Mn", "Mc"]),
    min_size=1, max_size=6),
       st.sampled_from(["", "CN", "JP", "KR", "TW", "RU", "AZ", "IN"]))  # fmt: skip
def test_what_is_proposed_can_be_said(name: str, country: str) -> None:
    [found] = spell_many([(unicodedata.normalize("NFC", name), country)])
    if found.plain and found.confidence < SURE and not found.how.startswith(("Cyrillic", "Georgian")):
        assert any(vowel in found.plain.lower() for vowel in "aeiouy"), found


BLOCKS = {
    "TH": (0x0E01, 0x0E4E), "LA": (0x0E81, 0x0EDD), "MM": (0x1000, 0x109F), "KH": (0x1780, 0x17DD), "ET": (0x1200, 0x137F),
    "BT": (0x0F00, 0x0FBC), "IN": (0x0900, 0x0D7F), "LK": (0x0D80, 0x0DFF), "IL": (0x0591, 0x05F4), "EG": (0x0600, 0x06FF),
    "KR": (0x1100, 0x11FF), "JP": (0x3040, 0x30FF),
}  # fmt: skip


@given(st.sampled_from(sorted(BLOCKS)).flatmap(
    lambda place: st.tuples(st.just(place), st.text(st.characters(min_codepoint=BLOCKS[place][0], max_codepoint=BLOCKS[place][1])))
))  # fmt: skip
def test_any_letters_of_a_script_are_spelled_in_ascii_or_not_at_all(case: tuple[str, str]) -> None:
    place, name = case
    for text in (name, name * 200):
        assert spell_many([(text, place)])[0].plain.isascii()


HOLDS_MORE = profile(spelling={"latin": {"last": ["city"]}})


@pytest.mark.parametrize(
    ("first", "preferred", "last", "other", "country", "expected"),
    [("太郎", "タロウ", "山田", "ヤマダ", "JP", "taro.yamada"), ("太郎", "Taro", "山田", "やまだ", "JP", "taro.yamada"),
     ("民俊", "민준", "金", "김", "KR", "minjun.kim"), ("太郎", "タロウ", "山田", "山田", "JP", "user-1"), ("太郎", None,
     "山田", "ヤマダ", "JP", "user-1"),
     ("太郎", "タロウ", "山田", "Yamada", "DE", "taro.yamada")],
)  # fmt: skip
def test_a_reading_that_hr_holds_wins_over_characters(
    first: str, preferred: str | None, last: str, other: str, country: str, expected: str
) -> None:
    ledger = Ledger(HOLDS_MORE)
    ledger.add(("1", first, last), preferred_name=preferred, city=other, country=country)
    ledger.give(DAY)
    assert ledger.upn("1") == expected


def test_a_part_for_which_nothing_is_proposed_is_not_accepted_as_nothing() -> None:
    ledger = Ledger()
    ledger.add(("1", "太郎", "凜音"), country="JP")
    ledger.give(DAY)
    [waits] = ledger.spellings()
    assert [part.spelling for part in waits.parts] == ["Taro", ""]
    with pytest.raises(UsageError, match="nothing is proposed for the last name; say how it is spelled with --last"):
        ledger.decide_spelling("1")
    ledger.decide_spelling("1", last="Rinne")
    ledger.give(DAY)
    assert ledger.upn("1") == "taro.rinne"


def test_an_export_counts_no_stand_in_and_no_row_of_the_past_as_an_identity() -> None:
    ledger = Ledger()
    ledger.add(("1", "太郎", "凜音"), ("2", "Ann", "Lee"), country="JP")
    ledger.give(DAY)
    out = io.StringIO()
    assert export_ledger(ledger.con, out) == 1
    assert len(out.getvalue().splitlines()) == 1 + 2 + 1


@pytest.mark.parametrize(
    ("template", "number", "last", "expected"),
    [("{person_number}", "100234", "Lee", "100234"), ("{person_number:4}", "0012A", "Lee", "u0012a"), ("{last}", "7",
    "007", "007"),
     ("{last:3}", "7", "007 Bond", "u7"), ("{last:3}{person_number}", "7", "007 Bond", "u7"), ("{last}", "7",
     "007 Bond", "007bond")],
)  # fmt: skip
def test_no_sam_account_name_is_of_digits_alone_where_its_source_has_a_letter(
    template: str, number: str, last: str, expected: str
) -> None:
    ledger = Ledger(profile(sam_account_name={"candidates": [template], "case": "lower", "keep": ""}))
    ledger.add((number, "Ann", last))
    ledger.give(DAY)
    assert ledger.names()[number][1] == expected


@pytest.mark.parametrize(
    ("language", "country", "expected"),
    [("zh", "GB", "xiaolong.li"), ("zh-Hans-CN", "GB", "xiaolong.li"),
     ("ja", "CN", "user-1")],
)  # fmt: skip
def test_pinyin_is_for_names_that_are_chinese_wherever_their_bearers_are(
    language: str, country: str, expected: str
) -> None:
    ledger = Ledger(profile(spelling={"language": "city"}))
    ledger.add(("1", "小龙", "李"), city=language, country=country)
    ledger.give(DAY)
    assert ledger.upn("1") == expected
