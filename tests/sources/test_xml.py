"""XML extracts: which elements are records and columns, what their values are, and which files are refused."""

from __future__ import annotations

import gzip
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hcm_pipeline.characters import SEVERAL
from hcm_pipeline.errors import ExtractRefused, ProfileError
from hcm_pipeline.flow.profiles import parse_profile
from hcm_pipeline.profile import Source
from hcm_pipeline.sources.xml import checking
from hcm_pipeline.sources.xml.clean_text import Cleaner, DeclaredEncoding
from tests.budget import examples

from ..workers.driver import PROFILE
from .build import source
from .staging import Read, read

NATIVE = """<?xml version="1.0" encoding="UTF-8"?>
<EMP_OUT run="77">
  <MAIN_DG>
    <EMPLOYEE_REC id="a">
      <Number>0004711</Number><Name>N\u00fa\u00f1ez &amp; <![CDATA[<Co>]]></Name><!-- a remark -->
      <Email/>
      <ASSIGNMENT><Job lang="en">Clerk</Job></ASSIGNMENT>
    </EMPLOYEE_REC>
    <Employer>North</Employer>
  </MAIN_DG>
  <MAIN_DG>
    <EMPLOYEE_REC><Number>C-2009</Number><Name>van der Berg</Name></EMPLOYEE_REC>
    <EMPLOYEE_REC><Number>C-2010</Number><Name>&#x4e2d;</Name><City>Rome</City></EMPLOYEE_REC>
    <Employer>South</Employer>
  </MAIN_DG>
  <COUNT>3</COUNT>
</EMP_OUT>
"""


def xml(folder: Path, data: bytes | str, later: Source | None = None, **given: Any) -> Read:
    """An XML file, described and staged; its records are G_1 unless another path is given."""
    return read(folder, data, later, **{"format": "xml", "record": "G_1", **given})


def refused(folder: Path, data: bytes | str, **given: Any) -> tuple[str, str]:
    """The rule by which a file is refused, and the message."""
    with pytest.raises(ExtractRefused) as caught:
        xml(folder, data, **given)
    assert caught.value.file == "extract"
    return caught.value.rule, caught.value.message


def of(*records: str, around: str = "DATA_DS") -> str:
    """A document with these records."""
    return f"<{around}>{''.join(f'<G_1>{record}</G_1>' for record in records)}</{around}>"


def test_a_native_extract_has_its_tags_as_columns_in_the_order_in_which_they_come(tmp_path: Path) -> None:
    found = xml(tmp_path, NATIVE, record="MAIN_DG/EMPLOYEE_REC")
    assert found.columns == ("@id", "Number", "Name", "Email", "ASSIGNMENT/Job/@lang", "ASSIGNMENT/Job", "City")
    assert found.rows == {
        1: ("a", "0004711", "N\u00fa\u00f1ez & <Co>", None, "en", "Clerk", None),
        2: (None, "C-2009", "van der Berg", None, None, None, None),
        3: (None, "C-2010", "\u4e2d", None, None, None, "Rome"),
    }
    assert (found.rejects, found.unsaid, found.total) == ([], {}, None)
    assert found.summary == "XML, utf-8, 7 columns, 3 records"


def test_tags_of_the_groups_around_a_record_are_columns_wherever_they_stand(tmp_path: Path) -> None:
    found = xml(
        tmp_path, NATIVE, record="EMPLOYEE_REC", tags=["Number"], enclosing=["../Employer", "../../@run"], total="EMP_OUT/COUNT"
    )  # fmt: skip
    assert found.rows == {1: ("0004711", "North", "77"), 2: ("C-2009", "South", "77"), 3: ("C-2010", "South", "77")}
    assert found.total == 3


