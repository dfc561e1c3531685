"""A proposed profile as TOML: a table for each field, and a mark on everything that a person has to confirm."""

from __future__ import annotations

import datetime as dt
import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hcm_pipeline.profile import CORE_FIELDS, REQUIRED_FIELDS, TO_CONFIRM, TargetKind
from hcm_pipeline.proposal import evidence
from hcm_pipeline.proposal.evidence import Dates, Facts
from hcm_pipeline.proposal.headings import folded, is_active, opposites
from hcm_pipeline.proposal.recognise import MOST_STATUSES, Recognised, Taken
from hcm_pipeline.warehouse import Relation, Scratch

TRUE, FALSE = ("True", "TRUE", "true", "Y", "Yes", "1"), ("False", "FALSE", "false", "N", "No", "0")
_NUMBER = r"[0-9A-Za-z][0-9A-Za-z_-]{0,31}"
_ADDRESS = r"[^@\s]+@[^@\s]+\.[^@\s.]+"
_LENGTHS = {"first_name": 64, "last_name": 64, "middle_name": 64, "preferred_name": 64, "display_name": 256, "username": 256,
            "email": 256, "work_phone": 64, "mobile_phone": 64, "postal_code": 40}  # fmt: skip
_NAMES = ("first_name", "middle_name", "last_name", "preferred_name", "display_name", "username")
_USUAL = {
    "person_number": "Person Number",
    "active": "Account Status",
    "first_name": "First Name",
    "last_name": "Last Name",
}
_MANY = 0.95
_SCIM = (
    ("first_name", "name.givenName"), ("middle_name", "name.middleName"), ("last_name", "name.familyName"), ("job_name", "title"),
    ("worker_type", "userType"), ("email", 'emails[type eq "work"].value'), ("work_phone", 'phoneNumbers[type eq "work"].value'),
    ("mobile_phone", 'phoneNumbers[type eq "mobile"].value'), ("street_address", 'addresses[type eq "work"].streetAddress'),
    ("city", 'addresses[type eq "work"].locality'), ("state", 'addresses[type eq "work"].region'),
    ("postal_code", 'addresses[type eq "work"].postalCode'), ("country", 'addresses[type eq "work"].country'),
    ("work_address", 'addresses[type eq "work"].formatted'), ("location", 'addresses[type eq "work"].formatted'),
    ("department", "{enterprise}:department"), ("division", "{enterprise}:division"), ("company", "{enterprise}:organization"),
    ("cost_center", "{enterprise}:costCenter"), ("mobile_phone", "{custom}:MobilePhone"), ("job_code", "{custom}:JobCode"),
)  # fmt: skip
"""Worksheet 2, by field. The mobile number goes as an attribute of the organisation's own as well: the service reads no other
entries than those of type work."""
_DATES = {"hire_date": ("HireDate", "05:00:00"), "termination_date": ("TermDate", "22:00:00")}
"""Attribute and time of day: workflows ask for an early hour of a first day and a late one of a last day."""


@dataclass(frozen=True)
class Wanted:
    """The facts beside the values: names of file and profile, domain, directory, and the keys that the source has shown."""

    file: str
    name: str
    domain: str | None
    kind: TargetKind
    source_keys: Mapping[str, str]
    encoding_guessed: bool


@dataclass
class Lines:
    """The lines of a TOML text."""

    lines: list[str] = field(default_factory=list)

    def table(self, name: str, *, double: bool = False) -> None:
        """Begin a table."""
        self.lines += ["", f"[[{name}]]" if double else f"[{name}]"]

    def key(self, name: str, value: object, note: str = "") -> None:
        """A key, with a comment behind it."""
        self.lines.append(
            f"{name} = {toml(value)}"
            + (f"{' ' * max(1, 39 - len(name) - 3 - len(toml(value)))} # {note}" if note else "")
        )

    def note(self, text: str) -> None:
        """A comment."""
        self.lines.append(f"# {text}")

    def confirm(self, text: str) -> None:
        """A mark for the key or table below it."""
        self.lines.append(f"# {TO_CONFIRM} {text}")


def _some(count: int, what: str) -> str:
    """A number of things in words: `1 value`, `1,204 values`."""
    return f"{count:,} {what}{'' if count == 1 else 'es' if what.endswith('s') else 's'}"


