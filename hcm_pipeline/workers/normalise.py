"""Worker fields as SQL over the columns of a file: trimmed, put right and typed as the profile says."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from hcm_pipeline.characters import BLANKS, CONTROL, EDGES, INVISIBLE
from hcm_pipeline.profile import DATE_PARTS, NAME_FIELDS, FieldSpec, Profile, date_pattern
from hcm_pipeline.warehouse import DUCKDB_TYPES, literal, quote
from hcm_pipeline.workers.blanks import merged_sql, with_unsaid
from hcm_pipeline.workers.damage import SUSPECT, SUSPECT_NAME
from hcm_pipeline.workers.known import Known
from hcm_pipeline.workers.staged import Staged

_ISO_DATE = "%Y-%m-%d"
_ISO_PATTERN = r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)?( ?(Z|[+-]\d{2}(:?\d{2})?))?)?"
YEARS = ("1900-01-01", "2200-12-31")
"""The first and the last day of a person's life, as far as a cell may say: an earlier or later one is a slip."""
_THOUSANDS = {" ": f"[{BLANKS}]", "'": "['\u2019]"}
EXCEL_TEXT = r'(?:^|\n)="[^"\n]*"(?:\n|$)'
"""The way in which exports for Excel keep leading zeros: a formula that is a text."""


def number_fields(profile: Profile) -> tuple[str, ...]:
    """The fields that hold person numbers: the namespace of their source stands before them."""
    return ("person_number", "manager") if profile.workers.manager_by == "person_number" else ("person_number",)


@dataclass(frozen=True)
class FieldSql:
    """One worker field of one file: its value, and whether a value is there that cannot be read as the type."""

    name: str
    value: str
    unreadable: str | None


ODD = '"odd row"'
"""Name of the flag that `odd_sql` makes; no worker field can have it."""
_DAY = " day"
"""The end of the name under which a date field's text stands as the date that it reads as; no worker field can have it."""


NOT_READ = "null::uuid"
"""SQL for the digest of a row as it was read, where there is none."""
IN_DOUBT = f"{CONTROL}|{INVISIBLE}|{SUSPECT}"
"""A pattern for values that may not be what was written: the contract decides."""
_UNUSUAL = BLANKS.replace(" ", "", 1).replace("\n", "")


def none_of(name: str) -> str:
    """The name of the flag that says that a person has no such name."""
    return f"{name}__none"


def name_fields(profile: Profile) -> list[str]:
    """The mapped text fields that hold names of people."""
    columns = profile.columns
    latin = [field for fields in profile.identity.spelling.latin.values() for field in fields]
    names = dict.fromkeys((*NAME_FIELDS, "display_name", *latin))
    return [name for name in names if name in columns and profile.types[name] == "string"]


def names_that_may_lack(profile: Profile) -> list[str]:
    """The required fields that a person with one name has nothing for: first and last name."""
    return [name for name in ("first_name", "last_name") if name in profile.columns and profile.columns[name].required]


def odd_sql(specs: Iterable[FieldSpec]) -> str:
    """SQL (BOOLEAN): a value of the row is empty or a placeholder, begins or ends with a blank or what nobody sees, begins like a
    formula, holds blanks other than single spaces and line feeds, or is in doubt.

    Trimming is the dearest function of the whole stage, so one pattern over the whole row decides whether any of its values needs
    it. Line feeds stand between the values: a value that holds one is trimmed for nothing.
    """
    specs = list(specs)
    texts = _any_of(text for spec in specs for text in spec.stands_for_nothing)
    nothing = f"|(?i:{texts})(?:\\n|$)" if texts else ""
    pattern = f"(?:^|\\n)(?:[{EDGES}]|=\x22|${nothing})|[{EDGES}](?:\\n|$)|[{_UNUSUAL}]|  |{IN_DOUBT}|{SUSPECT_NAME}"
    return f"regexp_matches(concat_ws(chr(10), {', '.join(quote(spec.column) for spec in specs)}), {literal(pattern)})"