def test_a_group_with_two_values_of_a_tag_gives_none_of_them_for_sure(tmp_path: Path) -> None:
    text = "<R><P><E>a</E><G_1><N>1</N></G_1><E>b</E></P><P><E>a</E><G_1><N>2</N></G_1><E>a</E></P></R>"
    assert xml(tmp_path, text, enclosing=["../E"]).values("../E") == [f"a{SEVERAL}b", "a"]


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("G_1", "1234"), ("//G_1", "1234"), ("DATA_DS/G_1", "123"), ("/DATA_DS/G_1", "12"), ("/*/G_1", "12"),
        ("FILE_FRAGMENT/G_1", "2"), ("P/G_1", "4"), ("/P/G_1", ""), ("DATA_DS/*/G_1", "4"),
    ],
)  # fmt: skip
def test_a_record_path_fits_the_last_names_of_a_way_and_skips_wrappers(tmp_path: Path, path: str, found: str) -> None:
    text = """<DATA_DS><G_1><N>1</N></G_1><FILE_FRAGMENT><G_1><N>2</N></G_1></FILE_FRAGMENT>
        <Q><DATA_DS><G_1><N>3</N></G_1></DATA_DS></Q><P><G_1><N>4</N></G_1></P></DATA_DS>"""
    if not found:
        assert refused(tmp_path, text, record=path)[0] == "no_record"
        return
    assert xml(tmp_path, text, record=path).values("N") == list(found)


def test_names_count_by_their_local_part_unless_the_profile_has_a_prefix_for_their_namespace(tmp_path: Path) -> None:
    text = '<d:R xmlns:d="urn:d" xmlns="urn:plain"><G_1><N>1</N><x:N xmlns:x="urn:other" x:k="2">3</x:N></G_1></d:R>'
    assert xml(tmp_path, text, record="R/G_1").values("N") == [f"1{SEVERAL}3"]
    named = xml(tmp_path, text, record="R/G_1", namespaces={"o": "urn:other"})
    assert (named.columns, named.rows) == (("N", "o:N/@o:k", "o:N"), {1: ("1", "2", "3")})
    assert xml(tmp_path, text, record="d:R/G_1", namespaces={"d": "urn:d"}).columns == ("N", "N/@k")
    assert refused(tmp_path, text, record="R/G_1", namespaces={"d": "urn:d"})[0] == "no_record"


def test_old_values_are_read_as_if_they_were_not_there(tmp_path: Path) -> None:
    text = of(
        "<N>1</N><City>new<OLD>old</OLD></City><Job_OLD>x</Job_OLD><Job old='y'>z</Job>",
        "<N>2</N><City type='OLD'>old</City><City>new</City><Group_OLD><N>9</N></Group_OLD>",
    )
    found = xml(tmp_path, text, old_values=["OLD", "*_OLD", "@old", "@type=OLD"])
    assert (found.columns, found.rows) == (("N", "City", "Job"), {1: ("1", "new", "z"), 2: ("2", "new", None)})


def test_a_record_of_old_values_is_none(tmp_path: Path) -> None:
    text = "<R><G_1 state='before'><N>1</N></G_1><G_1><N>2</N></G_1></R>"
    assert xml(tmp_path, text, old_values=["@state=before"]).rows == {1: ("2",)}


def test_of_changes_a_missing_tag_is_left_out_and_an_empty_one_is_blank(tmp_path: Path) -> None:
    text = '<R xmlns:i="http://www.w3.org/2001/XMLSchema-instance">' + "".join(
        f"<G_1><N>{n}</N>{rest}</G_1>"
        for n, rest in enumerate(("<A/>", "<A></A><B>x</B>", "", "<A i:nil='true'> </A>"))
    )
    found = xml(tmp_path, text + "</R>", content="changes-only")
    assert found.columns == ("N", "A", "B")
    assert found.values("A") == [None] * 4
    assert found.unsaid == {1: ["B"], 3: ["A", "B"], 4: ["B"]}