def toml(value: object) -> str:
    """A value as TOML writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        if "\\" in value and "'" not in value and value.isprintable():
            return f"'{value}'"
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {toml(one)}" for key, one in value.items()) + " }"
    if isinstance(value, Sequence):
        return "[" + ", ".join(toml(one) for one in value) + "]"
    return str(value)


def write_profile(t: Scratch, rows: Relation, found: Recognised, facts: Mapping[str, Facts], wanted: Wanted) -> str:
    """The profile's text. It holds no value of a person: headings, forms, counts, words for a status and the domain alone."""
    count = next(iter(facts.values())).rows if facts else 0
    out = Lines()
    out.lines.append(
        f"# Proposed from {_some(count, 'record')} of one file. Lines marked `{TO_CONFIRM}` wait for a person: take a mark away"
    )
    out.lines.append("# when what stands below it is so. `hcm-pipeline profile check` names those that are left.")
    out.lines.append("")
    out.key("name", wanted.name)
    out.key("description", "Proposed from an extract")
    _source(out, wanted)
    repeated = evidence.repeated(t, rows, found.taken["person_number"].column) if "person_number" in found.taken else 0
    fields = _Fields(t, rows, found, out)
    fields.write()
    if repeated:
        fields.write_own()
    _left_out(out, t, rows, found, facts, own=not repeated)
    _workers(out, t, rows, found, repeated)
    _identity(out, t, rows, found, wanted)
    _mapping(out, found, wanted)
    return "\n".join(out.lines) + "\n"


# --- the source


def _source(out: Lines, wanted: Wanted) -> None:
    out.table("sources", double=True)
    out.key("name", "workers")
    stem, date = dated(wanted.file)
    out.key("glob", stem, "which names are this source's")
    out.confirm("every worker is in each file (full), or those alone whose data changed (changes-only)")
    out.key("content", "full")
    out.key("business_date", date)
    for name, value in wanted.source_keys.items():
        if name == "encoding" and wanted.encoding_guessed:
            out.confirm("the file is not UTF-8, and this encoding is a guess: look at names with accents")
        out.key(name, value)


def dated(file: str) -> tuple[str, dict[str, str]]:
    """The glob of a file's name, and where its business date comes from: a date in the name, or `--date`."""
    base = re.sub(r"\.(gz|zip|pgp|gpg|asc)$", "", file, flags=re.IGNORECASE)
    for pattern, form in ((r"\d{4}-\d{2}-\d{2}", "%Y-%m-%d"), (r"\d{8}", "%Y%m%d"), (r"\d{4}_\d{2}_\d{2}", "%Y_%m_%d")):
        match = re.search(rf"(?<!\d){pattern}(?!\d)", base)
        if match and _is_date(match[0], form):
            glob = "".join(f"[{sign}]" if sign in "[*?" else sign for sign in base[: match.start()])
            return f"{glob}*", {"from": "name", "pattern": f"({pattern})", "format": form}
    return "*", {"from": "given"}


def _is_date(text: str, form: str) -> bool:
    try:
        year = dt.datetime.strptime(text, form).year  # noqa: DTZ007 - a day of the calendar
    except ValueError:
        return False
    return 1990 <= year <= 2100


# --- fields