def text_of(column: str, spec: FieldSpec, *, is_trimmed: bool = False) -> str:
    """SQL (VARCHAR) for the normalised text of a column beside the flag ODD of its row; NULL for a blank. `is_trimmed`: the column
    is `trimmed_sql` already."""
    name = quote(column)
    trimmed = name if is_trimmed else _trimmed(name)
    entered = f"nullif({trimmed}, '')"
    if spec.stands_for_nothing:
        entered = f"case when {_one_of(trimmed, spec.stands_for_nothing)} then null else {entered} end"
    text = f"case when {ODD} then {entered} else {name} end"
    for step in spec.normalise:
        text = {
            "excel_text": f"""nullif(regexp_replace({text}, '^="([^"]*)"$', '\\1'), '')""",
            "upper": f"upper({text})",
            "lower": f"lower({text})",
            "title": f"array_to_string(list_transform(string_split(lower({text}), ' '), "
            "lambda w: upper(w[1]) || w[2:]), ' ')",
            "collapse_spaces": f"case when {ODD} or contains({name}, chr(10)) "
            f"then regexp_replace({text}, {literal(f'[{BLANKS}]+')}, ' ', 'g') else {text} end",
            # the clean-up of Microsoft's Workday guide: "[()\\s-]+" goes, the rest stays
            "phone": f"nullif(regexp_replace({text}, {literal(f'[(){BLANKS}./-]+')}, '', 'g'), '')",
            "digits": f"nullif(regexp_replace({text}, '[^0-9]+', '', 'g'), '')",
            "nfc": f"nfc_normalize({text})",
            "strip_leading_zeros": f"regexp_replace({text}, '^0+(.)', '\\1')",
        }[step]
    if spec.stands_for_nothing and "excel_text" in spec.normalise:
        text = f"case when {ODD} and {_one_of(text, spec.stands_for_nothing)} then null else {text} end"
    for wrong in spec.blank:
        text = f"nullif({text}, {literal(wrong)})"
    if spec.replace:
        cases = " ".join(f"when {literal(wrong)} then {literal(right)}" for wrong, right in spec.replace.items())
        text = f"case {text} {cases} else {text} end"
    return text


def trimmed_sql(column: str) -> str:
    """SQL (VARCHAR) for a column without what surrounds its text, beside the flag ODD of its row: others have nothing there.

    It is selected once and then read by name: DuckDB makes a machine of every pattern that stands in a statement, which takes
    longer than a file of a few rows.
    """
    return f"case when {ODD} then {_trimmed(quote(column))} else {quote(column)} end"


def _trimmed(name: str) -> str:
    return f"regexp_replace({name}, {literal(f'^[{EDGES}]+|[{EDGES}]+$')}, '', 'g')"


def _none_sql(column: str, spec: FieldSpec) -> str:
    """SQL (BOOLEAN) over `trimmed_sql`, beside the flag ODD of a row: the cell says that the person has no such name."""
    if not spec.no_name:
        return "false"
    return f"(case when {ODD} then coalesce({_one_of(quote(column), spec.no_name)}, false) else false end)"


def _one_of(value: str, texts: Iterable[str]) -> str:
    """SQL (BOOLEAN): a text is one of some in any case. DuckDB makes a join of a long IN, for all rows, whatever CASE it is in."""
    return f"regexp_full_match({value}, {literal(f'(?i:{_any_of(texts)})')})"


def _any_of(texts: Iterable[str]) -> str:
    return _pattern_of(frozenset(texts))


@lru_cache(maxsize=256)
def _pattern_of(texts: frozenset[str]) -> str:
    return "|".join(sorted({re.escape(text) for text in texts}))


def typed(name: str, kind: str, spec: FieldSpec, text: str, day: str | None = None) -> FieldSql:
    """SQL for a field's typed value, given SQL for its normalised text, and for the date that it reads as (`read_date`), if that is
    known already.
    """
    if kind == "string":
        return FieldSql(name, text, None)
    if kind == "boolean":
        yes, no = (", ".join(map(literal, values)) for values in (spec.true_values, spec.false_values))
        value = f"case when {text} in ({yes}) then true when {text} in ({no}) then false end"
        return FieldSql(name, value, f"({text} is not null and ({value}) is null)")
    if kind == "date":
        return _date(name, spec, text, day or read_date(name, spec, text))
    if kind == "integer":
        pattern, plain, target = _number_pattern(spec, ""), _digits(spec, text), "bigint"
    else:
        point, target = re.escape(spec.decimal_separator), DUCKDB_TYPES[kind]
        scale = int(target.rstrip(")").rpartition(",")[2])
        kept = f"[0-9]{{1,{scale}}}0*" if scale else "0+"  # what is not kept is not rounded away
        pattern = _number_pattern(spec, f"({point}{kept})?")
        plain = f"replace({_digits(spec, text)}, {literal(spec.decimal_separator)}, '.')"
    value = f"case when regexp_full_match({text}, {literal(pattern)}) then try_cast({plain} as {target}) end"
    return FieldSql(name, value, f"({text} is not null and ({value}) is null)")


def _number_pattern(spec: FieldSpec, decimals: str) -> str:
    """The regular expression of a number: digits, and between thousands what the field says, all of them or none."""
    between = _THOUSANDS.get(spec.thousands_separator, f"[{spec.thousands_separator}]")
    grouped = f"|[0-9]{{1,3}}({between}[0-9]{{3}})+" if spec.thousands_separator else ""
    return f"-?([0-9]+{grouped}){decimals}"