def test_a_repeated_tag_is_held_back_unless_the_profile_says_which_one_counts(tmp_path: Path) -> None:
    text = of("<P>1</P><P>2</P><P>3</P>", "<P>1</P><P>1</P>")
    assert xml(tmp_path, text).values("P") == [f"1{SEVERAL}2{SEVERAL}3", "1"]
    assert xml(tmp_path, text, repeated={"P": "first"}).values("P") == ["1", "1"]
    assert xml(tmp_path, text, repeated={"P": "last"}).values("P") == ["3", "1"]


def test_records_in_which_something_would_be_lost_are_rejects(tmp_path: Path) -> None:
    text = of("<N>1</N>and more", "<A>x<B/></A>", "<G_1><N>3</N></G_1>", f"<N>{'x' * 101}</N>", "<N>5</N>")
    found = xml(tmp_path, text, max_field_chars=100)
    assert found.rejects == [
        (1, "stray_text", None),
        (2, "stray_text", None),
        (3, "nested_record", None),
        (4, "field_too_long", "N"),
    ]
    assert list(found.rows) == [5]


def test_groups_beside_the_records_and_tags_that_nobody_has_are_told(tmp_path: Path) -> None:
    text = "<R><G_1><N>1</N></G_1><G_2><N>2</N></G_2><G_2><N>3</N></G_2><HEAD>x</HEAD></R>"
    found = xml(tmp_path, text, tags=["N", "Nmae"])
    assert found.summary == (
        "XML, utf-8, 2 columns, 1 record; no record has Nmae; groups beside the records are not read: G_2 (2)"
    )
    assert found.columns == (
        "N",
        "Nmae",
    )  # of a full extract a tag that the profile names is blank where it is not there


def test_a_profile_that_has_changed_since_the_file_was_taken_reads_it_anew(tmp_path: Path) -> None:
    text = "<R><G_1><N>1</N></G_1><G_2><N>2</N></G_2></R>"
    found = xml(tmp_path, text, later=source(format="xml", record="G_2", tags=["N", "M"]))
    assert (found.columns, found.rows) == (("N", "M"), {1: ("2", None)})


# --- encodings


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [
        ("utf-8", ""), ("utf-8", "UTF-8"), ("utf-8-sig", "utf-8"), ("utf-8-sig", ""), ("cp1252", "windows-1252"),
        ("latin-1", "ISO-8859-1"), ("utf-16", ""), ("utf-16", "UTF-16"), ("utf-16-le", "UTF-16"), ("utf-16-be", ""),
        ("utf-32", ""), ("shift_jis", "Shift_JIS"), ("cp1250", "windows-1250"),
    ],
)  # fmt: skip
def test_a_file_is_read_in_the_encoding_that_its_mark_or_its_declaration_says(
    tmp_path: Path, encoding: str, declared: str
) -> None:
    name = {"shift_jis": "\u4e2d", "cp1250": "\u0148"}.get(encoding, "Zo\u00eb")
    head = f'<?xml version="1.0" encoding="{declared}"?>' if declared else '<?xml version="1.0"?>'
    for packed in (bytes, gzip.compress):
        found = xml(tmp_path, packed((head + of(f"<N>{name}</N>")).encode(encoding)))
        assert found.values("N") == [name]


def test_the_source_names_the_encoding_of_a_file_that_declares_none(tmp_path: Path) -> None:
    data = of("<N>Zo\u00eb</N>").encode("cp1252")
    assert xml(tmp_path, data, encoding="windows-1252").values("N") == ["Zo\u00eb"]
    rule, message = refused(tmp_path, data)
    assert rule == "undecodable"
    assert "XML without a declaration" in message


