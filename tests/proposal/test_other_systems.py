"""First profiles for extracts of other systems, in other shapes, languages and encodings: what is clear, and what is left."""

from __future__ import annotations

import csv
import gzip
import json
import re
import stat
import tempfile
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcm_pipeline.errors import ExtractRefused, ProfileError, UsageError
from hcm_pipeline.flow.profiles import load_profile, parse_profile
from hcm_pipeline.flow.proposing import ProposedProfile, propose_profile, write_proposal
from hcm_pipeline.profile import Profile, TargetKind
from hcm_pipeline.sandbox.oracle.extracts import ExtractOptions, extract
from hcm_pipeline.sandbox.oracle.truth import HEADINGS
from tests.budget import examples

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"


def proposed(tmp_path: Path, name: str, text: str | bytes, encoding: str = "utf-8", **wanted: str) -> ProposedProfile:
    """The proposal for a file of a name and content; the domain is known unless a test says otherwise."""
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return propose_profile(
        path, domain=wanted.get("domain", "contoso.com"), kind=TargetKind(wanted.get("kind", "entra"))
    )


def checked(made: ProposedProfile) -> Profile:
    """The profile of a proposal that has no fault."""
    return parse_profile(made.text, "proposed.toml").profile


def marks(made: ProposedProfile) -> dict[str, str]:
    """The marks of a proposal by key; whether a file is full is asked of every one."""
    return {mark.key: mark.what for mark in made.to_confirm if mark.key != "sources.content"}


def columns(profile: Profile) -> dict[str, str]:
    """The column of each field."""
    return {name: spec.column for name, spec in profile.columns.items()}


GERMAN = """\
Pers.-Nr.;Name;Vorname;Status;Kostenstelle;Abteilung;Eintritt;Austritt;E-Mail-Adresse;Vorgesetzter;Geburtsdatum;Land
000101;Groß;Jürgen;aktiv;4711;Einkauf;01.09.2019;;j.gross@nordwind.example;;01.02.1970;DE
000102;Müller;Änne;Elternzeit;4711;Einkauf;15.02.2021;;ae.mueller@nordwind.example;000101;03.04.1980;DE
000103;Łukasik;Piotr;ausgetreten;4712;Verkauf;01.03.2018;31.12.2023;p.lukasik@nordwind.example;000101;05.06.1990;AT
"""


def test_a_german_payroll_file_is_clear(tmp_path: Path) -> None:
    made = proposed(
        tmp_path, "personal_2026-03-02.csv", GERMAN.replace("Ł", "L"), "windows-1252", domain="nordwind.example"
    )
    profile = checked(made)
    assert columns(profile) == {
        "person_number": "Pers.-Nr.", "active": "Status", "first_name": "Vorname", "last_name": "Name", "email": "E-Mail-Adresse",
        "department": "Abteilung", "cost_center": "Kostenstelle", "manager": "Vorgesetzter", "country": "Land",
        "hire_date": "Eintritt", "termination_date": "Austritt",
    }  # fmt: skip
    assert profile.fields["active"].true_values == ("Elternzeit", "aktiv")
    assert profile.fields["active"].false_values == ("ausgetreten",)
    assert profile.fields["hire_date"].formats == ("%d.%m.%Y",)
    assert profile.fields["person_number"].pattern == r"\d{6}"
    assert (profile.sources[0].delimiter, profile.sources[0].encoding) == (";", "windows-1252")
    assert (profile.sources[0].glob, profile.sources[0].business_date.format) == ("personal_*", "%Y-%m-%d")
    assert set(marks(made)) == {"sources.encoding"}
    assert made.proposal.private == ("Geburtsdatum",)


