"""XML from outside as a tree, without document types, and with words for each fault."""

from __future__ import annotations

import pytest

from hcm_pipeline import safe_xml
from hcm_pipeline.safe_xml import XmlFault, tree

BILLION = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
LAUGHS = f'<!DOCTYPE l [<!ENTITY l0 "ha">{BILLION}]><l>&l9;</l>'


def test_a_document_becomes_a_tree_with_names_of_its_namespaces() -> None:
    text = '<f xmlns="urn:a" xmlns:b="urn:b" b:k="1"><!-- x --><b:e>a &lt; <![CDATA[b & c]]></b:e>&#233;</f>'
    for data in (text.encode(), [part.encode() for part in text]):
        root = tree(data)
        [entry] = root
        assert (root.tag, root.attrib, entry.tag, entry.text, entry.tail) == (
            "{urn:a}f", {"{urn:b}k": "1"}, "{urn:b}e", "a < b & c", "\u00e9",
        )  # fmt: skip


def test_the_encoding_is_as_the_document_says_unless_the_caller_knows_better() -> None:
    data = '<?xml version="1.0" encoding="ISO-8859-1"?><a>\u00e9</a>'
    assert tree(data.encode("latin-1")).text == "\u00e9"
    assert tree(data.encode(), "utf-8").text == "\u00e9"
    assert tree("<a>\u00e9</a>".encode("utf-16")).text == "\u00e9"


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (LAUGHS, "xml_document_type"), ('<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "xml_document_type"),
        ('<!DOCTYPE a [<!ENTITY % x SYSTEM "http://host.example/x">%x;]><a/>', "xml_document_type"), ("<a>&x;</a>", "xml_broken"),
        ("<a><b></a>", "xml_broken"), ("<a/>x", "xml_broken"), ("<a>\0</a>", "xml_broken"), ("<a><b>", "xml_cut_short"),
        ("", "xml_cut_short"), ("<a", "xml_cut_short"), ("<a>" * 257, "xml_too_deep"),
        ('<?xml version="1.0" encoding="nonsense"?><a/>', "xml_encoding"),
        ('<?xml version="1.0" encoding="Shift_JIS"?><a/>', "xml_encoding"),
    ],
)  # fmt: skip
def test_each_fault_has_a_rule(data: str, rule: str) -> None:
    with pytest.raises(XmlFault) as caught:
        tree(data.encode())
    assert caught.value.rule == rule


def test_a_fault_is_told_by_its_place_and_not_by_what_stands_there() -> None:
    with pytest.raises(XmlFault) as caught:
        tree(b"<a>\n<Secret></Name></a>")
    assert caught.value.message == "it is not well-formed XML: mismatched tag, in line 2, column 11"


def test_a_token_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safe_xml, "LONGEST_TOKEN", 1000)
    with pytest.raises(XmlFault) as caught:
        tree([b"<a><!-- ", *[b"x" * 100] * 20])
    assert caught.value.rule == "xml_too_long"
