"""The text of expressions, and Graph's parsed form: what is read is what was written."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcm_pipeline.expressions import (
    DEEPEST,
    FUNCTIONS,
    LONGEST,
    Attribute,
    Call,
    Constant,
    Expression,
    ExpressionFault,
    Function,
    from_source,
    parse,
    to_source,
)
from tests.budget import examples

NAMES = st.one_of(
    st.sampled_from(
        ["externalId", 'emails[type eq "work"].value', "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department"]
    ),
    st.text(st.characters(exclude_characters='[]"', exclude_categories=["Cs"]), min_size=1, max_size=8).filter(str.strip),
)  # fmt: skip
CONSTANTS = st.one_of(
    st.builds(Constant, st.text(st.characters(exclude_categories=["Cs"]), max_size=8)),
    st.builds(lambda n: Constant(str(n), bare=True), st.integers(-99, 99)),
    st.sampled_from([Constant("True", bare=True), Constant("&HF7", bare=True)]),
)


def calls(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """A documented function with as many arguments as it takes; some slots are empty, of repeated ones none."""
    argument = st.one_of(st.none(), inner)

    def call(known: Function, arguments: list[Any]) -> Call:
        fixed = len(known.parameters) - (known.most is None)
        filled = [*arguments[:fixed], *(each or Constant("") for each in arguments[fixed:])]
        return Call(known.name, () if filled == [None] else tuple(filled))

    return st.sampled_from(list(FUNCTIONS.values())).flatmap(
        lambda known: st.lists(
            argument, min_size=known.least, max_size=known.most if known.most is not None else known.least + 4
        ).map(lambda arguments: call(known, arguments))
    )


EXPRESSIONS = st.recursive(st.one_of(st.builds(Attribute, NAMES), CONSTANTS), calls, max_leaves=12).map(Expression)


@given(EXPRESSIONS)
@settings(max_examples=examples(100))
def test_an_expression_that_is_printed_reads_as_itself_and_so_does_its_parsed_form(expression: Expression) -> None:
    assert parse(str(expression)) == expression
    assert str(parse(str(expression))) == str(expression)
    source = to_source(expression)
    assert from_source(source) == expression
    assert str(from_source(source)) == source["expression"]
    source.pop("expression")
    assert to_source(from_source(source)).keys() == {"expression", "name", "parameters", "type"}


@given(st.text(st.sampled_from('abSwitch([,"\\ )1-&H<>=\n'), max_size=40) | st.text(max_size=20))
@settings(max_examples=examples(200))
def test_any_text_is_read_or_refused_with_a_position_in_it(text: str) -> None:
    read, position = None, 1
    try:
        read = parse(text)
    except ExpressionFault as fault:
        position = fault.position
    assert 1 <= position <= len(text) + 1
    assert read is None or parse(str(read)) == read


@pytest.mark.parametrize(
    ("text", "position"),
    [("", 1), ("Join(", 1), ("Join([a], ", 1), ("[a", 1), ("[]", 1), ('"a', 1), ('Replace([a], "\\d")', 15), ("[a] = [b]", 5),
     ("Join([a] [b])", 10), ("userName", 1), ("ToLower([a]))", 13), ("&G1", 1), ("Left([a], 1.)", 11)],
)  # fmt: skip
def test_a_fault_has_the_position_of_what_cannot_be_read(text: str, position: int) -> None:
    with pytest.raises(ExpressionFault) as caught:
        parse(text)
    assert caught.value.position == position


def test_depth_and_length_are_bounded_without_a_recursion_error() -> None:
    deep = "ToLower(" * DEEPEST + "[a]" + ")" * DEEPEST
    assert parse(deep).attributes == ("a",)
    assert from_source(to_source(parse(deep))) == parse(deep)
    for text in (f"Not({deep})", "ToLower(" * 1_200, "[" * 5_000, f'"{"a" * LONGEST}"'):
        with pytest.raises(ExpressionFault):
            parse(text)
    nested: dict[str, Any] = {"name": "a", "type": "Attribute"}
    for _ in range(5_000):
        nested = {"name": "Not", "type": "Function", "parameters": [{"key": "source", "value": nested}]}
    with pytest.raises(ExpressionFault, match="inside each other"):
        from_source(nested)


def test_the_parsed_form_is_the_one_that_graph_documents() -> None:
    """The example of `synchronizationSchema: parseExpression`, and Mid of `attributeMappingSource`."""
    replace = to_source(parse('Replace([preferredLanguage], "-", , , "_", ,  )'))
    assert replace == {
        "expression": 'Replace([preferredLanguage], "-", , , "_", , )',
        "name": "Replace",
        "parameters": [
            {"key": "source", "value": {"expression": "[preferredLanguage]", "name": "preferredLanguage", "parameters": [],
                                        "type": "Attribute"}},
            {"key": "Find", "value": {"expression": '"-"', "name": "-", "parameters": [], "type": "Constant"}},
            {"key": "Replacement", "value": {"expression": '"_"', "name": "_", "parameters": [], "type": "Constant"}},
        ],
        "type": "Function",
    }  # fmt: skip
    mid = to_source(parse("Mid([userPrincipalName], 1, 8)"))
    assert mid["expression"] == "Mid([userPrincipalName], 1, 8)"
    parameters: Any = mid["parameters"]
    assert parameters[2]["value"] == {"expression": '"8"', "name": "8", "parameters": [], "type": "Constant"}
    switch: Any = to_source(parse('Switch([active], , "True", "False")'))["parameters"]
    assert [each["key"] for each in switch] == ["source", "switchValue", "switchValue"]


def test_a_text_and_a_parsed_form_that_disagree_are_a_fault_and_what_is_not_documented_is_read_from_the_text() -> None:
    source = to_source(parse("ToLower([a])"))
    with pytest.raises(ExpressionFault, match="different things"):
        from_source({**source, "expression": "ToUpper([a])"})
    text = 'IIF([country] = "USA", [country], [department])'
    assert str(from_source({"expression": text, "name": "IIF", "type": "Function", "parameters": None})) == text
    with pytest.raises(ExpressionFault, match="comparison"):
        to_source(parse(text))
    with pytest.raises(ExpressionFault, match="cannot say which"):
        to_source(parse('Switch([a], , , "b")'))
    with pytest.raises(ExpressionFault, match="case-sensitive: ToLower"):
        to_source(parse("tolower([a])"))
    with pytest.raises(ExpressionFault):
        from_source({"name": "x", "type": "Thing"})
    with pytest.raises(ExpressionFault):
        from_source({"name": "IIF", "type": "Function", "parameters": [{"key": "condition", "value": 1}]})


def test_an_expression_names_its_attributes_and_functions() -> None:
    read = parse('Join(" ", [emails[type eq "work"].value], ToLower([a]), [a])')
    assert read.attributes == ('emails[type eq "work"].value', "a")
    assert read.functions == ("Join", "ToLower")
    assert (read.direct, parse("[externalId]").direct) == (None, "externalId")