OTHERS = {
    "french": ("utf-8", "Matricule;Nom;Prénom;Statut;Date d'embauche;Date de sortie;Service\n"
               "A01;Dupont;Zoé;Actif;13/05/2019;;Achats\nA02;Noël;Luc;Sorti;25/01/2020;30/06/2024;Ventes\n"),
    "spanish": ("utf-8", "Número de empleado,Nombre,Apellidos,Estado,Fecha de contratación,Correo electrónico\n"
                "7001,José,Núñez,Activo,23/05/2019,j@x.example\n7002,Ana,Ruiz,Baja,30/01/2020,a@x.example\n"),
    "portuguese": ("latin-1", "Matrícula|Nome|Sobrenome|Situação|Data de admissão|Cargo\n"
                   "10|João|Conceição|Ativo|21/02/2020|Analista\n11|Inês|Simões|Demitido|22/03/2019|Gerente\n"),
    "italian": ("utf-8", "Matricola,Nome,Cognome,Stato,Data di assunzione\nX1,Aldo,Rossi,In servizio,19/07/2021\n"
                "X2,Ada,Bianchi,Cessata,20/08/2015\n"),
    "dutch": ("utf-8", "Personeelsnummer;Voornaam;Achternaam;Dienstverbandstatus;Datum in dienst\n"
              "55;Jan;de Vries;In dienst;14-02-2020\n56;Els;Smit;Uit dienst;28-03-2019\n"),
    "polish": ("windows-1250", "Numer pracownika;Imię;Nazwisko;Status pracownika;Data zatrudnienia\n"
               "1;Łucja;Żak;Aktywny;2020-01-02\n2;Piotr;Dąb;Nieaktywny;2019-02-03\n"),
    "swedish": ("utf-8-sig", "Anställningsnummer;Förnamn;Efternamn;Anställningsstatus;Anställningsdatum\n"
                "900;Åsa;Öberg;Anställd;2020-01-02\n901;Nils;Ek;Slutat;2018-05-06\n"),
    "japanese": ("shift_jis", "社員番号,姓,名,在籍区分,入社日,部署\n"
                 "0001,佐藤,健,在籍,2019/04/01,営業部\n0002,鈴木,花,退職,2018/10/01,人事部\n"),
    "chinese": ("utf-16", "工号\t姓氏\t名字\t员工状态\t入职日期\t部门\n"
                "C1\t王\t伟\t在职\t2020年03月01日\t销售\nC2\t李\t娜\t离职\t2019年11月15日\t财务\n"),
    "arabic": ("utf-8", "رقم الموظف,الاسم الأول,اسم العائلة,حالة الموظف,تاريخ التعيين\n"
               "300,أحمد,حسن,نشط,2020-05-01\n301,ليلى,علي,غير نشط,2019-06-02\n"),
    "russian": ("windows-1251", "Табельный номер;Имя;Фамилия;Статус сотрудника;Дата приема\n1;Анна;Зуева;Работает;21.03.2020\n"
                "2;Олег;Ким;Уволен;22.04.2019\n"),
    "workday": ("utf-8", "Employee_ID,Legal_First_Name,Legal_Last_Name,Active_Status,Hire_Date,Termination_Date,Business_Title,"
                "Manager_ID,Email_-_Work,Cost_Center\nW1,Ada,Byron,1,2020-01-13,,Analyst,,ada@w.example,CC1\n"
                "W2,Alan,Turing,0,2019-02-14,2024-05-31,Head,W1,alan@w.example,CC1\n"),
    "successfactors": ("utf-8", "personIdExternal,firstName,lastName,emplStatus,startDate,costCenter\n"
                       "S1,Ada,Byron,A,2020-01-13,CC1\nS2,Alan,Turing,T,2019-02-14,CC1\n"),
    "oracle columns": ("utf-8", "PERSON_NUMBER|LAST_NAME|FIRST_NAME|ASSIGNMENT_STATUS_TYPE|HIRE_DATE|ACTUAL_TERMINATION_DATE\n"
                       "300000001|Byron|Ada|ACTIVE_PROCESS|13-JAN-2020|\n"
                       "300000002|Turing|Alan|INACTIVE_PROCESS|14-FEB-2019|31-MAY-2024\n"),
}  # fmt: skip
FORMS = {
    "french": "%d/%m/%Y", "spanish": "%d/%m/%Y", "portuguese": "%d/%m/%Y", "italian": "%d/%m/%Y", "dutch": "%d-%m-%Y",
    "japanese": "%Y/%m/%d", "chinese": "%Y年%m月%d日", "russian": "%d.%m.%Y", "oracle columns": "%d-%b-%Y",
}  # fmt: skip