@pytest.mark.parametrize(
    ("data", "encoding", "words"),
    [
        (b'<?xml version="1.0" encoding="UTF-8"?><R>\xeb\xe9</R>', "auto", "its declaration"),
        (b'\xef\xbb\xbf<?xml version="1.0" encoding="windows-1252"?><R/>', "auto", "its byte order mark say utf-8"),
        (b'<?xml version="1.0" encoding="UTF-8"?><R/>', "windows-1252", "the source says windows-1252"),
        ('<?xml version="1.0" encoding="UTF-8"?><R/>'.encode("utf-16"), "auto", "its declaration says utf-8"),
        (b'<?xml version="1.0" encoding="nonsense"?><R/>', "auto", "an encoding that nobody here knows"),
        (b'<?xml version="1.0" encoding="idna"?><R/>', "auto", "an encoding that nobody here knows"),
        (b'<?xml version="1.0" encoding="UTF-16"?><R/>', "auto", "its bytes are not"),
        ('<?xml version="1.0"?><R/>'.encode("cp037"), "auto", "EBCDIC"),
    ],
)
def test_an_encoding_that_is_contradicted_or_wrong_is_refused(
    tmp_path: Path, data: bytes, encoding: str, words: str
) -> None:
    rule, message = refused(tmp_path, data, encoding=encoding)
    assert rule == "undecodable"
    assert words in message


def test_damaged_bytes_and_control_characters_spoil_their_cell_and_nothing_else(tmp_path: Path) -> None:
    data = of(
        "<N>1</N><C>\u00e9\u00e9\u00e9\u00e9</C>", "<N>2</N><C>a@b</C>", "<N>3</N><C>a#b</C>", "<N>4</N><C>\uffff</C>"
    ).encode()
    found = xml(tmp_path, data.replace(b"@", b"\xff").replace(b"#", b"\0"))
    assert found.values("N") == ["1", "2", "3", "4"]
    assert found.values("C") == ["\u00e9\u00e9\u00e9\u00e9", "a\ufffdb", "a\x7fb", "\ufffd"]
    assert found.summary.endswith("1 byte is not utf-8: the cells that hold them are held back")
    ascii_ = of("<N>1</N><C>a@b</C>", *(f"<N>{n}</N>" for n in range(2, 40))).encode()
    assert xml(tmp_path, ascii_.replace(b"@", b"\xff")).values("C")[0] == "a\ufffdb"


def test_a_reference_to_a_control_character_spoils_its_cell_wherever_the_chunks_are_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells = ("&#0;", "a&#x1A;b", "&#031;", "&#xD800;&#xffff;", "&#9;&#x0A;&#xD;&#32;x", "&amp;#26;", "&#38;")
    text = of(*(f"<C>{cell}</C>" for cell in cells))
    for size in range(2, 24):
        monkeypatch.setattr("hcm_pipeline.sources.unpack.CHUNK", size)
        found = both(tmp_path, text, monkeypatch).values("C")
        assert found == ["\x7f", "a\x7fb", "\x7f", "\x7f\x7f", "\t\n\r x", "&#26;", "&"]


# --- files that are refused

BOMB = '<!DOCTYPE z [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><R><G_1><N>&b;</N></G_1></R>'


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (BOMB, "xml_document_type"),
        ('<!DOCTYPE z SYSTEM "file:///etc/passwd"><R><G_1/></R>', "xml_document_type"),
        ('<!DOCTYPE z [<!ENTITY x SYSTEM "file:///etc/passwd">]><R><G_1>&x;</G_1></R>', "xml_document_type"),
        ("<!DOCTYPE html><html><body/></html>", "xml_document_type"),
        ("<R><G_1><N>&nbsp;</N></G_1></R>", "xml_broken"),
        ("<R><G_1><N>a & b</N></G_1></R>", "xml_broken"),
        ("<R><G_1><N>&#x110000;</N></G_1></R>", "xml_broken"),
        ("<R><G_1><N>1</M></G_1></R>", "xml_broken"),
        ("<R><x:G_1/></R>", "xml_broken"),
        ("<R><G_1/></R><R><G_1/></R>", "xml_broken"),
        ("<R><G_1><N>1</N></G_1>", "xml_cut_short"),
        ("<R><G_1><N>1</N></G_1><G_1><N", "xml_cut_short"),
        ("<R><G_1><N><![CDATA[1", "xml_cut_short"),
        (f"{'<R>' * 300}{'</R>' * 300}", "xml_too_deep"),
        ("<R><G_1>" + "".join(f"<T{n}/>" for n in range(20_001)) + "</G_1></R>", "too_many_tags"),
        ("", "empty_file"),
        ("\ufeff", "not_xml"),
        ("Number,Active\n1,Y\n", "not_xml"),
        ("<html><body>Sign in</body></html>", "no_record"),
        ("<R/>", "no_record"),
        ("<R><G_1><Name/><NAME/></G_1></R>", "duplicate_column"),
        ("<R><G_1><Row_No/></G_1></R>", "reserved_column"),
    ],
)
def test_a_document_that_is_no_whole_extract_is_refused(tmp_path: Path, text: str, rule: str) -> None:
    assert refused(tmp_path, text)[0] == rule