@dataclass
class _Fields:
    """Writes the tables of the fields."""

    t: Scratch
    rows: Relation
    found: Recognised
    out: Lines
    dates: dict[str, Dates] = field(default_factory=dict)

    def write(self) -> None:
        """Those that every warehouse has, in its order."""
        for name, kind in CORE_FIELDS.items():
            taken = self.found.taken.get(name)
            if taken is not None and kind == "date":
                self.dates[name] = evidence.dates_of(self.t, self.rows, taken.column)
        for name, kind in CORE_FIELDS.items():
            taken = self.found.taken.get(name)
            if taken is None and name in REQUIRED_FIELDS:
                self._missing(name)
            elif taken is not None and not (name == "manager" and not self._manager_is_known(taken)):
                self._field(f"fields.{name}", name, kind, taken)

    def write_own(self) -> None:
        """Those of the extract's own that tell the rows of a worker apart."""
        for name, taken in self.found.own.items():
            kind = {"primary_assignment": "boolean", "assignment_number": "string"}.get(name, "date")
            if kind == "date":
                self.dates[name] = evidence.dates_of(self.t, self.rows, taken.column)
            self._field(f"extra_fields.{name}", name, kind, taken)

    def _missing(self, name: str) -> None:
        self.out.table(f"fields.{name}")
        whole = self.found.taken.get("display_name")
        hint = (
            " (its whole names are in one column: have it delivered apart)" if name != "person_number" and whole else ""
        )
        self.out.confirm(
            f"no column of the file was recognised for it, and every worker needs it{hint if 'name' in name else ''}"
        )
        self.out.key("column", _USUAL[name])
        self.out.key("required", True)

    def _field(self, table: str, name: str, kind: str, taken: Taken) -> None:
        out, facts = self.out, taken.facts
        out.table(table)
        if not taken.sure:
            out.confirm(f"the heading often means something else ({taken.source})")
        out.key("column", taken.column)
        if table.startswith("extra_fields.") and kind != "string":
            out.key("type", kind)
        blank = facts.rows - facts.filled
        if name in REQUIRED_FIELDS and name != "first_name":
            out.key("required", True, f"{blank:,} of {_some(facts.rows, 'record')} without a value" if blank else "")
        elif name == "first_name" and not blank:
            out.key("required", True)
        if kind == "date":
            self._dates(name)
        elif kind == "boolean":
            self._status(name, taken)
        else:
            self._text(name, taken)

    def _text(self, name: str, taken: Taken) -> None:
        out, facts = self.out, taken.facts
        if name == "person_number":
            self._number(taken)
        elif name == "email":
            self._pattern(taken, _ADDRESS)
        elif name == "country":
            self._country(taken)
        if name in _NAMES:
            out.key("normalise", ["nfc", "collapse_spaces"])
        longest = _LENGTHS.get(name)
        if longest is not None:
            over = f"the longest of the file has {facts.longest}" if facts.longest > longest else ""
            out.key("max_length", longest, over)

    def _number(self, taken: Taken) -> None:
        longest, filled = taken.facts.longest, taken.facts.filled
        digits = evidence.count(self.t, self.rows, taken.column, "regexp_full_match(x, '[0-9]+')")
        padded = evidence.count(
            self.t, self.rows, taken.column, rf"regexp_full_match(x, '0[0-9]{{{max(longest - 1, 0)}}}')"
        )
        same = evidence.count(self.t, self.rows, taken.column, rf"regexp_full_match(x, '[0-9]{{{longest}}}')")
        if filled and digits == filled and longest <= 16:
            zeros = padded > 0 and same == filled  # a number that lost its zeros is another one's
            self.out.key("pattern", rf"\d{{{longest}}}" if zeros else r"\d{1,16}")
        else:
            self._pattern(taken, _NUMBER)
        if longest > 16:
            self.out.note(f"the longest has {longest} characters, and employeeId takes 16")

    def _pattern(self, taken: Taken, pattern: str) -> None:
        """The pattern, where nearly all values keep it: the others are held back."""
        fit = evidence.count(self.t, self.rows, taken.column, f"regexp_full_match(x, '{pattern}')")
        if fit >= _MANY * taken.facts.filled:
            others = taken.facts.filled - fit
            self.out.key(
                "pattern", pattern, f"held back, for it has another form: {_some(others, 'value')}" if others else ""
            )
        else:
            self.out.note(
                f"no pattern: {taken.facts.filled - fit:,} of {_some(taken.facts.filled, 'value')} in another form than expected"
            )

    def _country(self, taken: Taken) -> None:
        fit = evidence.count(self.t, self.rows, taken.column, "regexp_full_match(upper(x), '[A-Z]{2}')")
        if taken.facts.filled and fit >= _MANY * taken.facts.filled:
            self.out.key("normalise", ["upper"])
            if evidence.count(self.t, self.rows, taken.column, "upper(x) = 'UK'"):
                self.out.key("replace", {"UK": "GB"}, "ISO 3166-1 alpha-2 knows no UK")
            self.out.key("pattern", "[A-Z]{2}")
        else:
            self.out.note("the values are no codes of ISO 3166-1 alpha-2: `replace` turns each into one")

    def _dates(self, name: str) -> None:
        out, found = self.out, self.dates[name]
        if not found.filled:
            out.note("no record has a value: the form of its dates is not known")
            return
        if found.serial:
            out.confirm(
                f"numbers, as a spreadsheet counts days, in {_some(found.serial, 'value')}: have dates delivered"
            )
        elif found.unreadable > (1 - _MANY) * found.filled or not found.formats:
            out.confirm(f"no date of a known form: {found.unreadable:,} of {_some(found.filled, 'value')}")
        elif found.mixed:
            out.confirm("some values can only have the day first and some only the month: one column has two forms")
        elif found.others and not self._told_elsewhere(name):
            out.confirm(
                f"day before month, or month before day: all {found.filled:,} values can be read as {', '.join(found.others)} too"
            )
        formats = self._formats(name)
        others = f"held back, for it cannot be read so: {_some(found.unreadable, 'value')}" if found.unreadable else ""
        out.key("formats", formats or ["%Y-%m-%d"], others)
        if found.two_digits:
            out.key("two_digit_years", 1951, "the first of the hundred years: see that nobody's date lies before")
        if found.nothing:
            out.key("blank", list(found.nothing))

    def _formats(self, name: str) -> list[str]:
        found = self.dates[name]
        return list(found.others if found.others and self._told_elsewhere(name) is _OTHER else found.formats)

    def _told_elsewhere(self, name: str) -> object:
        """Whether another date of the file shows the order of day and month: SAME, _OTHER, or None."""
        mine = self.dates[name]
        for other, found in self.dates.items():
            if other != name and found.formats and not (found.others or found.mixed or found.unreadable):
                if set(mine.formats) & set(found.formats):
                    return _SAME
                if set(mine.others) & set(found.formats):
                    return _OTHER
        return None

    def _status(self, name: str, taken: Taken) -> None:
        out = self.out
        found = evidence.words(self.t, self.rows, taken.column, MOST_STATUSES)
        if found is None:
            out.confirm(
                f"it has more than {MOST_STATUSES} different values: which of them mean that somebody works here?"
            )
            out.key("true_values", list(TRUE))
            out.key("false_values", list(FALSE))
            return
        values = [value for value, _ in found]
        letters = {folded(value) for value in values} <= {"t", "f"}
        judged = {value: folded(value) == "t" if letters else is_active(value) for value in values}
        yes = [value for value, works in judged.items() if works is True]
        no = [value for value, works in judged.items() if works is False]
        unknown = [value for value, works in judged.items() if works is None]
        if unknown and (yes or no):
            out.confirm(f"in neither list, and held back until it is: {', '.join(map(toml, unknown))}")
        elif unknown:
            out.confirm(f"none of its {len(unknown)} different values is a known word for a status")
        for value, records in found if name == "active" and (yes or no) else ():
            meaning = {True: "true", False: "false", None: "unknown"}[judged[value]]
            out.note(f"{toml(value)}: {_some(records, 'record')}, proposed as {meaning}")
        if {*yes} <= {*TRUE} and {*no} <= {*FALSE}:
            yes, no = list(TRUE), list(FALSE)
        out.key("true_values", yes or _usual(no, active=False, but=no, plain=TRUE))
        out.key(
            "false_values",
            no or _usual(yes, active=True, but=yes, plain=FALSE),
            "" if no else "no record of the file has one",
        )

    def _manager_is_known(self, taken: Taken) -> bool:
        return manager_by(self.t, self.rows, self.found) is not None or taken.facts.filled == 0