@pytest.mark.parametrize("system", OTHERS)
def test_an_extract_of_another_system_is_recognised(system: str, tmp_path: Path) -> None:
    encoding, text = OTHERS[system]
    made = proposed(tmp_path, "people.txt", text, encoding)
    asked = set(marks(made)) - {"sources.encoding"}
    assert not asked, marks(made)
    profile = checked(made)
    assert {"person_number", "active", "first_name", "last_name", "hire_date"} <= set(profile.fields)
    assert profile.fields["hire_date"].formats == (FORMS.get(system, "%Y-%m-%d"),)
    values = {line.split(sign)[3] for sign in ",;|\t" for line in text.splitlines()[1:] if line.count(sign) > 3}
    assert {*profile.fields["active"].true_values, *profile.fields["active"].false_values} >= values
    assert not {*profile.fields["active"].true_values} & {*profile.fields["active"].false_values}


def test_a_file_encoded_by_nobody_knows_what_keeps_a_mark(tmp_path: Path) -> None:
    encoding, text = OTHERS["polish"]
    made = proposed(tmp_path, "people.txt", text, encoding)
    assert "guess" in marks(made)["sources.encoding"] or "sources.encoding" not in marks(made)


XML = """<?xml version="1.0" encoding="UTF-8"?>
<DATA_DS><P_DATE>2026-03-02</P_DATE><LIST_G_1>
<G_1><PERSON_NUMBER>0100011</PERSON_NUMBER><FIRST_NAME>Ada</FIRST_NAME><LAST_NAME>Byron</LAST_NAME>
<ASSIGNMENT><ASSIGNMENT_STATUS_TYPE>ACTIVE</ASSIGNMENT_STATUS_TYPE><JOB_NAME>Analyst</JOB_NAME></ASSIGNMENT>
<HIRE_DATE>2020-01-13T00:00:00.000+00:00</HIRE_DATE></G_1>
<G_1><PERSON_NUMBER>0100012</PERSON_NUMBER><FIRST_NAME>Alan</FIRST_NAME><LAST_NAME>Turing</LAST_NAME>
<ASSIGNMENT><ASSIGNMENT_STATUS_TYPE>INACTIVE</ASSIGNMENT_STATUS_TYPE><JOB_NAME>Head</JOB_NAME></ASSIGNMENT>
<HIRE_DATE>2019-02-14T00:00:00.000+00:00</HIRE_DATE></G_1></LIST_G_1></DATA_DS>
"""


def test_xml_of_bi_publisher_shows_its_records_itself(tmp_path: Path) -> None:
    made = proposed(tmp_path, "workers.xml.gz", gzip.compress(XML.encode()))
    profile = checked(made)
    assert (profile.sources[0].format, profile.sources[0].record) == ("xml", "DATA_DS/LIST_G_1/G_1")
    assert columns(profile)["active"] == "ASSIGNMENT/ASSIGNMENT_STATUS_TYPE"
    assert columns(profile)["job_name"] == "ASSIGNMENT/JOB_NAME"
    assert not marks(made)


def test_json_lines_of_a_rest_service_are_recognised(tmp_path: Path) -> None:
    people = [
        {
            "PersonNumber": "1",
            "FirstName": "Ada",
            "LastName": "Byron",
            "AssignmentStatusType": "ACTIVE",
            "WorkEmail": "a@x.example",
        },
        {
            "PersonNumber": "2",
            "FirstName": "Al",
            "LastName": "Tu",
            "AssignmentStatusType": "SUSPENDED",
            "WorkEmail": None,
        },
    ]
    made = proposed(tmp_path, "people.jsonl", "\n".join(map(json.dumps, people)))
    profile = checked(made)
    assert profile.sources[0].format == "json_lines"
    assert profile.fields["active"].true_values == ("ACTIVE", "SUSPENDED")
    assert "INACTIVE" in profile.fields["active"].false_values