def test_a_refusal_tells_line_and_column_and_no_value(tmp_path: Path) -> None:
    rule, message = refused(tmp_path, of("<N>1</N>", "\n<N>Secretname</M>"))
    assert (rule, "Secretname" in message) == ("xml_broken", False)
    assert "mismatched tag, in line 2, column 16" in message


def test_plain_records_are_read_without_what_imports_pandas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def imports_pandas(*_: object, **__: object) -> None:
        raise AssertionError("40 MB")

    monkeypatch.setattr("pyarrow.array", imports_pandas)
    text = of(*(f"<N a='{n}'>{n}</N><N>1</N><C>R&amp;D</C><E/>" + "<F/>" * (n % 2) for n in range(9)))
    found = xml(tmp_path, text, content="changes-only", repeated={"N": "first"})
    assert (found.values("C"), found.values("E"), found.values("N/@a")) == (["R&D"] * 9, [None] * 9, list("012345678"))
    assert found.unsaid == {number: ["F"] for number in range(1, 10, 2)}


def test_one_endless_tag_is_refused_before_it_fills_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hcm_pipeline.safe_xml.LONGEST_TOKEN", 1 << 21)
    assert refused(tmp_path, f"<R><G_1 a='{'x' * (1 << 23)}'/></R>")[0] == "xml_too_long"


def test_an_endless_text_is_refused_before_it_fills_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hcm_pipeline.sources.xml.record_reader.LONGEST_TEXT", 1 << 18)
    assert refused(tmp_path, of(f"<N>{'x' * (1 << 20)}</N>"))[0] == "record_too_long"


def test_changes_of_nobody_are_an_extract(tmp_path: Path) -> None:
    found = xml(tmp_path, "<R/>", content="changes-only")
    assert (found.columns, found.rows, found.description.records) == ((), {}, 0)


# --- keys


@pytest.mark.parametrize(
    ("keys", "fault"),
    [
        ("", "sources[1].record = (missing)"),
        ('record = "A//B"', "sources[1].record"),
        ('record = "A/*"', "sources[1].record"),
        ('record = "x:A"', "prefixes that `namespaces` has; x is none"),
        ('record = "A"\ntags = ["../B"]', "sources[1].tags"),
        ('record = "A"\nenclosing = ["B"]', "sources[1].enclosing"),
        ('record = "A"\nold_values = ["*"]', "sources[1].old_values"),
        ('record = "A"\nrepeated = { B = "any" }', "sources[1].repeated"),
        ('record = "A"\ntags = ["C"]\nrepeated = { B = "last" }', "sources[1].repeated = 'B': one of tags"),
        ('record = "A"\nquote = "none"', "sources[1].quote = 'none': no key of the format xml"),
    ],
)
def test_keys_that_do_not_fit_are_faults_of_the_profile(keys: str, fault: str) -> None:
    text = PROFILE.replace('name = "news"\nglob', f'name = "news"\nformat = "xml"\n{keys}\nglob')
    with pytest.raises(ProfileError) as caught:
        parse_profile(text, "firm.toml")
    assert fault in str(caught.value)


