"""The functions of the mapping language and the operators of scoping filters, as Graph lists them.

Sources: "Reference for writing expressions for attribute mappings", "Scoping users or groups with scoping filters", and the
pages of `attributeMappingFunctionSchema` and `filterOperatorSchema`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Parameter:
    """One parameter of a function. `key`: its name in the parsed form. `often`: it may come again and again, as the last."""

    key: str
    kind: str = "String"
    required: bool = True
    often: bool = False


@dataclass(frozen=True)
class Function:
    """A documented function: its name and parameters, in their order."""

    name: str
    parameters: tuple[Parameter, ...]


def _read(line: str) -> Function:
    """A function of a line: `Name source:Type? ...`; ? is optional, * repeats."""
    name, *rest = line.split()
    parameters = []
    for word in rest:
        key, _, kind = word.rstrip("?*").partition(":")
        parameters.append(Parameter(key, kind or "String", required="?" not in word, often="*" in word))
    return Function(name, tuple(parameters))


FUNCTIONS: dict[str, Function] = {
    function.name: function
    for function in map(
        _read,
        """
        Append source suffix
        AppRoleAssignmentsComplex source
        BitAnd value1:Integer value2:Integer
        CBool source
        CDate source
        Coalesce source*
        ConvertToBase64 source
        ConvertToUTF8Hex source
        Count source
        CStr source
        DateAdd interval value:Integer dateTime:DateTime
        DateDiff interval date1:DateTime date2:DateTime
        DateFromNum value:Integer
        DefaultDomain
        FormatDateTime source dateTimeStyles? inputFormat outputFormat
        Guid
        IgnoreFlowIfNullOrEmpty source
        IIF condition valueIfTrue valueIfFalse
        InStr value1 value2 start:Integer? compareType?
        IsNull source
        IsNullOrEmpty source
        IsPresent source
        IsString source
        Item source index:Integer
        Join separator source*
        Left source numChars:Integer
        Mid source start:Integer length:Integer
        NormalizeDiacritics source
        Not source
        Now
        NumFromDate value
        PCase source wordSeparators?
        RandomString length:Integer numbers:Integer specials:Integer capitals:Integer lowerCase:Integer charactersToAvoid?
        Redact source
        RemoveDuplicates source
        Replace source Find? RegularExpression? RegularExpressionGroupName? Replacement? ReplacementPropertyName? Template?
        SelectUniqueValue source*
        SingleAppRoleAssignment source
        Split source delimiter
        StripSpaces source
        Switch source defaultValue? switchValue*
        ToLower source culture?
        ToUpper source culture?
        Word source wordNumber:Integer delimiters
        """.strip().splitlines(),
    )
}


def function_schemas() -> list[Json]:
    """`attributeMappingFunctionSchema` of each."""
    return [
        {
            "name": function.name,
            "parameters": [
                {
                    "name": one.key, "type": one.kind, "required": one.required, "allowMultipleOccurrences": one.often,
                }
                for one in function.parameters
            ],
        }
        for function in FUNCTIONS.values()
    ]  # fmt: skip


def _operator(name: str, arity: str, *types: str) -> Json:
    """`filterOperatorSchema`."""
    return {"id": name, "arity": arity, "multivaluedComparisonType": "All", "supportedAttributeTypes": list(types)}


FILTER_OPERATORS: tuple[Json, ...] = (
    _operator("EQUALS", "Binary", "String", "Integer"),
    _operator("NOT EQUALS", "Binary", "String", "Integer"),
    _operator("IS TRUE", "Unary", "Boolean"),
    _operator("IS FALSE", "Unary", "Boolean"),
    _operator("IS NULL", "Unary", "String", "Integer", "Boolean"),
    _operator("IS NOT NULL", "Unary", "String", "Integer", "Boolean"),
    _operator("REGEX MATCH", "Binary", "String"),
    _operator("NOT REGEX MATCH", "Binary", "String"),
    _operator("Greater_Than", "Binary", "Integer", "String"),
    _operator("Greater_Than_OR_EQUALS", "Binary", "Integer", "String"),
    _operator("Includes", "Binary", "String"),
    _operator("ENDS_WITH", "Binary", "String"),
    _operator("&", "Binary", "Integer"),
    _operator("!&", "Binary", "Integer"),
)