def test_dates_that_can_be_read_both_ways_are_left_to_a_person(tmp_path: Path) -> None:
    text = "Employee ID,First Name,Last Name,Status,Hire Date\n1,Ada,Byron,Active,01/02/2020\n2,Alan,Turing,Left,03/04/2019\n"
    made = proposed(tmp_path, "people.csv", text)
    assert "day before month" in marks(made)["fields.hire_date.formats"]
    with pytest.raises(ProfileError, match=r"fields\.hire_date\.formats"):
        checked(made)
    confirmed = "\n".join(line for line in made.text.splitlines() if "day before month" not in line)
    assert parse_profile(confirmed, "confirmed.toml").profile.fields["hire_date"].formats == ("%d/%m/%Y",)


@pytest.mark.parametrize(("day", "form"), [("01/02/2020", "%m/%d/%Y"), ("2/1/2020", "%-m/%-d/%Y")])
def test_another_date_of_the_file_shows_the_order_of_day_and_month(tmp_path: Path, day: str, form: str) -> None:
    other = "12/31/2024" if form == "%m/%d/%Y" else "6/30/2024"
    text = f"Employee ID,First Name,Last Name,Status,Hire Date,Last Day of Work\n1,A,B,Active,{day},\n2,C,D,Left,{day},{other}\n"
    made = proposed(tmp_path, "people.csv", text)
    profile = checked(made)
    assert profile.fields["hire_date"].formats == (form,)
    assert profile.fields["termination_date"].formats == (form,)


@pytest.mark.parametrize(
    ("text", "key", "said"),
    [
        ("Employee ID,Full Name,Status\n1,Ada Byron,Active\n2,Alan Turing,Left\n", "fields.last_name.column", "whole names"),
        ("Employee ID,First Name,Last Name\n1,Ada,Byron\n2,Alan,Turing\n", "fields.active.column", "no column"),
        ("First Name,Last Name,Status\nAda,Byron,Active\nAlan,Turing,Left\n", "fields.person_number.column", "no column"),
        ("Employee ID,First Name,Last Name,Status\n1,A,B,Active\n2,C,D,Zombie\n", "fields.active.true_values", '"Zombie"'),
        ("Employee ID,First Name,Last Name,Status\n1,A,B,Green\n2,C,D,Blue\n", "fields.active.true_values", "2 different values"),
        ("Employee ID,First Name,Last Name,Status,Hire Date\n1,A,B,Active,43831\n2,C,D,Left,43832\n", "fields.hire_date.formats",
         "spreadsheet"),
        ("Employee ID,First Name,Last Name,Status,Hire Date\n1,A,B,Active,13/01/2020\n2,C,D,Left,01/13/2020\n",
         "fields.hire_date.formats", "two forms"),
        ("Employee ID,First Name,Last Name,Status,Hire Date\n1,A,B,Active,soon\n2,C,D,Left,later\n", "fields.hire_date.formats",
         "no date of a known form"),
    ],
)  # fmt: skip
def test_something_that_every_worker_needs_and_that_is_unclear_stops_the_profile(
    tmp_path: Path, text: str, key: str, said: str
) -> None:
    made = proposed(tmp_path, "people.csv", text)
    assert said in marks(made)[key]
    with pytest.raises(ProfileError, match="to confirm"):
        checked(made)


