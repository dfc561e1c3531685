"""XML files as a source's format."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from hcm_pipeline.characters import SEVERAL
from hcm_pipeline.extracts import Description
from hcm_pipeline.plain_text import counted
from hcm_pipeline.profile import Source
from hcm_pipeline.sources.row_writer import UNSAID
from hcm_pipeline.sources.source_format import ROW_NO, FileFormat, SourceFormat, StagedExtract
from hcm_pipeline.sources.xml.record_reader import ReadRecords, read_records
from hcm_pipeline.sources.xml.survey import XmlShape, asked, survey
from hcm_pipeline.warehouse import Relation, Scratch, literal, query, quote

_TOLD = 5
"""Names that a summary tells."""
_MANY = 100_000
"""Records of a file that streams through memory instead of filling it."""
_MEGABYTES, _MEGABYTES_OF_MANY, _COLUMNS_OF_ONE = 48, 16, 2
"""Of rows that wait to be written while such a file is read: so much, or for very many columns so much and one for two of them."""


class Xml(FileFormat):
    """HCM Extracts native XML, data of BI Publisher, and whatever else has an element for each record."""

    keys: ClassVar = frozenset(
        {
            "record", "tags", "enclosing", "old_values", "repeated", "total", "namespaces", "wrappers", "encoding",
            "max_field_chars",
        }
    )  # fmt: skip

    def faults(self, source: Source) -> Iterator[tuple[str, str, str]]:
        """A record path is needed, prefixes are declared, and what is repeated is a column."""
        if source.record is None:
            yield "record", "(missing)", "the path of the elements that are records, such as DATA_DS/G_1"
        paths = {
            "record": [source.record or ""], "total": [source.total or ""], "tags": source.tags or (),
            "enclosing": source.enclosing, "repeated": list(source.repeated),
        }  # fmt: skip
        for key, written in paths.items():
            for path in written:
                prefixes = {step.lstrip("@").partition(":")[0] for step in path.split("/") if ":" in step}
                if unknown := sorted(prefixes - set(source.namespaces)):
                    yield key, repr(path), f"prefixes that `namespaces` has; {', '.join(unknown)} is none"
        for tag in source.repeated:
            if source.tags is not None and tag not in source.tags:
                yield "repeated", repr(tag), "one of tags"

    def describe(self, stored: Path, source: Source, name: str) -> Description:
        """See `survey`."""
        return survey(stored, source, name)

    def summary(self, description: Description) -> str:
        """Encoding, packing, columns and records; and what is there beside them, or was expected and is not."""
        shape = XmlShape.of(description)
        packed = f", {shape.compression}" if shape.compression != "none" else ""
        columns, records = counted(len(description.columns), "column"), counted(description.records or 0, "record")
        told = f"XML, {shape.encoding}{packed}, {columns}, {records}"
        if shape.damaged:
            told += f"; {counted(shape.damaged, 'byte', 'are')} not {shape.encoding}: the cells that hold them are held back"
        if shape.unseen:
            told += f"; no record has {', '.join(shape.unseen[:_TOLD])}{_more(len(shape.unseen))}"
        if shape.beside:
            groups = [f"{name} ({count:,})" for name, count in list(shape.beside.items())[:_TOLD]]
            told += f"; groups beside the records are not read: {', '.join(groups)}{_more(len(shape.beside))}"
        return told

    def stage(
        self, t: Scratch, stored: Path, description: Description, source: Source, *, name: str, folder: Path
    ) -> StagedExtract:
        """See `read_records`. The file is surveyed anew where the profile says other things of it than when it was taken."""
        del folder
        if XmlShape.of(description).asked != asked(source):
            description = survey(stored, source, name)
        header, shape = description.columns, XmlShape.of(description)
        megabytes = max(_MEGABYTES, _MEGABYTES_OF_MANY + len(header) // _COLUMNS_OF_ONE)
        is_large = (description.records or 0) > _MANY
        read = t.fill(
            lambda: read_records(t, stored, shape, header, source, name=name), f"{megabytes}MB" if is_large else None
        )
        assert not is_large or t.count(read.writer.rows) == read.writer.kept, "DuckDB lost rows"
        records = read.writer.kept + read.writer.rejected
        rows, unsaid = read.writer.rows, read.writer.unsaid
        if read.groups is not None:
            rows, unsaid = _with_groups(t, read, read.groups, header, source)
        return StagedExtract(
            rows,
            read.writer.rejects,
            records,
            read.total,
            torn=read.writer.torn,
            unsaid=None if source.content == "full" else unsaid,
        )


def _more(count: int) -> str:
    return f" and {count - _TOLD} more" if count > _TOLD else ""


def _with_groups(
    t: Scratch, read: ReadRecords, values_of: Relation, header: tuple[str, ...], source: Source
) -> tuple[Relation, Relation]:
    """The rows with the columns of the groups around them, and what each row leaves out, these columns among it."""
    rows, outer = read.writer.rows, header[len(header) - len(source.enclosing) :]
    groups = t.make("group_values", query(__package__, "group_values", groups=values_of), {"several": SEVERAL})
    joins = " ".join(
        f"left join {groups} g{place} on g{place}.place = {place} and g{place}.instance = r.group_{place}"
        for place in range(len(outer))
    )
    own = ", ".join(f"r.{quote(column)}" for column in (ROW_NO, *header[: len(header) - len(outer)]))
    values = ", ".join(f"nullif(g{place}.value, '') as {quote(column)}" for place, column in enumerate(outer))
    whole = t.make("rows", f"select {own}, {values} from {rows} r {joins} order by r.{ROW_NO}")
    left_out = ", ".join(f"if(g{place}.value is null, {literal(column)}, null)" for place, column in enumerate(outer))
    unsaid = t.make(
        "unsaid",
        f"""select r.{ROW_NO}, list_concat(coalesce(u.columns, []), list_filter([{left_out}], lambda x: x is not null)) as columns
        from {rows} r {joins} left join {read.writer.unsaid} u on u.{ROW_NO} = r.{ROW_NO}
        where len(list_concat(coalesce(u.columns, []), list_filter([{left_out}], lambda x: x is not null))) > 0""",
    )
    assert set(UNSAID) == set(unsaid.columns)
    t.drop(rows)
    return whole, unsaid


XML: SourceFormat = Xml()