_SAME, _OTHER = object(), object()


def _usual(values: Sequence[str], *, active: bool, but: Sequence[str], plain: Sequence[str]) -> list[str]:
    """The words for the other side of a status that no record has: the plain ones, and those of the language."""
    return [word for word in dict.fromkeys((*plain, *opposites(values, active))) if word not in but]


def manager_by(t: Scratch, rows: Relation, found: Recognised) -> str | None:
    """The field of the manager that most values of the column are; None: they are none (a name is nobody's key)."""
    manager = found.taken.get("manager")
    if manager is None or not manager.facts.filled:
        return None
    for name in ("person_number", "email", "username"):
        other = found.taken.get(name)
        if other is not None and evidence.among(t, rows, manager.column, other.column) > manager.facts.filled / 2:
            return name
    return None


# --- what is left out


def _left_out(
    out: Lines, t: Scratch, rows: Relation, found: Recognised, facts: Mapping[str, Facts], *, own: bool
) -> None:
    if found.private:
        out.lines.append("")
        out.note("Left out, for no account needs them: " + ", ".join(map(toml, found.private)))
    manager = found.taken.get("manager")
    if manager is not None and manager.facts.filled and manager_by(t, rows, found) is None:
        out.lines.append("")
        out.confirm(
            "its values are neither numbers, addresses nor user names of workers of the file, so that no manager is sent"
        )
        out.note("[fields.manager]")
        out.note(f"column = {toml(manager.column)}")
    spare = {
        **dict.fromkeys(found.rest),
        **({one.column: name for name, one in found.own.items()} if own else {}),
    }
    if not spare:
        return
    out.lines.append("")
    out.note(
        "Columns that no account needs as far as is known. To take one, take the signs of the comment away and map it below."
    )
    names: set[str] = set(CORE_FIELDS)
    for column, name in spare.items():
        slug = _slug(name or column, names)
        names.add(slug)
        second = f"; {found.second[column]} has a better column" if column in found.second else ""
        out.note(f"[extra_fields.{slug}]")
        out.note(
            f"column = {toml(column)}  # {facts[column].filled:,} of {facts[column].rows:,} records have a value{second}"
        )