def _digits(spec: FieldSpec, text: str) -> str:
    between = _THOUSANDS.get(spec.thousands_separator, f"[{spec.thousands_separator}]")
    return f"regexp_replace({text}, {literal(between)}, '', 'g')" if spec.thousands_separator else text


def read_date(name: str, spec: FieldSpec, text: str) -> str:
    """SQL (DATE) for what a text reads as in one of the field's formats. A time of day behind an ISO date is cut off (Oracle writes
    `2031-04-01T00:00:00.000Z`)."""
    # the shape is asked for as well: a lenient parser must not take 2026-1-5, a year of two or five digits for what was meant
    ways = [_by_format(name, spec, form, text) for form in spec.formats]
    return f"coalesce({', '.join(ways)})" if len(ways) > 1 else ways[0]


def _date(name: str, spec: FieldSpec, text: str, read: str) -> FieldSql:
    """SQL for a date. A year that is none of a person's life is no date, unless it is an open end."""
    ends = ", ".join(f"date {literal(end)}" for end in spec.open_end)
    first, last = (f"date {literal(day)}" for day in YEARS)
    known = f"({read}) between {first} and {last}"
    known = f"({known} or ({read}) in ({ends}))" if ends else known
    value = f"case when {known} {f'and ({read}) not in ({ends})' if ends else ''} then {read} end"
    return FieldSql(name, value, f"({text} is not null and not coalesce({known}, false))")


def _by_format(name: str, spec: FieldSpec, form: str, text: str) -> str:
    if form == _ISO_DATE:
        return (
            f"case when regexp_full_match({text}, {literal(_ISO_PATTERN)}) then try_cast(left({text}, 10) as date) end"
        )
    day = text
    if form.endswith("%z"):  # the day is that of the text, wherever it was written
        day = f"regexp_replace({text}, {literal(DATE_PARTS['%z'] + '$')}, '')"
    read = f"try_strptime({day}, {literal(form.removesuffix('%z'))})::date"
    if spec.two_digit_years is not None and re.search("%-?y", form):
        read = _in_window(name, spec, read)
    agrees = "".join(
        f" and lower(strftime({read}, '{part}')) = lower(regexp_extract({text}, {literal(date_pattern(form, part))}, 1))"
        for part in _MAY_CONTRADICT
        if part in form and (part != "%Y" or "j" in form)
    )
    return f"case when regexp_full_match({text}, {literal(date_pattern(form))}){agrees} then {read} end"


_MAY_CONTRADICT = ("%Y", "%a", "%A")
"""Parts of a format that the others may contradict: a day 366 is in the next year, and a weekday follows from its date."""


def _in_window(name: str, spec: FieldSpec, read: str) -> str:
    """SQL for a date whose year has two digits, in the profile's hundred years. A last day that is an open end with its century
    left off (Oracle's default form writes 4712-12-31 as `31-DEC-12`) is that open end."""
    start = spec.two_digit_years or 0
    year = f"({start} + (year({read}) % 100 + {100 - start % 100}) % 100)"
    dated = f"try_cast(printf('%04d-%02d-%02d', {year}, month({read}), day({read})) as date)"
    if name != "termination_date":
        return dated
    same = " ".join(
        f"when strftime({read}, '%y-%m-%d') = {literal(end[2:])} then date {literal(end)}" for end in spec.open_end
    )
    return f"case {same} else {dated} end" if same else dated


