from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import zipfile
from dataclasses import asdict
from pathlib import Path
from typing import Literal

import pytest
from pydantic import ValidationError

from hcm_pipeline.errors import ExtractRefused
from hcm_pipeline.sources import examine
from hcm_pipeline.sources.unpack import CHUNK

from .build import refusal, source, staged, written

TEXT = "Number,Name\n1,Zoë\n2,Núñez\n"
ROWS = [(2, "1", "Zoë"), (3, "2", "Núñez")]


def zipped(*members: tuple[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("data", "encoding", "reason"),
    [
        (b"Number,Name\n1,Zoe\n", "utf-8", "plain ASCII"),
        (TEXT.encode(), "utf-8", "valid throughout"),
        (b"\xef\xbb\xbf" + TEXT.encode(), "utf-8", "byte order mark"),
        (b"\xff\xfe" + TEXT.encode("utf-16-le"), "utf-16-le", "byte order mark"),
        (b"\xfe\xff" + TEXT.encode("utf-16-be"), "utf-16-be", "byte order mark"),
        (TEXT.encode("utf-16-le"), "utf-16-le", "every other byte is NUL"),
        (TEXT.encode("utf-16-be"), "utf-16-be", "every other byte is NUL"),
        (TEXT.encode("cp1252"), "windows-1252", "fallback of the source"),
        (TEXT.encode("cp1252") + b"3,\x81\n", "latin-1", "windows-1252 does not define"),
    ],
)
def test_the_encoding_is_found_and_explained(tmp_path: Path, data: bytes, encoding: str, reason: str) -> None:
    found = staged(tmp_path, data)
    assert found.shape.encoding == encoding
    assert reason in found.shape.encoding_reason
    assert found.shape.header == ("Number", "Name")
    assert found.counts.rejected == 0
    if encoding != "latin-1" and b"Zoe" not in data:
        assert found.rows == ROWS


def test_latin_1_can_be_the_fallback(tmp_path: Path) -> None:
    found = staged(tmp_path, TEXT.encode("latin-1"), fallback_encoding="latin-1")
    assert (found.shape.encoding, found.rows) == ("latin-1", ROWS)


@pytest.mark.parametrize(
    ("fixed", "data"),
    [("utf-8", TEXT.encode()), ("utf-16", TEXT.encode("utf-16")), ("windows-1252", TEXT.encode("cp1252")),
     ("latin-1", TEXT.encode("latin-1"))],
)  # fmt: skip
def test_a_fixed_encoding_wins(tmp_path: Path, fixed: str, data: bytes) -> None:
    found = staged(tmp_path, data, encoding=fixed)
    assert found.rows == ROWS
    assert found.shape.encoding_reason == "fixed by the source"


@pytest.mark.parametrize(
    ("fixed", "data"),
    [("utf-8", TEXT.encode("cp1252")), ("utf-16", TEXT.encode()),
     ("windows-1252", b"a,b\n1,\x81\x8d\x8f\x90\n"), ("windows-1252", b"\xef\xbb\xbf" + TEXT.encode()),
     ("utf-8", TEXT.encode("utf-16"))],
)  # fmt: skip
def test_a_file_that_breaks_its_fixed_encoding_is_refused(tmp_path: Path, fixed: str, data: bytes) -> None:
    assert refusal(written(tmp_path, data), encoding=fixed) == "undecodable"


def test_a_damaged_row_of_a_utf_8_file_does_not_turn_the_file_into_another_encoding(tmp_path: Path) -> None:
    found = staged(tmp_path, TEXT.encode() + b"3,Z\xc3\n4,Jos\xc3\xa9\n")
    assert found.shape.encoding == "utf-8"
    assert found.rows == [
        *ROWS,
        (4, "3", "Z\ufdd0"),
        (5, "4", "José"),
    ]  # the cell breaks a rule of the contract, and the row counts
    assert found.rejects == []


@pytest.mark.parametrize("encoding", ["auto", "utf-8"])
def test_a_damaged_row_of_which_nobody_can_tell_whose_the_bytes_are_is_no_row(tmp_path: Path, encoding: str) -> None:
    found = staged(tmp_path, TEXT.encode() + b"3,Z\xc3,9\n4,Jos\xc3\xa9\n", encoding=encoding)
    assert found.rows == [*ROWS, (5, "4", "José")]
    assert found.rejects == [(4, "undecodable", None, "bytes that are not valid in the file's encoding", "3,Z\\xc3,9")]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    text = 'Number,Name,Note\n1,"Núñez; Jr.|a",x\n2,b,"c;d"\n'.replace(",", delimiter)
    found = staged(tmp_path, text)
    assert found.shape.delimiter == delimiter
    assert found.rows == [(2, "1", "Núñez; Jr.|a", "x"), (3, "2", "b", "c;d")]


def test_a_delimiter_of_the_source_wins(tmp_path: Path) -> None:
    assert staged(tmp_path, "a;b,c\n1;2,3\n", delimiter=",").shape.header == ("a;b", "c")


def test_commas_in_names_do_not_hide_the_pipe(tmp_path: Path) -> None:
    found = staged(tmp_path, "Number|Name\n1|Núñez, Jr., MD\n2|Berg, Jan, X\n")
    assert found.rows == [(2, "1", "Núñez, Jr., MD"), (3, "2", "Berg, Jan, X")]


def test_one_column_is_a_legal_file(tmp_path: Path) -> None:
    found = staged(tmp_path, 'Number\n1\n\n"2"\n')
    assert (found.shape.header, found.rows) == (("Number",), [(2, "1"), (4, "2")])


@pytest.mark.parametrize(
    ("text", "kind"),
    [("a,b\n1,2\n", "lf"), ("a,b\r\n1,2\r\n", "crlf"), ("a,b\r1,2\r", "cr"), ("a,b\r\n1,2\n", "mixed"), ("a,b", "lf"),
     ('a,b\r\n1,"x\ny"\r\n', "crlf"), ('a,b\n1,"x\r\ny"\n', "lf")],
)  # fmt: skip
def test_line_ends_are_counted_outside_quotes(tmp_path: Path, text: str, kind: str) -> None:
    assert examine(written(tmp_path, text), source()).newline == kind


def test_header_names_are_trimmed_and_blank_ones_are_numbered(tmp_path: Path) -> None:
    found = staged(tmp_path, '\ufeff Number ,"Na ""me""",\n1,2,3\n')
    assert found.shape.header == ("Number", 'Na "me"', "column_3")
    assert found.rows == [(2, "1", "2", "3")]


def test_a_header_in_the_fallback_encoding_is_read_in_it(tmp_path: Path) -> None:
    assert staged(tmp_path, "Straße;Größe\n1;2\n".encode("cp1252")).shape.header == ("Straße", "Größe")


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"", "empty_file"),
        (b"\xef\xbb\xbf", "empty_file"),
        (gzip.compress(b""), "empty_file"),
        (zipped(), "empty_file"),
        (b"\n\r\n\n", "no_header"),
        (b",,\n1,2,3\n", "no_header"),
        (b"x" * (CHUNK + 5), "no_header"),
        (b"Email,Name,EMAIL\n", "duplicate_column"),
        (b"Row_No,Name\n", "reserved_column"),
        (b"a\0,b\n", "undecodable"),
        (b'a,"b\n1,2\n', "unterminated_quote"),
        (gzip.compress(TEXT.encode() * 50)[:-9], "broken_archive"),
        (gzip.compress(TEXT.encode() * 50) + b"junk", "broken_archive"),
        (zipped(("a.csv", TEXT.encode() * 50))[:-9], "broken_archive"),
        (zipped(("a.csv", TEXT.encode()), ("b.csv", TEXT.encode())), "several_members"),
        (zipped(("[Content_Types].xml", b"x"), ("xl/workbook.xml", b"x")), "several_members"),
        (bz2.compress(TEXT.encode()), "not_text"),
        (lzma.compress(TEXT.encode()), "not_text"),
        (gzip.compress(zipped(("a.csv", TEXT.encode()))), "not_text"),
        (zipped(("a.csv.gz", gzip.compress(TEXT.encode()))), "not_text"),
        (b"%PDF-1.7\n", "not_text"),
        (b"a.tar".ljust(257, b"\0") + b"ustar\0" + bytes(512), "not_text"),
        (zipped(("../a.csv", TEXT.encode())), "unsafe_member"),
        (zipped(("/etc/a.csv", TEXT.encode())), "unsafe_member"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_for_its_rule(tmp_path: Path, data: bytes, rule: str) -> None:
    assert refusal(written(tmp_path, data)) == rule


def test_a_zip_whose_bytes_were_changed_is_refused(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("a.csv", TEXT)
    assert refusal(written(tmp_path, packed.getvalue().replace(b"Number", b"Numbex"))) == "broken_archive"


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    data = bytearray(zipped(("a.csv", TEXT.encode())))
    data[data.index(b"PK\x01\x02") + 8] |= 1
    data[6] |= 1
    assert refusal(written(tmp_path, bytes(data))) == "encrypted_archive"


@pytest.mark.parametrize("pack", [gzip.compress, lambda data: zipped(("a.csv", data))])
def test_a_bomb_is_refused_by_its_unpacked_size(tmp_path: Path, pack: object) -> None:
    assert callable(pack)
    path = written(tmp_path, pack(b"a,b\n" + b"0" * (8 * CHUNK)))
    assert path.stat().st_size < 64 * 1024
    assert refusal(path, max_bytes=2 * CHUNK) == "unpacked_too_large"


def test_a_zip_that_understates_its_size_is_refused_all_the_same(tmp_path: Path) -> None:
    data = zipped(("a.csv", b"a,b\n" + b"1,2\n" * CHUNK))
    real = (4 + 4 * CHUNK).to_bytes(4, "little")
    assert refusal(written(tmp_path, data.replace(real, (100).to_bytes(4, "little")))) == "broken_archive"


def test_a_plain_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    assert refusal(written(tmp_path, TEXT * 10), max_bytes=100) == "unpacked_too_large"


@pytest.mark.parametrize(
    ("data", "compression"),
    [
        (gzip.compress(TEXT.encode()), "gzip"),
        (gzip.compress(TEXT[:15].encode()) + gzip.compress(TEXT[15:].encode()), "gzip"),
        (zipped(("dir/", b""), ("dir/a.csv", TEXT.encode()), ("__MACOSX/._a.csv", b"x")), "zip"),
        (gzip.compress(TEXT.encode("utf-16")), "gzip"),
        (zipped(("a.csv", TEXT.encode("cp1252"))), "zip"),
    ],
)
def test_packed_files_are_known_by_their_bytes_and_read(tmp_path: Path, data: bytes, compression: str) -> None:
    found = staged(tmp_path, data)
    assert (found.shape.compression, found.rows, found.counts.path) == (compression, ROWS, "fast")
    assert [path.name for path in tmp_path.iterdir()] == ["workers.csv"]


def test_a_header_and_nothing_else_passes_with_no_records(tmp_path: Path) -> None:
    for text in ("a,b", "a,b\n", "a,b\r\n\r\n"):
        found = staged(tmp_path, text)
        assert (found.shape.records, found.counts.rows, found.counts.rejected) == (0, 0, 0)


def test_a_shape_can_be_kept_as_json(tmp_path: Path) -> None:
    shape = examine(written(tmp_path, TEXT), source())
    assert json.loads(json.dumps(asdict(shape)))["header"] == ["Number", "Name"]


def test_a_file_of_several_chunks_is_counted_across_their_borders(tmp_path: Path) -> None:
    record = '"1","Zoë ""Z""\r\n, x",\r\n'
    count = 3 * CHUNK // len(record.encode())
    for shift in range(4):
        shape = examine(written(tmp_path, "a,b" + "b" * shift + ",c\r\n" + record * count), source())
        assert (shape.records, shape.newline, shape.irregular) == (count, "crlf", ())
        assert shape.longest_record == len(record.encode()) - 2


def test_a_heading_that_stands_twice_is_told_by_its_place(tmp_path: Path) -> None:
    with pytest.raises(ExtractRefused, match="the headings at the places 1, 3 are the same") as caught:
        staged(tmp_path, b"Lee,Ann,LEE\n1,2,3\n")
    assert "Lee" not in str(caught.value)


LETTERS = {
    "windows-1250": "Łukasz Dvořák", "windows-1251": "Анна Їжак", "windows-1253": "Γιάννης", "windows-1254": "Çağrı Yıldız",
    "windows-1255": "שרה", "windows-1256": "محمد", "windows-1257": "Žukauskienė", "iso-8859-2": "Jiří Gęślą", "iso-8859-9": "Ayşe",
    "iso-8859-15": "Œuvre €", "koi8-u": "Їжак", "cp852": "Łódź", "cp037": "Zoë", "mac-roman": "Zoë", "tis-620": "สมชาย",
    "shift_jis": "山田①髙ｱ", "cp932": "山田～", "euc_jp": "山田", "iso2022_jp": "山田", "gb18030": "赵钱孙李周吴郑王㐀",
    "gbk": "赵钱孙李", "big5": "林志玲碁", "euc-kr": "김철수똠",
    "utf-16": "Zoë 山", "utf-16-le": "Zoë 山", "utf-32": "Zoë 山", "utf-8-sig": "Zoë 山",
}  # fmt: skip


@pytest.mark.parametrize("encoding", LETTERS)
def test_every_text_encoding_of_python_can_be_named(tmp_path: Path, encoding: str) -> None:
    name = {"shift_jis": "cp932", "big5": "cp950", "euc-kr": "cp949"}.get(encoding, encoding)
    word = LETTERS[encoding]
    data = f'Number,Name {word},"Ci,ty"\r\n1,{word},"a,{word}"\r\n2,b,c\r\n'.encode(name)
    found = staged(tmp_path, data, encoding=encoding)
    assert found.shape.header == ("Number", f"Name {word}".strip(), "Ci,ty")
    assert [row[1:] for row in found.rows] == [("1", word, f"a,{word}"), ("2", "b", "c")]
    if not encoding.startswith(("utf", "iso2022", "cp037")):
        assert staged(tmp_path, data, fallback_encoding=encoding).rows == found.rows


@pytest.mark.parametrize(
    "encoding",
    ["base64", "zlib", "rot13", "hex", "uu", "quopri", "idna", "punycode", "unicode_escape", "raw-unicode-escape", "undefined",
     "bz2", "no such", "utf-8\0", "", "mbcs"],
)  # fmt: skip
def test_codecs_that_are_no_encodings_of_text_are_refused(encoding: str) -> None:
    for key in ("encoding", "fallback_encoding"):
        with pytest.raises(ValidationError, match="text encoding that Python knows"):
            source(**{key: encoding})
    for wide in ("auto", "utf-16", "utf-8"):
        with pytest.raises(ValidationError, match="not UTF-8"):
            source(fallback_encoding=wide)


def test_bytes_that_the_named_encoding_lacks_are_a_refusal(tmp_path: Path) -> None:
    path = written(tmp_path, b"Number,Name\n" + 4 * b"1,a\x81\x00b\n")
    for encoding in ("cp932", "windows-1250", "gb18030", "ascii"):
        assert refusal(path, encoding=encoding) == "undecodable"
    assert refusal(written(tmp_path, b"Number\n1\n"), encoding="utf-32") == "undecodable"


@pytest.mark.parametrize(
    "encoding", ["windows-1252", "windows-1250", "windows-1257", "cp874", "cp932", "euc-kr", "ascii"]
)
def test_a_stray_byte_that_the_named_encoding_lacks_is_its_cells_fault(tmp_path: Path, encoding: str) -> None:
    stray = next(
        bytes([byte])
        for byte in (0x81, 0x90, 0xFC, 0xFF)
        if bytes([byte, 0x2C]).decode(encoding, "replace")[0] == "\ufffd"
    )
    word = LETTERS.get(encoding, "")
    text = f"Number,Name,City\n1,{word},A\n2,^,B\n3,{word}c^,^\n".encode({"euc-kr": "cp949"}.get(encoding, encoding))
    found = staged(tmp_path, text.replace(b"^", stray), encoding=encoding)
    sign = "\ufdd0"
    assert [row[1:] for row in found.rows] == [
        ("1", word or None, "A"),
        ("2", sign, "B"),
        ("3", f"{word}c{sign}", sign),
    ]
    assert (found.rejects, "bytes without a meaning" in found.shape.encoding_reason) == ([], True)


ASCII = b"Number,Name,City\n" + b"".join(b"%d,Name of somebody,City of somewhere\n" % n for n in range(40))


@pytest.mark.parametrize(
    ("encoding", "stray"),
    [("utf-8", b"\xff"), ("utf-8", b"\xc3"), ("utf-8", b"\xe9"), ("auto", b"\x81"), ("utf-16", b"\xd8\x00")],
)
def test_a_stray_byte_in_a_file_of_ascii_is_its_cells_fault(tmp_path: Path, encoding: str, stray: bytes) -> None:
    data = ASCII.replace(b"\n7,Name", b"\n7,N@me")
    data = data.decode().encode("utf-16-be") if encoding == "utf-16" else data
    data = (b"\xfe\xff" if encoding == "utf-16" else b"") + data.replace(
        b"\0@" if encoding == "utf-16" else b"@", stray
    )
    found = staged(tmp_path, data, encoding=encoding)
    assert [row[2] for row in found.rows if "\ufdd0" in str(row[2])] == ["N\ufdd0me of somebody"]
    assert (len(found.rows), found.rejects) == (40, [])


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
def test_a_unit_without_a_meaning_is_its_cells_fault_and_so_is_a_cut_end_but_a_lost_byte_is_the_files(
    tmp_path: Path, encoding: str
) -> None:
    big = encoding.endswith("be")
    order: Literal["big", "little"] = "big" if big else "little"
    size = 2 if "16" in encoding else 4
    for unit in (0xD800, 0xDC00, 0x110000, 0xFFFFFFFF):
        if unit >= 1 << 8 * size:
            continue
        data = ASCII.decode().replace("7,Name", "7,N@me", 1).encode(encoding)
        at = data.index("@".encode("utf-16-be" if size == 2 else "utf-32-be") if big else b"@" + bytes(size - 1))
        found = staged(tmp_path, data[:at] + unit.to_bytes(size, order) + data[at + size :], encoding=encoding)
        assert [row[2] for row in found.rows if "\ufdd0" in str(row[2])] == ["N\ufdd0me of somebody"]
        assert (len(found.rows), found.rejects) == (40, [])
        cut = staged(tmp_path, data[:-1], encoding=encoding)
        assert (len(cut.rows), cut.rows[-1][-1]) == (40, "City of somewhere\ufdd0")
        lost = data[: at - size] + data[at - size + 1 :]
        assert refusal(written(tmp_path, lost), encoding=encoding) == "undecodable"


@pytest.mark.parametrize("letters", ["éüß", "é"])
def test_a_file_in_another_encoding_than_the_named_one_is_refused_however_few_its_accents(
    tmp_path: Path, letters: str
) -> None:
    rows = "".join(f"{n},N{letters[n % len(letters)]}me,City\n" for n in range(9))
    data = f"Number,Name,City\n{rows}".encode("cp1252")
    assert refusal(written(tmp_path, data), encoding="utf-8") == "undecodable"
    assert refusal(written(tmp_path, data[:60]), encoding="utf-8") == "undecodable"
    assert staged(tmp_path, data).shape.encoding == "windows-1252"


def test_a_heading_with_a_stray_byte_shows_where_it_was(tmp_path: Path) -> None:
    for encoding, stray in (("utf-8", b"\xff"), ("windows-1250", b"\x81")):
        found = staged(tmp_path, ASCII.replace(b",Name,", b",N" + stray + b"me,", 1), encoding=encoding)
        assert found.shape.header == ("Number", "N\ufffdme", "City")
        assert (len(found.rows), found.rejects) == (40, [])


def test_utf_32_is_known_by_its_mark(tmp_path: Path) -> None:
    assert staged(tmp_path, "Number\nZoë\n".encode("utf-32")).rows == [(2, "Zoë")]