# --- the fast way


def both(folder: Path, data: bytes | str, monkeypatch: pytest.MonkeyPatch, **given: Any) -> Read:
    """A file that is read the fast way, if it can be, and with care: both find the same."""
    found = xml(folder, data, **given)
    with monkeypatch.context() as changed:
        changed.setattr("hcm_pipeline.sources.xml.survey.may_be_plain", lambda _: False)
        careful = xml(folder, data, **given)
    assert not careful.description.shape["is_plain"]
    assert (found.columns, found.rows, found.rejects, found.total, found.unsaid) == (
        careful.columns, careful.rows, careful.rejects, careful.total, careful.unsaid,
    )  # fmt: skip
    assert found.summary == careful.summary
    return found


@pytest.mark.parametrize(
    ("record", "plain"),
    [
        ("<N>1</N><A/>", True), ("<N>1</N >\n <A ></A>", True), ("<G><N>1</N><H><A>x</A></H></G>", True),
        ("<N>a&amp;b &lt;&#65;&#x42;&amp;lt; &#38;amp;</N>", True), ("<N>a > b = c</N>", True), ("<N>1\r\n2&#13;</N>", True),
        ("<N>1<!-- </G_1> -->2</N>", True), ("<N><![CDATA[<G_1>&lt;]]>1</N>", True), ("<?x y?><N>1</N>", True),
        ("<N a='>'>1</N>", False), ("<N a='b&amp;&#10;\t ' xmlns='urn:y'>1</N><A xml:lang='en' k=\"'\"/>", True),
        ("<N a='1'/><N a='2'>3</N><N/>", True), ("<G><N>1</N></G><G><N/></G>", True),
        ("<N>1</N><N>1</N>", True), ("<N>1</N><N>2</N><A>4</A><N>3</N><A>4</A><A>5</A>", True),
        ("<N>1</N>x", False), ("<G>x<N>1</N></G>", False), ("<G><N>1</N>x</G>", False), ("<A/>x", False), ("", False),
        ("<G_1><N>1</N></G_1>", False), ("<N_OLD>1</N_OLD><A/><N_OLD/>", True),
        ("<G_OLD k='1'>x<N>1</N>y<N_OLD/><G_1/></G_OLD>\n<N>2</N>", True), 
        ("<N_OLD>1</N_OLD>x<N/>", False), ("<N><N_OLD/></N>", False),
        ("<N>" + "x" * 99 + "</N>", False),
        ("<N xmlns:p='urn:p' p:a='1'/>", True), ("<p:N xmlns:p='urn:p'>1</p:N><N>2</N>", True), ("<z:N>1</z:N><A z:b='2'/>", True),
        ("<N i:nil='true'> </N><A i:nil='0'>2</A><G i:nil='1'><N>3</N></G>", True), ("<z:N xmlns:z='urn:p'/>", False),
        ("<N xmlns:p='urn:p' p:a='1' a='2'/>", False), ("<N a='" + "x" * 99 + "'/>", False),
    ],
)  # fmt: skip
def test_the_fast_way_is_for_plain_records_and_finds_what_careful_reading_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, record: str, plain: bool
) -> None:
    keys: dict[str, Any] = {
        "old_values": ["*_OLD"],
        "max_field_chars": 90,
        "total": "R/COUNT",
        "repeated": {"A": "last"},
    }
    spaces = 'xmlns="urn:x" xmlns:z="urn:z" xmlns:i="http://www.w3.org/2001/XMLSchema-instance"'
    head = f'<?xml version="1.0"?>\n<!-- Generated by Oracle BI Publisher <G_1> -->\n<R {spaces}>'
    text = (
        f"{head}<P/><G_1 id='&#9;7'><N>0</N></G_1><Q><z:G_1>{record}</z:G_1></Q><B><C>1</C></B><COUNT> 3 </COUNT>\n</R>"
    )
    assert both(tmp_path, text, monkeypatch, **keys).description.shape["is_plain"] is plain
    monkeypatch.setattr("hcm_pipeline.sources.xml.plain_records.PIECE", 8)
    monkeypatch.setattr("hcm_pipeline.sources.unpack.CHUNK", 8)
    assert both(tmp_path, text, monkeypatch, **keys).description.shape["is_plain"] is plain