def normalised_select(
    profile: Profile, staged: Staged, known: Known, only: str = "true", as_read: str = NOT_READ
) -> str:
    """SELECT over the rows of a file that were read: extract_id, row_no, every mapped field, `<field>__unreadable` and
    `<field>__text` of the typed ones, `<field>__none` of the required names, `control`, `formula`, `as_read`, `digest`.
    `only` is a condition over row_no, judged before any other work is done. `as_read` is SQL over the columns of the file.

    A field whose column is missing, and a blank that says nothing (see `blanks`), take what is known of the worker; then the row
    speaks for the whole worker. With a `row_key` in the profile, it takes it from the worker's row with the same values of these
    fields.
    """
    present = {name: spec for name, spec in staged.fields.items() if spec.column in staged.header}
    dates = [name for name in present if profile.types[name] == "date"]
    typed_fields = [
        typed(name, profile.types[name], spec, f"t.{quote(name)}", f"t.{quote(name + _DAY)}" if name in dates else None)
        for name, spec in present.items()
    ]
    lacking = {name: present.get(name) for name in names_that_may_lack(profile)}
    none = [
        f"{f't.{quote(none_of(name))}' if spec else 'false'} as {quote(none_of(name))}"
        for name, spec in lacking.items()
    ]
    select = ",\n    ".join(
        [
            *_values(staged, typed_fields),
            *_unreadable(profile, staged, typed_fields),
            *none,
            _control(profile, list(present)),
        ]
    )
    raw_values = ", ".join(f"{quote(spec.column)} as {quote(name)}" for name, spec in present.items())
    texts = ", ".join(
        f"{_number_or_text(profile, staged, name, spec)} as {quote(name)}" for name, spec in present.items()
    )
    texts += "".join(f", {_none_sql(name, spec)} as {quote(none_of(name))}" for name, spec in lacking.items() if spec)
    trimmed = ", ".join(f"{trimmed_sql(name)} as {quote(name)}" for name in present)
    days = "".join(f", {read_date(name, present[name], quote(name))} as {quote(name + _DAY)}" for name in dates)
    odd = odd_sql(present.values())
    return f"""
select *, {digest_of(list(staged.fields))} as digest from (
select {staged.extract.extract_id} as extract_id, t.row_no, t.as_read,
    {select}
from (select *{days} from (select row_no, as_read, {ODD}, {texts} from (select row_no, as_read, {ODD}, {trimmed} from (
    select row_no, {as_read} as as_read, {raw_values}, {odd} as {ODD} from {staged.read} where {only})))) t
    {_join(profile, staged, known)}
    {with_unsaid(staged)})"""


def _number_or_text(profile: Profile, staged: Staged, name: str, spec: FieldSpec) -> str:
    """SQL for the text of a field, with the namespace of its source where it holds person numbers."""
    text = text_of(name, spec, is_trimmed=True)
    return f"{literal(staged.namespace)} || ({text})" if staged.namespace and name in number_fields(profile) else text


def _values(staged: Staged, typed_fields: list[FieldSql]) -> list[str]:
    """SQL for the value of each field, from the row or from what is known of the worker."""
    of_row = {field.name: field.value for field in typed_fields}
    values = []
    for name in staged.fields:
        known_value = f"known.{quote(name)}"
        value = of_row.get(name, known_value)
        if name in of_row:
            value = merged_sql(staged, name, value, known_value)
        values.append(f"{value} as {quote(name)}")
    return values


def _unreadable(profile: Profile, staged: Staged, typed_fields: list[FieldSql]) -> list[str]:
    """SQL for `<field>__unreadable` and `<field>__text` of the typed fields: false and NULL where the file lacks the column."""
    tests = {field.name: field.unreadable for field in typed_fields if field.unreadable is not None}
    lacking = [name for name in staged.fields if profile.types[name] != "string" and name not in tests]
    return [
        *(f"coalesce({test}, false) as {quote(name + '__unreadable')}" for name, test in tests.items()),
        *(f"t.{quote(name)} as {quote(name + '__text')}" for name in tests),
        *(f"false as {quote(n + '__unreadable')}, null::varchar as {quote(n + '__text')}" for n in lacking),
    ]


def _control(profile: Profile, present: list[str]) -> str:
    """SQL for `control`: a value of the row is in doubt (see IN_DOUBT); and `formula`: one is a text in the form `="00123"`."""
    joined = f"concat_ws(chr(10), {', '.join(f't.{quote(name)}' for name in present)})"
    names = ", ".join(f"t.{quote(name)}" for name in name_fields(profile) if name in present)
    of_names = f" or regexp_matches(concat_ws(chr(10), {names}), {literal(SUSPECT_NAME)})" if names else ""
    return f"""case when {ODD} then regexp_matches({joined}, {literal(IN_DOUBT)}){of_names} else false end as control,
    case when {ODD} then regexp_matches({joined}, {literal(EXCEL_TEXT)}) else false end as formula"""


def _join(profile: Profile, staged: Staged, known: Known) -> str:
    """SQL that brings in what is known of the worker, where a field may need it."""
    columns, keys = staged.fields, profile.workers.row_key
    if staged.extract.content != "changes-only" and all(spec.column in staged.header for spec in columns.values()):
        return ""
    if keys and all(columns[key].column in staged.header for key in keys):
        same = " and ".join(f"known.{quote(key)} is not distinct from t.{quote(key)}" for key in keys)
        return f"left join {known.by_key} known on known.person_number = t.person_number and {same}"
    return f"left join {known.workers} known on known.person_number = t.person_number"


DIGEST_TYPE = "uuid"
"""DuckDB's type of what `digest_of` makes."""


def digest_of(names: list[str]) -> str:
    """SQL (see DIGEST_TYPE) for the md5 over the named fields; no value holds the separators, see CONTROL."""
    terms = ", ".join(f"coalesce({quote(name)}::varchar, chr(30))" for name in sorted(names))
    return f"md5_number(concat_ws(chr(31), {terms}))::uuid"
