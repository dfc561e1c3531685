"""The documentation's own examples of its functions, and those of them that are wrong.

Source: "Reference for writing expressions for attribute mappings in Microsoft Entra Application Provisioning" (08/2024), unless
another page is named.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from hcm_pipeline.expressions import FUNCTIONS, Dropped, Surroundings, Unknown, as_text, evaluate, parse
from hcm_pipeline.expressions.evaluation import AROUND, NOT_HERE, STRICT

NOW = dt.datetime(2021, 8, 25, 17, 41, 18, tzinfo=dt.UTC)
AROUND_HERE = Surroundings(NOW, default_domain="contoso.com")


def value(text: str, **record: Any) -> Any:
    """The result as the service would write it; what is not known, and what is dropped, as it is."""
    found = evaluate(parse(text), record, AROUND_HERE)
    return found if isinstance(found, Unknown | Dropped | tuple | bool) or found is None else as_text(found)


UPN = 'Join("@", NormalizeDiacritics(StripSpaces(Join(".", [PreferredFirstName], [PreferredLastName]))), "contoso.com")'
RIGHT: list[tuple[str, dict[str, Any], Any]] = [
    ('Append([userPrincipalName], ".test")', {"userPrincipalName": "John.Doe@contoso.com"}, "John.Doe@contoso.com.test"),
    ("BitAnd(&HF, &HF7)", {}, "7"),
    ("CBool([attribute1] = [attribute2])", {"attribute1": "x", "attribute2": "x"}, True),
    ("CDate([StatusHireDate])", {"StatusHireDate": "2020-03-16-07:00"}, "3/16/2020 7:00:00 AM"),
    ('CDate("2021-06-30+08:00")', {}, "6/29/2021 4:00:00 PM"),
    ('CDate("2009-06-15T01:45:30-07:00")', {}, "6/15/2009 8:45:30 AM"),
    ("Coalesce([mail],[userPrincipalName])", {"userPrincipalName": "John.Doe@contoso.com"}, "John.Doe@contoso.com"),
    ('ConvertToBase64("Hello world!")', {}, "SABlAGwAbABvACAAdwBvAHIAbABkACEA"),
    ('ConvertToUTF8Hex("Hello world!")', {}, "48656C6C6F20776F726C6421"),
    ("CStr([dn])", {"dn": "cn=Joe,dc=contoso,dc=com"}, "cn=Joe,dc=contoso,dc=com"),
    ('DateAdd("d", 7, CDate([d]))', {"d": "2012-03-16-07:00"}, "3/23/2012 7:00:00 AM"),
    ('DateAdd("d", -10, CDate([d]))', {"d": "2012-03-16-07:00"}, "3/6/2012 7:00:00 AM"),
    ('DateAdd("ww", 2, CDate([d]))', {"d": "2012-03-16-07:00"}, "3/30/2012 7:00:00 AM"),
    ('DateAdd("m", 10, CDate([d]))', {"d": "2012-03-16-07:00"}, "1/16/2013 7:00:00 AM"),
    ('DateAdd("yyyy", 2, CDate([d]))', {"d": "2012-03-16-07:00"}, "3/16/2014 7:00:00 AM"),
    ('DateDiff("d", CDate("2021-08-18+08:00"), CDate("2021-08-31+08:00"))', {}, "13"),
    ('DateDiff("d", CDate("8/25/2021 5:41:18 PM"), CDate("2012-03-16-07:00"))', {}, "-3449"),
    ('DateDiff("ww", Now(), CDate("2012-03-16-07:00"))', {}, "-493"),
    ('DateDiff("m", Now(), CDate("2012-03-16-07:00"))', {}, "-113"),
    ('DateDiff("yyyy", Now(), CDate("2012-03-16-07:00"))', {}, "-9"),
    ('DateDiff("d", CDate("2021-08-31+08:00"), CDate("2021-08-31+08:00"))', {}, "0"),
    ('DateDiff("h", CDate("2021-08-24"), CDate("2021-08-25"))', {}, "24"),
    ('DateDiff("n", CDate("2021-08-24"), CDate("2021-08-25"))', {}, "1440"),
    ('DateDiff("s", CDate("2021-08-24"), CDate("2021-08-25"))', {}, "86400"),
    ('Switch([Active], , "1", IIF(DateDiff("d", Now(), CDate([StatusHireDate])) > 5, "False", "True"), "0", "False")',
     {"Active": "1", "StatusHireDate": "2021-09-20"}, "False"),
    ("DateFromNum(129699324000000000)", {}, "1/1/2012 11:00:00 PM"),
    ("DefaultDomain()", {}, "contoso.com"),
    ('FormatDateTime([extensionAttribute1], , "yyyyMMddHHmmss.fZ", "yyyy-MM-dd")',
     {"extensionAttribute1": "20150123105347.1Z"}, "2015-01-23"),
    ("IgnoreFlowIfNullOrEmpty([department])", {}, Dropped()),
    ('IgnoreFlowIfNullOrEmpty(Switch([prefix], "", "3443", "Dr.", "3444", "Prof.", "3445", "Prof. Dr."))',
     {"prefix": "1"}, Dropped()),
    ('IgnoreFlowIfNullOrEmpty(Switch([prefix], "", "3443", "Dr.", "3444", "Prof.", "3445", "Prof. Dr."))',
     {"prefix": "3444"}, "Prof."),
    ('IIF([country]="USA",[country],[department])', {"country": "USA", "department": "Sales"}, "USA"),
    ('IIF([country]="USA",[country],[department])', {"country": "DE", "department": "Sales"}, "Sales"),
    ('IIF([country]="USA",IIF([state]="CA","True","False"),"False")', {"country": "USA", "state": "CA"}, "True"),
    ('IIF([country]="USA","True",IIF([state]="CA","True","False"))', {"country": "CH", "state": "VD"}, "False"),
    ('Switch([country],[country],"","Other")', {"country": ""}, "Other"),
    ('Switch([country],[country],"","Other")', {"country": "FR"}, "FR"),
    ('InStr("The quick brown fox","quick")', {}, "5"),
    ('InStr("repEated","e",3,vbBinaryCompare)', {}, "7"),
    ("IsNull([displayName])", {}, True),
    ("IsNullOrEmpty([displayName])", {"displayName": ""}, True),
    ("IsPresent([displayName])", {"displayName": "a"}, True),
    ("IsString([displayName])", {"displayName": "a"}, True),
    ("Item([proxyAddresses], 1)", {"proxyAddresses": ("a", "b")}, "a"),
    ("Count([proxyAddresses])", {"proxyAddresses": ("a", "b")}, "2"),
    ('Left("John Doe", 3)', {}, "Joh"),
    ('Left("John Doe", 0)', {}, ""),
    ('Left("John Doe", -1)', {}, "John Doe"),
    ("Left([x], 3)", {}, ""),
    ("NormalizeDiacritics([givenName])", {"givenName": "Zoë"}, "Zoe"),
    ("Not([active])", {"active": True}, False),
    ("Not([active])", {"active": "False"}, True),
    ("Now()", {}, "8/25/2021 5:41:18 PM"),
    ("PCase([firstName])", {"firstName": "PABLO GONSALVES (SECOND)"}, "Pablo Gonsalves (Second)"),
    ("PCase([lastName],\" '-\")", {"lastName": "PINTO-DE'SILVA"}, "Pinto-De'Silva"),
    ('PCase(Join(" ",[firstName],[lastName]))', {"firstName": "GREGORY", "lastName": "JAMES"}, "Gregory James"),
    ('Redact("StringToBeRedacted")', {}, "StringToBeRedacted"),
    ("RemoveDuplicates([proxyAddresses])", {"proxyAddresses": ("a", "b", "a")}, ("a", "b")),
    ('Replace([BusinessTitle],"Product Developer", , , "Software Engineer", , )',
     {"BusinessTitle": "Product Developer"}, "Software Engineer"),
    ('Replace([UserID],"<username>", , , , , "<username>@contoso.com")', {"UserID": "jsmith"}, "jsmith@contoso.com"),
    ('Replace([telephoneNumber], , "\\\\+(?<isdCode>\\\\d* )(?<phoneNumber>\\\\d{10})", , "${phoneNumber}", , )',
     {"telephoneNumber": "+91 9998887777"}, "9998887777"),
    ('Replace([mobile], , "[()\\\\s-]+", , "", , )', {"mobile": "1 (999) 888-7777"}, "19998887777"),
    ('Replace([AddressLineData], ,"(?<streetNumber>^\\\\d*)","streetNumber", "888", , )',
     {"AddressLineData": "545 Tremont Street"}, "888 Tremont Street"),
    ('Replace([userPrincipalName], , "(?<Suffix>@(.)*)", "Suffix", "", , )',
     {"userPrincipalName": "jsmith@contoso.com"}, "jsmith"),
    ('Replace([telephoneNumber], , "\\\\+(?<isdCode>\\\\d* )(?<phoneNumber>\\\\d{10})", "phoneNumber" , , [mobile], )',
     {"telephoneNumber": "", "mobile": "+91 8887779999"}, "8887779999"),
    ('Replace([mailNickname], , "[a-zA-Z_]*", , "", , )', {"mailNickname": "john_doe72"}, "72"),
    ('Replace([mail], "@contoso.com", , ,"", ,)', {"mail": "john.doe@contoso.com"}, "john.doe"),
    ('Replace([preferredLanguage], "-", , , "_", , )', {"preferredLanguage": "EN-US"}, "EN_US"),
    ('Replace([WorkerID], , "(?<leadingZeros>^0+)(?<actualValue>[a-zA-Z0-9]+)", , "${actualValue}", ,)',
     {"WorkerID": "000a12"}, "a12"),
    ('Split([extensionAttribute5], ",")', {"extensionAttribute5": "PermissionSetOne, PermissionSetTwo"},
     ("PermissionSetOne", "PermissionSetTwo")),
    ("StripSpaces([a])", {"a": " a b\tc "}, "ab\tc"),
    ('Switch([state], "Australia/Sydney", "NSW", "Australia/Sydney","QLD", "Australia/Brisbane", "SA", "Australia/Adelaide")',
     {"state": "QLD"}, "Australia/Brisbane"),
    ('Switch(ToLower([statusFlag]), "0", "true", "1", "false", "0")', {"statusFlag": "TRUE"}, "1"),
    ('Switch([statusFlag], "Default Value", "true", "1", "", "0")', {}, "0"),
    (f"ToLower({UPN})", {"PreferredFirstName": "John", "PreferredLastName": "Smith"}, "john.smith@contoso.com"),
    ('ToUpper("straße")', {}, "STRAßE"),
    ('Word("The quick brown fox",3," ")', {}, "brown"),
    ('Word("This,string!has&many separators",3,",!&#")', {}, "has"),
    ('Word("The quick",0," ")', {}, ""),
    ('Word("The quick",7," ")', {}, ""),
    ("Append(Mid([givenName], 1, 3), Mid([surname], 1, 5))", {"givenName": "John", "surname": "Doe"}, "JohDoe"),
    ('Join(", ", "", [surname], [givenName])', {"givenName": "John", "surname": "Doe"}, "Doe, John"),
    ('Prepend("x", [a])', {"a": "b"}, "xb"),
    ("IIF([country]=\"\",\"Other\",[country])", {"country": "FR"}, "FR"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "record", "expected"), RIGHT)
def test_an_example_of_the_documentation_gives_what_it_says(text: str, record: dict[str, Any], expected: Any) -> None:
    assert value(text, **record) == expected


WRONG: list[tuple[str, dict[str, Any], Any, Any, str]] = [
    ('Replace([mobile], , "[()\\\\s-]+", , "", , )', {"mobile": "+1 (999) 888-7777"}, "19998887777", "+19998887777",
     "the pattern has no plus sign, so that it stays"),
    ('Join("", 1000, Replace(ConvertToUTF8Hex([objectId]), , "[a-zA-Z_]*", , "", , ))',
     {"objectId": "00aa00aa-bb11-cc22-dd33-44ee44ee44ee"},
     "100064303565343762312333930392343435612626135652636136306362633065346234",
     "1000" "3030616130306161" "2" "62623131" "2" "63633232" "2" "64643333" "2" "343465653434656534346565",
     "the number is of another identifier; of 2D, the hyphens, the 2 stays"),
    ('IIF(DateDiff("d", Now(), CDate([StatusHireDate])) >= 0, "False","True")', {"StatusHireDate": "2021-01-01"}, "False",
     "True", "Workday guide, for accountDisabled: said to disable until the hire date; it disables from it on"),
    (UPN, {"PreferredFirstName": "Maria", "PreferredLastName": "Jose Gonzalez"}, "maria.josegonzalez@contoso.com",
     "Maria.JoseGonzalez@contoso.com", "Workday guide: nothing in the expression makes small letters"),
    ('NormalizeDiacritics(StripSpaces(Join("", Mid([FirstName],1,1), [LastName])))',
     {"FirstName": "María", "LastName": "González-López"}, "mgonzalezlopez", "MGonzalez-Lopez",
     "Workday guide: nothing in the expression takes the hyphen, nor makes small letters"),
    ('NumFromDate(Join("", FormatDateTime([ContractEndDate], ,"yyyy-MM-dd", "yyyy-MM-dd"), "T23:59:59-08:00"))',
     {"ContractEndDate": "2025-12-31"}, "133835135990000000", "134117279990000000",
     "Workday guide: the number is that of 8 February 2025"),
    ('NumFromDate("2030-01-15 23:59:59-05:00")', {}, "139418879990000000", "135392435990000000",
     "Workday guide: the number is that of a day in 2042"),
    ('Join("", Switch([CountryReferenceTwoLetter],"", "US","OU=USA,", "UK","OU=UK,"), "OU=Users,DC=contoso,DC=com")',
     {"CountryReferenceTwoLetter": "UK"}, "OU=Users,DC=contoso,DC=com", "OU=UK,OU=Users,DC=contoso,DC=com",
     "Workday guide: the table of results has the default for a country that the expression knows"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "record", "said", "right", "why"), WRONG)
def test_a_wrong_example_of_the_documentation_gives_the_right_value(
    text: str, record: dict[str, Any], said: str, right: str, why: str
) -> None:
    assert value(text, **record) == right != said, why


NOT_SURE: list[tuple[str, dict[str, Any], str]] = [
    ("ToLower([a])", {}, "makes of no value"),
    ('IIF([country]="",\"Other\",[country])', {"country": ""}, "condition on no value"),
    ('IIF(IsNullOrEmpty([country]),"Other",[country])', {}, "unsupported"),
    ('IIF(IsPresent([country]),[country],"Other")', {"country": ""}, "unsupported"),
    ("Switch(IsPresent([directManager]),[directManager], IsPresent([director]),[director])", {}, "not to use IsPresent"),
    ('IIF([country]="usa","a","b")', {"country": "USA"}, "compares case"),
    ('IIF(DateDiff("d", Now(), CDate([d])) <= 14, "a", "b")', {"d": "2021-09-09"}, "part of an interval"),
    ('Append(Guid(), Switch(Guid(), "a"))', {}, "random value"),
    ('Append([a], SelectUniqueValue("a", "b"))', {"a": "x"}, "forbids"),
    ('SelectUniqueValue("a", "b")', {}, "were not read"),
    ('Replace([a], , "(?i)x", , "", , )', {"a": "x"}, "not sure to mean the same"),
    ('Replace([a], "x", "y", , "", , )', {"a": "x"}, "no way of Replace"),
    ('CDate("31.12.2020")', {}, "no date"),
    ('CDate("2020-02-30")', {}, "no date of the calendar"),
    ('FormatDateTime([d], ,"yyyy-MM-ddzzz", "yyyy-MM-dd")', {"d": "2020-12-31+08:00"}, "in which zone"),
    ('FormatDateTime([d], "AdjustToUniversal","yyyy-MM-dd", "yyyy-MM-dd")', {"d": "2020-12-31"}, "styles"),
    ("SingleAppRoleAssignment([appRoleAssignments])", {}, "no app roles"),
    ("tolower([a])", {"a": "x"}, "names are case-sensitive: ToLower"),
    ("PCase([a])", {"a": "O'BRIEN"}, "apostrophe"),
    ("NormalizeDiacritics([a])", {"a": "Đuro"}, "table"),
    ("Left([a])", {"a": "x"}, "an argument that it needs is missing"),
    ('Split([a], ",")', {"a": "x,,y"}, "empty part"),
    ("Item([a], 0)", {"a": ("x",)}, "from the first value"),
    ('Word("a  b",2," ")', {}, "in a row"),
    ("DefaultDomain()", {}, ""),
]  # fmt: skip


@pytest.mark.parametrize(("text", "record", "why"), NOT_SURE)
def test_a_result_that_the_documentation_leaves_open_is_not_known_and_says_why(
    text: str, record: dict[str, Any], why: str
) -> None:
    found = evaluate(parse(text), record, Surroundings(NOW))
    assert isinstance(found, Unknown)
    assert why in found.why


def test_every_function_is_evaluated_or_says_that_it_is_not() -> None:
    lazy = {"IIF", "Switch", "Coalesce", "SelectUniqueValue"}
    assert set(STRICT) | set(AROUND) | set(NOT_HERE) | lazy == set(FUNCTIONS)
    assert {name for name, known in FUNCTIONS.items() if known.evaluated.startswith("no:")} == NOT_HERE
    shown = " ".join(
        text for text in [one[0] for one in RIGHT] + [one[0] for one in WRONG] + [one[0] for one in NOT_SURE]
    )
    assert [name for name in FUNCTIONS if f"{name}(" not in shown and name not in NOT_HERE] == [
        "RandomString",  # its own test
    ]