parts = st.recursive(
    st.sampled_from(
        ["", "1", " ", "a&amp;b", "\u00e9", ">", "\r\n", "=", "<!--x-->", "<![CDATA[<]]>", "\r", "\n", "\n" + 9 * " ",
         9 * " " + "x"]
    ),
    lambda inner: st.builds(
        lambda name, space, texts: f"<{name}{space}>{''.join(texts)}</{name}>" if texts else f"<{name}{space}/>",
        st.sampled_from("ABCN"), st.sampled_from(["", "", " ", " k='v'"]), st.lists(inner, max_size=3),
    ),
    max_leaves=6,
)  # fmt: skip


@settings(max_examples=examples(20), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(["G_1", "G_1", "P"]), st.lists(parts, max_size=3)), min_size=1, max_size=4))
def test_either_way_finds_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, records: list[tuple[str, list[str]]]
) -> None:
    text = "<R><G_1><N>0</N></G_1>" + "".join(f"<{name}>{''.join(inner)}</{name}>" for name, inner in records) + "</R>"
    with monkeypatch.context() as changed:
        in_small_pieces(changed)
        both(tmp_path, text, changed)
        both(tmp_path, text, changed, content="changes-only", repeated={"A": "first", "B": "last"})


def in_small_pieces(changed: pytest.MonkeyPatch) -> None:
    """Files are read in pieces of a record or two, of which each is a batch."""
    changed.setattr("hcm_pipeline.sources.xml.plain_records.PIECE", 40)
    changed.setattr("hcm_pipeline.sources.unpack.CHUNK", 30)
    changed.setattr("hcm_pipeline.sources.xml.plain_records._CELLS", 3)
    changed.setattr("hcm_pipeline.sources.column_writer._BATCH_BYTES", 1)
    changed.setattr("hcm_pipeline.sources.column_writer._ROWS_BESIDE", 1)


record = st.sampled_from(["<G_1><N>1</N></G_1>", "<G_1 a='2'/>", "<P/>"])
around = st.recursive(
    st.sampled_from(["<A>1</A>", "<A>2</A>", "<A/>", "<B b='1'/>", "<B b=''>x</B>", "<B>y</B>", "\n"]) | record | record,
    lambda inner: st.builds(
        lambda name, parts: f"<{name}>{''.join(parts)}</{name}>", st.sampled_from("DDE"), st.lists(inner, max_size=6)
    ),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=examples(15), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(around, min_size=1, max_size=6), st.booleans(), st.sampled_from(["full", "changes-only"]))
def test_either_way_gives_the_records_the_values_of_the_groups_around_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parts: list[str], small: bool, content: str
) -> None:
    with monkeypatch.context() as changed:
        if small:
            in_small_pieces(changed)
        text = f"<R><D><A>0</A><G_1><N>0</N></G_1></D>{''.join(parts)}</R>"
        both(
            tmp_path,
            text,
            changed,
            content=content,
            enclosing=["../A", "../B/@b", "../../A", "../B"],
            max_field_chars=1,
        )


