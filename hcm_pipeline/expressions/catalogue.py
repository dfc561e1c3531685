"""The documented functions: their parameters, in order, and where each is documented.

Sources: "reference" is the reference page of expressions (08/2024), whose parameter tables name the parameters; "Graph" is the
answer that the reference of `synchronizationSchema: functions` prints, with the keys that the parsed form has; "FAQ" is the page
of frequently asked questions of API-driven inbound provisioning. Where Graph and the reference name a parameter differently,
Graph's name counts, and the other is read too.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Parameter:
    """One parameter. `key` names it in the parsed form; `repeats`: it takes all arguments that are left.

    `also`: other names of it that are read.
    """

    key: str
    required: bool = True
    repeats: bool = False
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class Function:
    """One documented function. `evaluated`: "yes"; "no" and why; or what of it is, and what is not."""

    name: str
    parameters: tuple[Parameter, ...]
    source: str
    evaluated: str = "yes"

    @property
    def form(self) -> str:
        """How it is called, as the documentation writes it."""
        shown = [each.key + ("…" if each.repeats else "") for each in self.parameters]
        return f"{self.name}({', '.join(shown)})"

    @property
    def least(self) -> int:
        """The fewest arguments that it can have."""
        needed = [place for place, each in enumerate(self.parameters, 1) if each.required]
        return needed[-1] if needed else 0

    @property
    def most(self) -> int | None:
        """The most arguments that it can have; None: any number."""
        return None if any(each.repeats for each in self.parameters) else len(self.parameters)


REFERENCE, GRAPH, FAQ = "reference", "reference, Graph", "FAQ, Graph"


def _f(name: str, keys: str, source: str = REFERENCE, evaluated: str = "yes") -> Function:
    """A function; in `keys` a star repeats a parameter, a question mark makes it optional, a bar adds other names."""
    parameters = []
    for written in keys.split():
        key, *also = written.rstrip("*?").split("|")
        parameters.append(Parameter(key, not written.endswith("?"), "*" in written, tuple(also)))
    return Function(name, tuple(parameters), source, evaluated)


ALL = (
    _f("Append", "source suffix", GRAPH),
    _f("AppRoleAssignments", "source", "Graph", "no: a user of this source has no app roles"),
    _f("AppRoleAssignmentsComplex", "source", REFERENCE, "no: a user of this source has no app roles"),
    _f("BitAnd", "value1 value2"),
    _f("CBool", "Expression"),
    _f("CDate", "expression", REFERENCE, "for ISO 8601, `M/d/yyyy` and `M/d/yyyy h:mm:ss tt`; not for other forms"),
    _f("Coalesce", "source*"),
    _f("ConvertToBase64", "source"),
    _f("ConvertToUTF8Hex", "source"),
    _f("Count", "attribute"),
    _f("CStr", "value"),
    _f("DateAdd", "interval value dateTime"),
    _f("DateDiff", "interval date1 date2", REFERENCE,
       "yes; two possible numbers where no source says whether a part of an interval counts"),
    _f("DateFromNum", "value"),
    _f("DefaultDomain", "", FAQ, "where the tenant's default domain is known"),
    _f("FormatDateTime", "source dateTimeStyles? inputFormat outputFormat", GRAPH,
       "without dateTimeStyles; not where an offset would change the day"),
    _f("Guid", "", REFERENCE, "shown as a random value"),
    _f("IgnoreFlowIfNullOrEmpty", "Expression"),
    _f("IIF", "condition valueIfTrue valueIfFalse", REFERENCE,
       "not where an operand is null or empty, or where two strings differ in case alone"),
    _f("InStr", "value1 value2 start? compareType?", REFERENCE, "not where value1 does not contain value2"),
    _f("IsNothing", "source", "Graph", "no: nothing but its name is documented"),
    _f("IsNull", "Expression"),
    _f("IsNullOrEmpty", "Expression"),
    _f("IsPresent", "Expression"),
    _f("IsString", "Expression", REFERENCE, "for strings; not for other values, which no source describes"),
    _f("Item", "attribute index", REFERENCE, "not where index is 0 or past the last value"),
    _f("Join", "separator source*", GRAPH),
    _f("Left", "String NumChars"),
    _f("Mid", "source start length", GRAPH, "not where start lies before the first character or past the end"),
    _f("NormalizeDiacritics", "source", REFERENCE, "for the letters of the documented table; not for other letters outside ASCII"),
    _f("Not", "source", GRAPH),
    _f("Now", ""),
    _f("NumFromDate", "value"),
    _f("PCase", "source wordSeparators?", REFERENCE, "not for an apostrophe without wordSeparators: the sources disagree"),
    _f("Prepend", "prefix source", "Graph"),
    _f("RandomString",
       "Length MinimumNumbers MinimumSpecialCharacters MinimumCapital MinimumLowerCase CharactersToAvoid?",
       REFERENCE, "shown as a random value"),
    _f("Redact", "source"),
    _f("RemoveDuplicates", "attribute", REFERENCE, "not where two values differ in case alone"),
    _f("Replace",
       "source Find|oldValue? RegularExpression|regexPattern? RegularExpressionGroupName|regexGroupName?"
       " Replacement|replacementValue? ReplacementPropertyName|replacementAttributeName? Template?", GRAPH,
       "in the five documented ways; regular expressions as below"),
    _f("SelectUniqueValue", "uniqueValueRule*", REFERENCE, "for Active Directory, where its accounts are known"),
    _f("SingleAppRoleAssignment", "source", GRAPH, "no: a user of this source has no app roles"),
    _f("Split", "source delimiter", GRAPH, "not where the delimiter has several characters or a part is empty"),
    _f("StripSpaces", "source", GRAPH),
    _f("Switch", "source defaultValue? switchValue*?", GRAPH),
    _f("ToLower", "source culture?", REFERENCE, "not for the cultures tr, az, lt and el"),
    _f("ToUpper", "source culture?", REFERENCE, "not for the cultures tr, az, lt and el"),
    _f("Word", "String WordNumber delimiters|Delimiters", REFERENCE, "not where two delimiters follow each other"),
)  # fmt: skip
FUNCTIONS = {each.name: each for each in ALL}
"""The documented functions by name, in the order of the alphabet."""
BY_LOWER_CASE = {name.lower(): name for name in FUNCTIONS}


def unlike(name: str) -> str:
    """A sentence on a name that no documented function has."""
    meant = BY_LOWER_CASE.get(name.lower())
    return f"no documented function is called {name}" + (f"; names are case-sensitive: {meant}" if meant else "")