def _slug(text: str, given: set[str]) -> str:
    plain = (
        unicodedata.normalize("NFKD", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", text))
        .encode("ascii", "ignore")
        .decode()
        .lower()
    )
    slug = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:40] or "column"
    slug = slug if slug[0].isalpha() else f"column_{slug}"
    number, base = 1, slug
    while slug in given:
        number += 1
        slug = f"{base}_{number}"
    return slug


# --- workers, identity, mapping


def _workers(out: Lines, t: Scratch, rows: Relation, found: Recognised, repeated: int) -> None:
    cohorts = [name for name in ("legal_employer", "country") if name in found.taken]
    by = manager_by(t, rows, found)
    own = found.own
    if not (repeated or cohorts or by not in (None, "person_number")):
        return
    if repeated:
        out.lines.append("")
        told = (
            "by assignment number and effective dates"
            if own
            else "and nothing tells them apart: contradictions are held back"
        )
        out.confirm(f"in several records each: {_some(repeated, 'person number')}, {told}")
        out.lines.append("[workers]")
    elif by not in (None, "person_number"):
        out.table("workers")
    if repeated and "assignment_number" in own:
        out.key("row_key", ["assignment_number"])
    if repeated and {"effective_from", "effective_to"} <= own.keys():
        out.key("slices", {"from": "effective_from", "to": "effective_to"})
    if by not in (None, "person_number"):
        out.key("manager_by", by)
    if cohorts:
        out.table("workers.whole")
        out.key("cohorts", cohorts, "an extract without most of one of these is held")
    if repeated and "primary_assignment" in own:
        out.table("workers.pick", double=True)
        out.key("field", "primary_assignment")
        out.key("prefer", "true")


def _identity(out: Lines, t: Scratch, rows: Relation, found: Recognised, wanted: Wanted) -> None:
    out.table("identity")
    domain = wanted.domain
    if domain is None:
        email = found.taken.get("email")
        seen = evidence.domains(t, rows, email.column) if email else []
        domain = seen[0][0] if seen and _usable(seen[0][0]) else "example.com"
        why = (
            f"as {_some(seen[0][1], 'address')} of the file" if domain != "example.com" else "the file does not show it"
        )
        more = f"; there are {len(seen) - 1} more: see identity.domains" if len(seen) > 1 else ""
        out.confirm(f"the domain of user names, which are given for life ({why}{more})")
    out.key("domain", domain)
    if wanted.kind is TargetKind.ACTIVE_DIRECTORY:
        out.confirm("the container of new accounts")
        out.key("parent_distinguished_name", "OU=Users," + ",".join(f"DC={part}" for part in domain.split(".")))


def _usable(domain: str) -> bool:
    return len(domain) <= 48


def _mapping(out: Lines, found: Recognised, wanted: Wanted) -> None:
    taken = set(found.taken)
    label = re.sub(r"[^a-z0-9]", "", wanted.name.lower()) or "organisation"
    out.table("target")
    out.key("kind", str(wanted.kind))
    out.table("scim")
    out.key("custom_schema", f"urn:ietf:params:scim:schemas:extension:{label}:1.0:User")
    out.table("scim.mapping")
    out.lines += ['externalId = "person_number"', 'userName = "user_principal_name"', 'active = "active"']
    shown = (
        "coalesce(display_name, first_name || ' ' || last_name)"
        if "display_name" in taken
        else "first_name || ' ' || last_name"
    )
    out.lines.append(f'displayName = {{ sql = "{shown}" }}')
    filled: set[str] = set()
    for name, path in _SCIM:
        if (name in taken or name in REQUIRED_FIELDS) and path not in filled:
            filled.add(path)
            out.lines.append(f"{_key(path)} = {toml(name)}")
    if any(path.startswith("addresses") for path in filled):
        out.lines.append("'addresses[type eq \"work\"].primary' = { value = true }")
    out.lines.append("'{enterprise}:employeeNumber' = \"person_number\"")
    if "manager" in taken:
        out.lines.append("'{enterprise}:manager' = \"manager_external_id\"")
    for name, (attribute, time) in _DATES.items():
        if name in taken:
            out.lines.append(f'\'{{custom}}:{attribute}\' = {{ field = "{name}", time = "{time}", zone = "UTC" }}')
    if wanted.kind is TargetKind.ACTIVE_DIRECTORY:
        for attribute, name in (("SamAccountName", "sam_account_name"), ("CommonName", "common_name"),
                                ("ParentDistinguishedName", "parent_distinguished_name")):  # fmt: skip
            out.lines.append(f"'{{custom}}:{attribute}' = \"{name}\"")


def _key(path: str) -> str:
    return path if re.fullmatch(r"[A-Za-z0-9_-]+", path) else f"'{path}'"