def test_a_domain_that_nobody_gave_waits_for_a_person_and_nothing_runs_before(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text(GERMAN, encoding="utf-8")
    made = propose_profile(path)
    assert checked(made).identity.domain == "nordwind.example"
    proposal = tmp_path / "profile.toml"
    write_proposal(proposal, made.text)
    assert stat.S_IMODE(proposal.stat().st_mode) == 0o600
    assert [mark.key for mark in load_profile(str(proposal), only_look=True).to_confirm if mark.names] == [
        "identity.domain"
    ]
    with pytest.raises(ProfileError, match=r"identity\.domain.*for life"):
        load_profile(str(proposal))
    with pytest.raises(UsageError, match="there already"):
        write_proposal(proposal, made.text)


def test_no_value_of_a_person_is_in_the_text(tmp_path: Path) -> None:
    text = proposed(tmp_path, "people.csv", GERMAN).text
    for value in ("Groß", "Jürgen", "j.gross", "000101", "Einkauf", "01.09.2019", "4711", "1970"):
        assert value not in text


def test_unknown_columns_are_left_out_and_may_be_taken_by_hand(tmp_path: Path) -> None:
    made = proposed(
        tmp_path, "people.csv", "Employee ID,First Name,Last Name,Status,Schuhgröße\n1,A,B,Active,42\n2,C,D,Left,43\n"
    )
    assert made.proposal.unknown == ("Schuhgröße",)
    taken = made.text.replace("# [extra_fields.schuhgroe", "[extra_fields.schuhgroe").replace(
        "# [extra_fields.schuhgro", "[extra_fields.schuhgro"
    )
    taken = taken.replace('# column = "Schuhgröße"', 'column = "Schuhgröße"')
    assert "Schuhgröße" in columns(parse_profile(taken, "taken.toml").profile).values()


def test_a_manager_given_by_address_is_found_by_it_and_one_given_by_name_is_not_sent(tmp_path: Path) -> None:
    head = "Employee ID,First Name,Last Name,Status,Email,Manager\n"
    by_address = proposed(tmp_path, "a.csv", f"{head}1,A,B,Active,a@x.example,\n2,C,D,Left,c@x.example,A@x.example\n")
    assert checked(by_address).workers.manager_by == "email"
    by_name = proposed(tmp_path, "b.csv", f'{head}1,A,B,Active,a@x.example,\n2,C,D,Left,c@x.example,"B, A"\n')
    assert "manager" not in checked(by_name).fields
    assert any("neither numbers" in what for what in marks(by_name).values())


def test_several_rows_of_a_worker_are_told_apart_by_assignment_and_dates(tmp_path: Path) -> None:
    rows = [
        "Person Number,First Name,Last Name,Assignment Status,Assignment Number,Effective Start Date,Effective End Date,"
        "Primary Flag",
        "1,A,B,ACTIVE,E1,2020-01-01,2022-12-31,Y", "1,A,B,ACTIVE,E1,2023-01-01,4712-12-31,Y",
        "2,C,D,INACTIVE,E2,2020-01-01,4712-12-31,N",
    ]  # fmt: skip
    made = proposed(tmp_path, "people.csv", "\n".join(rows))
    workers = checked(made).workers
    assert (workers.row_key, workers.slices and workers.slices.from_, workers.pick[0].field) == (
        ("assignment_number",), "effective_from", "primary_assignment",
    )  # fmt: skip


def test_the_target_decides_which_names_are_mapped(tmp_path: Path) -> None:
    profile = checked(proposed(tmp_path, "people.csv", GERMAN, kind="active_directory"))
    assert {"{custom}:SamAccountName", "{custom}:CommonName", "{custom}:ParentDistinguishedName"} <= set(
        profile.scim.mapping
    )
    assert profile.identity.parent_distinguished_name == "OU=Users,DC=contoso,DC=com"


@pytest.mark.parametrize(
    ("content", "rule"),
    [("", "empty"), ('[{"a": 1}]', "array"), ("<a><b/></a>", "record"), ("one column\n1\n", "one column"),
     ("a@x.example,12\nb@x.example,13\n", "headings")],
)  # fmt: skip
def test_a_file_of_no_use_is_refused_with_its_mend(tmp_path: Path, content: str, rule: str) -> None:
    with pytest.raises(ExtractRefused, match=rule):
        proposed(tmp_path, "people.csv", content)


@pytest.mark.parametrize(
    ("name", "content", "rule"),
    [("people.xlsx", "PK", "workbook"), ("people.csv.pgp", "x", "encrypted"),
     ("people.csv", "-----BEGIN PGP MESSAGE-----", "encrypted")],
)  # fmt: skip
def test_a_file_of_another_program_is_refused_with_its_mend(tmp_path: Path, name: str, content: str, rule: str) -> None:
    with pytest.raises(ExtractRefused, match=rule):
        proposed(tmp_path, name, content)


def test_a_path_that_is_no_file_is_wrong_usage(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nothing.csv"):
        with pytest.raises(UsageError, match="cannot be read"):
            propose_profile(path)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the sample is not beside the project")
def test_microsofts_sample_is_clear(tmp_path: Path) -> None:
    made = proposed(tmp_path, "sample.csv", (SHARED / "microsoft-csv-with-1000-records.csv").read_bytes())
    profile = checked(made)
    known = load_profile("microsoft-csv2scim").profile
    same = {name: spec.column for name, spec in known.fields.items()}
    assert {name: columns(profile).get(name) for name in same} == same
    assert set(marks(made)) == {"workers"}


@pytest.mark.parametrize("form", ["csv", "xml", "bip", "etext"])
def test_the_extracts_of_oracle_hcm_are_clear_in_each_format(
    tmp_path: Path, form: Literal["csv", "xml", "bip", "etext"]
) -> None:
    people = [
        {**dict.fromkeys(HEADINGS, ""), "Person Number": f"010001{n}", "Account Status": status, "First Name": first,
         "Last Name": last,
         "Hire Date": "2020-01-13", "Country": "DE", "Email Address": f"{first}@contoso.com".lower()}
        for n, (status, first, last) in enumerate([("True", "Zoë", "Núñez"), ("False", "Al", "Tu"), ("True", "Ida", "O'Neill")])
    ]  # fmt: skip
    made = proposed(tmp_path, f"workers-2026-11-02.{form}", extract(people, ExtractOptions(format=form)))
    assert not marks(made)
    profile = checked(made)
    assert {"person_number", "active", "first_name", "last_name", "hire_date", "country", "email"} <= set(
        profile.fields
    )
    assert profile.sources[0].format == ("xml" if form in ("xml", "bip") else "delimited")
    assert profile.fields["person_number"].pattern == r"\d{7}"


KNOWN = [
    "Employee ID",
    "Vorname",
    "Nachname",
    "Status",
    "Hire Date",
    "Manager",
    "Email",
    "Land",
    "Title",
    "Salary",
    "Foo Bar",
    "姓",
]
CELLS = st.sampled_from(["", "1", "0017", "Active", "ausgetreten", "01/02/2020", "2020-01-31", "13.01.20", "a@x.example", "DE",
                         "Ümit",
                         "O'Neill, \"Bo\"", "\\", "-", "=1+1", "x" * 300])  # fmt: skip


def faults_of(text: str) -> set[str]:
    """The values that a profile's faults name; none for one without a fault."""
    try:
        parse_profile(text, "proposed.toml")
    except ProfileError as error:
        return {fault.value for fault in error.faults}
    return set()


@given(
    st.lists(st.sampled_from(KNOWN), min_size=2, max_size=8, unique=True),
    st.lists(st.lists(CELLS, min_size=8, max_size=8), max_size=4),
)
@settings(max_examples=examples(15))
def test_any_table_is_refused_or_becomes_a_profile_whose_only_faults_are_marks(
    headings: list[str], cells: list[list[str]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "people.csv"
        with path.open("w", encoding="utf-8", newline="") as out:
            csv.writer(out).writerows([headings, *(row[: len(headings)] for row in cells)])
        try:
            made = propose_profile(path, domain="contoso.com")
        except ExtractRefused:
            return
    assert faults_of(made.text) <= {"(to confirm)"}
    statuses = [row[headings.index("Status")] for row in cells] if "Status" in headings else []  # a person maps each
    told, mapped = (set(re.findall(r"[\w'@.]+", text)) for text in (made.text, " ".join(statuses)))
    assert not ({"Ümit", "O'Neill", "a@x.example", "0017"} - mapped) & told