@pytest.mark.service
def test_another_process_finds_of_a_large_file_what_this_one_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[subprocess.Popen[bytes] | None] = []
    start = checking._started

    def starting() -> subprocess.Popen[bytes] | None:
        started.append(start())
        return started[-1]

    def read_again(*_: object) -> None:
        raise AssertionError("nothing has to be mended in it")

    monkeypatch.setattr(checking, "_started", starting)
    monkeypatch.setattr(checking, "LARGE", dict.fromkeys(("none", "gzip"), 0))
    monkeypatch.setattr("hcm_pipeline.sources.unpack.CHUNK", 64)
    sound = of(*(f"<N>{number}</N>" for number in range(20)))
    with monkeypatch.context() as changed:
        changed.setattr("hcm_pipeline.sources.xml.survey._survey_plain", read_again)
        assert xml(tmp_path, gzip.compress(sound.encode())).values("N") == [str(number) for number in range(20)]
    faults = [sound[:-1], sound.replace("7</N>", "7</M>", 1), sound.replace(">7<", ">\x1a&#7;<")]
    found = [outcome(tmp_path, text) for text in faults]
    assert [process.returncode is not None for process in started if process] == [True] * 4
    monkeypatch.setattr(checking, "_started", lambda: None)
    assert [outcome(tmp_path, text) for text in faults] == found
    monkeypatch.setattr(sys, "executable", "/bin/true")
    monkeypatch.setattr(checking, "_started", start)
    assert outcome(tmp_path, sound) == ("7", True)
    assert [rule for rule, _ in found] == ["xml_cut_short", "xml_broken", "\x7f\x7f"]


def outcome(folder: Path, text: str) -> tuple[str | None, object]:
    """The rule and message of a refusal; or the eighth value, and whether it was read the fast way."""
    try:
        found = xml(folder, text)
    except ExtractRefused as refusal:
        return refusal.rule, refusal.message
    return found.values("N")[7], found.description.shape["is_plain"]


pieces = st.sampled_from(
    [
        b"<A>", b"</A>", b"<A b='", b"'/>", b"<!--", b"-->", b"\xc3\xa9", b"\xc3", b"\xed\xa0\x80", b"\x1a", b"\xf4\x90\x80\x80",
        b"\xef\xbf\xbe", b"\xef\xbf\xbf", b"&#0;", b"&#xFFFE;", b"&#65;", b"&#x1", b"f;", b"\x7f", b"\xc0\x80", b"x",
    ]
)  # fmt: skip


@settings(max_examples=examples(60))
@given(st.lists(pieces, max_size=6))
def test_nothing_has_to_be_mended_in_what_expat_reads(inner: list[bytes]) -> None:
    whole = b"".join([b"<R>", *inner, b"</R>"])
    cleaner = Cleaner(DeclaredEncoding("utf-8", "", 0), "extract")
    try:
        list(checking.checked(iter([whole[:9], whole[9:]]), large=False))
    except checking.NotSound:
        return
    assert b"".join(cleaner.clean(iter([whole]))) == whole
    assert (cleaner.changed, cleaner.damaged) == (False, 0)


# --- what always holds

tags = st.sampled_from(["N", "A", "B", "C"])
texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Cn")), max_size=8)
people = st.lists(st.dictionaries(tags, st.none() | texts, min_size=1), min_size=1, max_size=6)


@settings(max_examples=examples(25), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(people, st.sampled_from(["utf-8", "utf-16", "utf-8-sig"]), st.sampled_from(["", "\n  "]))
def test_every_value_is_read_as_it_was_written(
    tmp_path: Path, records: list[dict[str, str | None]], encoding: str, between: str
) -> None:
    text = of(
        *(
            between.join(
                ["", *(f"<{tag}/>" if v is None else f"<{tag}>{escape(v)}</{tag}>" for tag, v in one.items()), ""]
            )
            for one in records
        )
    )
    found = xml(tmp_path, text.encode(encoding), content="changes-only")
    for number, one in enumerate(records, 1):
        row = dict(zip(found.columns, found.rows[number], strict=True))
        assert {column: value for column, value in row.items() if value is not None} == {
            k: v for k, v in one.items() if v
        }
        assert set(found.unsaid.get(number, [])) == set(found.columns) - set(one)
