"""Words that bear out windows-1252, and words of other code pages that do not."""

from __future__ import annotations

import pytest

from hcm_pipeline.workers.guessed_encoding import judge_words

WESTERN = ("Jørgen Sæther", "Åse", "André", "Hélène", "Müller", "Groß", "José Núñez", "João Conceição", "Øystein", "D’Été",
           "Mª José", "Œuvre", "Niccolò", "Çelik", "Gonçalves", "Söderström", "Ångström", "Ibáñez", "Peña", "McÉwan", "JOSÉ",
           "MÜLLER", "Tõnis", "Renée", "Saïd", "Citroën", "Île-de-France", "hÓra", "Ó Briain", "m²", "Nº 5",
           "Guimarães", "Magalhães", "Simões", "Irmãs Lã Sá", "Brûlé",
           "Dûment", "Kõiv", "Mõttus", "Põldmäe", "Mõisküla", "Jõeäär", "Rõõm", "Võ", "Camões", "1ª Sá", "Nº 7",
           "Straße 5°", "«Été»")  # fmt: skip
OTHERS = {
    ("cp1250", "PL"): ("Łukasz Wójcik", "Zażółć Gęślą"), ("cp1250", "CZ"): ("Jiří Dvořák", "Kučera"), ("cp1250", "HU"): ("Erdős",),
    ("cp1250", "HR"): ("Petrović", "Đorđe"), ("cp1250", "US"): ("Łukasz", "Dvořák"),
    ("cp1250", "DE"): ("Gergő", "Szűcs"), ("cp1250", "GB"): ("Erdős",), ("cp1250", "FR"): ("Stănescu",),
    ("cp1250", "NL"): ("Ştefan",),
    ("cp1250", ""): ("Győri", "Kőszegi"), ("cp1250", "SE"): ("Kővári", "Tőkés"), ("cp1250", "ES"): ("Kőrösi", "Lőrinc", "Gőz"),
    ("iso8859-2", "US"): ("Brăila", "Gyűrű"), ("cp1250", "IT"): ("Şerban", "Mureşan"),
    ("iso8859-2", "SK"): ("Ľubomír",),
    ("iso8859-16", "RO"): ("Ioniță", "Brăila"), ("cp852", "PL"): ("Łódź",), ("cp1251", "RU"): ("Иван", "Юрий"),
    ("koi8-r", ""): ("Иван",), ("cp1251", "DE"): ("Петров",), ("cp1253", "GR"): ("Γιάννης",), ("cp1254", "TR"): ("Yıldız", "Ayşe"),
    ("cp1254", "DE"): ("Çağrı",),
    ("cp1255", "IL"): ("שרה",), ("cp1256", "EG"): ("محمد",), ("cp1257", "LT"): ("Žukauskienė",), ("cp874", "TH"): ("สมชาย",),
    ("gb18030", "CN"): ("张伟",), ("cp949", "KR"): ("김철수",), ("cp950", "TW"): ("林志玲",), ("cp850", "FR"): ("André", "Hélène"),
    ("mac-roman", "FR"): ("Zoé",), ("cp775", "LV"): ("Jānis",), ("iso8859-10", "LV"): ("Jānis",),
    ("iso8859-4", "LT"): ("Žukauskienė",),
    ("iso8859-5", "RU"): ("Ольга",), ("mac-latin2", "PL"): ("Gęślą",), ("cp737", "GR"): ("Ελένη",), ("iso8859-8", "IL"): ("שרה",),
}  # fmt: skip


@pytest.mark.parametrize("country", ["DE", "FR", "US", "NO", ""])
def test_names_of_western_countries_bear_out_windows_1252(country: str) -> None:
    borne = judge_words([(country, name) for name in WESTERN], "windows-1252")
    assert (borne.against, borne.is_doubtful) == (0, False)


@pytest.mark.parametrize(("encoding", "country"), OTHERS)
def test_names_in_another_code_page_do_not(encoding: str, country: str) -> None:
    texts = [name.encode(encoding).decode("cp1252", "ignore") for name in OTHERS[encoding, country]]
    assert judge_words([(country, text) for text in texts], "windows-1252").is_doubtful


def test_a_foreigner_or_two_among_many_are_no_other_encoding() -> None:
    many = [("US", f"{name}{letter}") for name in WESTERN[:-2] for letter in "abdefgh"]
    assert not judge_words([*many, ("US", "Þorsteinn"), ("CZ", "Hélène")], "windows-1252").is_doubtful
    assert not judge_words([("IS", "Guðmundsdóttir"), ("NO", "Þórður")], "windows-1252").is_doubtful
    assert not judge_words([], "windows-1252").is_doubtful
