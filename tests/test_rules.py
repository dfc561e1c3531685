"""The rules of the code, held by its text: which room may import which, where SQL stands, how sentences begin.

Each rule is a function that lists its offenders; a test compares them with those that `not_yet.py` still allows. The list is
exact: an offender that is gone leaves it, so that it can only shrink.
"""

from __future__ import annotations

import ast
import io
import json
import re
import tokenize
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest

from hcm_pipeline.warehouse import memory
from tests.not_yet import NOT_YET

ROOT = Path(__file__).resolve().parents[1]
PRODUCT = ROOT / "hcm_pipeline"

FLOORS: dict[str, str] = {
    "verdicts": "",
    "deciders": "",
    "characters": "",
    "lookalikes": "",
    "plain_text": "characters",
    "errors": "verdicts plain_text",
    "safe_xml": "",
    "expressions": "errors",
    "sandbox": "",
    "locks": "errors",
    "front": "errors",
    "synchronization": "errors expressions",
    "rehearsal": "errors expressions synchronization",
    "home": "errors",
    "http": "errors",
    "entra": "errors http",
    "oracle": "characters errors http",
    "settings": "errors home entra oracle",
    "sqlite_state": "errors home locks",
    "warehouse": "errors home locks",
    "profile": "errors plain_text warehouse characters",
    "extracts": "errors home locks warehouse profile characters lookalikes",
    "sources": "errors safe_xml plain_text home http sqlite_state warehouse profile extracts characters",
    "feeds": "errors home sqlite_state oracle sources",
    "directory": "characters errors verdicts plain_text home http entra settings warehouse profile sources",
    "workers": "errors verdicts plain_text deciders warehouse profile extracts sources characters lookalikes",
    "identity": "errors verdicts plain_text deciders warehouse profile directory characters",
    "first_load": "errors deciders characters warehouse profile directory identity",
    "proposal": "profile warehouse",
    "delivery": "errors verdicts plain_text deciders locks home http sqlite_state warehouse profile",
    "targets.entra": "errors expressions synchronization sandbox verdicts home http entra settings warehouse profile directory"
    " delivery",
    "targets.oracle": "errors plain_text http oracle warehouse profile delivery",
    "alerts": "errors verdicts plain_text home http settings sqlite_state warehouse profile delivery targets.entra",
    "doctor": "errors plain_text locks home http entra oracle settings sqlite_state warehouse profile sources synchronization"
    " delivery targets.entra",
    "flow": "errors sandbox verdicts plain_text deciders locks home http entra oracle settings sqlite_state warehouse profile"
    " extracts sources feeds directory workers identity first_load proposal delivery targets.entra targets.oracle alerts"
    " synchronization expressions rehearsal doctor",
    "defs": "errors front sandbox verdicts plain_text home settings profile flow",
    "cli": "errors front sandbox verdicts plain_text home settings profile flow defs",
}
"""The rooms from the ground up, and which of the rooms below each may import: no arrow runs up, so there is no circle."""

DOOR_OF_DEFS = "hcm_pipeline.defs.in_process"
"""The module of `defs/` that the command line names; inside functions only, if it loads Dagster, which few commands need."""

SAME_STEM = {"target": "the protocol, and a target", "service": "the protocol, and a service"}
"""Names that more than one file may have, and why."""
OWN_NAMES = ("cli/", "flow/views/", "sandbox/")
"""Folders whose files may be called as another: a verb and a view have the name of their subject, the sandbox stands apart."""

SQL_WORD = re.compile(r"\s*(with|select|from|insert|update|delete|merge)\b", re.IGNORECASE)
TEMPORARY = re.compile(
    r"\bcreate\s+(or\s+replace\s+)?(local\s+)?temp(orary)?\b|\bdrop\s+(table|view)\b|(?<![\w.])temp\.\"?\w",
    re.IGNORECASE,
)
HEAD = re.compile(r"-- (One row|Makes|Reads): (.+)")
PART = re.compile(r"\{([a-z_][a-z0-9_]*)\}")
SENTENCE = re.compile(
    r"(?:\A|(?<=[.!?:;|>#*\n-])\s|\n)[\s>#*|\"'(-]*((?:Who|Whom|Whose|Whoever|What)\s+[a-z`][^.!?]*[.!?]?)"
)


# --- reading the code


@dataclass(frozen=True)
class Import:
    """One import of something of the product. `name` is None for `import module`."""

    file: str
    room: str
    module: str
    name: str | None
    top: bool

    @property
    def target(self) -> str:
        """The room that is imported."""
        named = (
            f"{self.module}.{self.name}"
            if self.name and self.module in ("hcm_pipeline", "hcm_pipeline.targets")
            else self.module
        )
        return room_of(named)

    @property
    def past_the_face(self) -> bool:
        """Whether more is named than the room, or of the room something that its `__init__` does not hand out."""
        face = f"hcm_pipeline.{self.target}"
        if self.module in ("hcm_pipeline", "hcm_pipeline.targets"):
            return False
        if self.module != face:
            return True
        inner = PRODUCT.joinpath(*self.target.split("."))
        is_module = bool(self.name) and ((inner / f"{self.name}.py").is_file() or (inner / str(self.name)).is_dir())
        return is_module and self.name not in handed_out(self.target)


def room_of(module: str) -> str:
    """The room of a dotted name of the product; each target is a room of its own, and `definitions.py` is the face of `defs/`."""
    parts = ["defs" if part == "definitions" else part for part in module.split(".")[1:]]
    return ".".join(parts[:2]) if parts and parts[0] == "targets" else (parts or [""])[0]


@cache
def handed_out(room: str) -> frozenset[str]:
    """The names in `__all__` of a room's face."""
    face = PRODUCT.joinpath(*room.split(".")) / "__init__.py"
    for statement in ast.walk(tree(face)) if face.is_file() else ():
        if isinstance(statement, ast.Assign) and any(
            isinstance(t, ast.Name) and t.id == "__all__" for t in statement.targets
        ):
            return frozenset(ast.literal_eval(statement.value))
    return frozenset()


@cache
def tree(path: Path) -> ast.Module:
    """The syntax of a file."""
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """All nodes of a file."""
    return tuple(ast.walk(tree(path)))


@cache
def modules() -> tuple[Path, ...]:
    """All modules of the product."""
    return tuple(sorted(PRODUCT.rglob("*.py")))


def short(path: Path) -> str:
    """A path as the lists name it: inside the product without the package's name."""
    return str(path.relative_to(PRODUCT if path.is_relative_to(PRODUCT) else ROOT))


def dotted(path: Path) -> str:
    """The module's name."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


@cache
def imports() -> tuple[Import, ...]:
    """All imports of the product's own modules, in functions and under TYPE_CHECKING too."""
    found = []
    for path in modules():
        own = room_of(dotted(path))
        of_functions = (f for f in nodes(path) if isinstance(f, ast.FunctionDef))
        inside = {id(n) for f in of_functions for n in ast.walk(f) if isinstance(n, ast.Import | ast.ImportFrom)}
        for node in nodes(path):
            named: list[tuple[str, str | None]] = []
            if isinstance(node, ast.ImportFrom):
                package = dotted(path).split(".") if path.name == "__init__.py" else dotted(path).split(".")[:-1]
                base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
                module = ".".join(part for part in (base, node.module) if part)
                named = [(module, alias.name) for alias in node.names]
            elif isinstance(node, ast.Import):
                named = [(alias.name, None) for alias in node.names]
            found += [
                Import(short(path), own, module, name, id(node) not in inside)
                for module, name in named if module.split(".")[0] == "hcm_pipeline"
            ]  # fmt: skip
    return tuple(found)


def between_rooms() -> Iterator[Import]:
    """The imports that leave a room."""
    return (one for one in imports() if one.room and one.target and one.target != one.room)


def calls(path: Path) -> Iterator[str]:
    """The called names of a file, dotted."""
    return (ast.unparse(node.func) for node in nodes(path) if isinstance(node, ast.Call))


def strings(path: Path) -> Iterator[tuple[str, bool]]:
    """The string literals of a file that are no docstrings, and whether they have placeholders."""
    bare = {id(node.value) for node in nodes(path) if isinstance(node, ast.Expr)}
    parts = {id(part) for node in nodes(path) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in nodes(path):
        if isinstance(node, ast.JoinedStr):
            texts = [
                part.value for part in node.values if isinstance(part, ast.Constant) and isinstance(part.value, str)
            ]
            yield "{}".join(texts), len(texts) < len(node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and not {id(node)} & (bare | parts):
            yield node.value, False


# --- the rules


def arrows() -> set[str]:
    """A room imports only the rooms that FLOORS gives it."""
    return {
        f"{one.file} -> {one.target}"
        for one in between_rooms()
        if one.target not in FLOORS[one.room].split()
        or (one.room == "cli" and one.target == "defs" and not by_the_door(one))
    }


def by_the_door(one: Import) -> bool:
    """Whether the command line imports one named module of `defs/`, without loading Dagster for every command."""
    door = f"{one.module}.{one.name}" if one.module == "hcm_pipeline.defs" else one.module
    if door != DOOR_OF_DEFS:
        return False
    path = PRODUCT.joinpath(*door.split(".")[1:]).with_suffix(".py")
    loads = any(isinstance(node, ast.Import) and node.names[0].name == "dagster" for node in tree(path).body)
    return not (one.top and loads)


def faces() -> set[str]:
    """Nobody enters a room past its face; for `defs/`, see `by_the_door`."""
    return {f"{one.file} -> {one.target}" for one in between_rooms() if one.past_the_face and one.target != "defs"}


def dagster() -> set[str]:
    """Only `defs/` and `definitions.py` import Dagster."""
    found = set()
    for path in modules():
        own = room_of(dotted(path))
        for node in nodes(path):
            named = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            named += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if own != "defs" and any(n.split(".")[0] == "dagster" for n in named):
                found.add(short(path))
    return found


def connections() -> set[str]:
    """Only `warehouse/` opens DuckDB."""
    return {
        short(path) for path in modules()
        if room_of(dotted(path)) != "warehouse" and {"duckdb.connect", "duckdb.default_connection", "duckdb.sql"} & set(calls(path))
    }  # fmt: skip


def temporary_names() -> set[str]:
    """No temporary table or view is made, dropped or read by a literal name outside `warehouse/relations.py`."""
    found = {short(path) for path in modules() if any(TEMPORARY.search(text) for text, _ in strings(path))}
    return (found | {short(path) for path in sql_files() if TEMPORARY.search(path.read_text(encoding="utf-8"))}) - {
        "warehouse/relations.py"
    }


def static_sql() -> set[str]:
    """SQL of more than ten lines without a placeholder stands in a file of its own; a schema may stand in its module."""
    return {
        short(path) for path in modules()
        for text, placeholders in strings(path)
        if not placeholders and SQL_WORD.match(text) and text.strip().count("\n") >= 10
    }  # fmt: skip


def stems() -> set[str]:
    """No file name stands for two things."""
    counted = Counter(path.stem for path in modules() if not short(path).startswith(OWN_NAMES))
    return {stem for stem, times in counted.items() if times > 1} - {"__init__", "__main__", *SAME_STEM}


def prose() -> set[str]:
    """No sentence begins with Who, Whom, Whose, Whoever or What unless it is a question."""
    files = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *PRODUCT.rglob("*.sql"), *PRODUCT.rglob("*.toml")]
    for folder in ("hcm_pipeline", "tests", "benchmarks"):
        files += (ROOT / folder).rglob("*.py")
    return {short(path) for path in files if any(misbegun(text) for text in texts(path))}


RULES: dict[str, Callable[[], set[str]]] = {
    rule.__name__: rule
    for rule in (arrows, faces, dagster, connections, temporary_names, static_sql, stems)
}  # fmt: skip


@pytest.mark.parametrize("name", RULES)
def test_a_rule_has_no_offender_but_those_not_mended_yet(name: str) -> None:
    rule = RULES[name]
    found, allowed = rule(), NOT_YET.get(name, frozenset())
    broken, mended = sorted(found - allowed), sorted(allowed - found)
    assert not broken, f"{rule.__doc__} Here it is broken: {broken}"
    assert not mended, f"take out of NOT_YET[{name!r}], where it can only shrink: {mended}"


def test_no_sentence_begins_like_a_question_that_it_is_not() -> None:
    assert prose() == set(), prose.__doc__


def test_the_floors_are_in_order_and_every_room_stands_on_one() -> None:
    below: set[str] = set()
    for room, allowed in FLOORS.items():
        assert set(allowed.split()) <= below, f"{room} stands below what it imports"
        below.add(room)
    assert {room_of(dotted(path)) for path in modules()} - {"", "targets"} <= below


@pytest.mark.parametrize("family", ["targets", "sources"])
def test_the_members_of_a_family_do_not_name_each_other(family: str) -> None:
    members = {folder.name for folder in (PRODUCT / family).iterdir() if (folder / "__init__.py").is_file()}
    named = [
        (one.file, one.module)
        for one in imports()
        for member in members
        if one.module.startswith(f"hcm_pipeline.{family}.{member}") and one.file.split("/")[:1] == [family]
        and one.file.split("/")[1] in members - {member}
    ]  # fmt: skip
    assert not named


# --- prose


def texts(path: Path) -> Iterator[str]:
    """The docstrings and comments of a file, or the prose of a page, without what stands in backticks and fences."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        yield re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    elif path.suffix == ".py":
        yield from (
            node.value.value
            for node in ast.walk(tree(path))
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        )
        yield from (
            token.string.lstrip("#: ")
            for token in tokenize.generate_tokens(io.StringIO(text).readline)
            if token.type == tokenize.COMMENT
        )
    else:
        yield from (
            line.partition(mark)[2].lstrip() for line in text.splitlines() for mark in ("--", "#") if mark in line
        )


def misbegun(text: str) -> bool:
    """Whether a sentence begins with one of the words and is no question."""
    return any(not found[1].rstrip().endswith("?") for found in SENTENCE.finditer(text))


@pytest.mark.parametrize(
    ("text", "wrong"),
    [("Who joined.", True), ("Rows. What is left stays.", True), ("What is left?", False), ("It says what is left.", False),
     ("# What always holds\n", True), ("- Whose name it is\n", True), ("| a | What people see |", True),
     ("Whatever happens.", False), ("The rows are kept; that is what\nWho said it?", False)],
)  # fmt: skip
def test_the_rule_of_prose_sees_the_beginning_of_a_sentence(text: str, wrong: bool) -> None:
    assert misbegun(text) is wrong


# --- SQL files


@dataclass(frozen=True)
class Head:
    """The columns that a SELECT makes, and the relations that it reads."""

    makes: tuple[str, ...]
    reads: frozenset[str]


def sql_files() -> list[Path]:
    """Queries that stand in files, in the folder `sql` of a room."""
    return sorted(PRODUCT.rglob("sql/*.sql"))


def head_of(text: str) -> dict[str, str]:
    """The three entries of a head: each begins a comment line, and may go on in comment lines below it."""
    entries: dict[str, str] = {}
    last = ""
    for line in text.splitlines():
        if not line.startswith("--"):
            break
        found = HEAD.fullmatch(line.rstrip())
        if found:
            last = found[1]
            entries[last] = found[2]
        else:
            assert last, f"a line before the head: {line}"
            entries[last] += " " + line.removeprefix("--").strip()
    return entries


def said_by(head: dict[str, str]) -> Head:
    """The columns and relations that a head names."""
    assert list(head) == ["One row", "Makes", "Reads"], "the head is One row, Makes, Reads, in this order"
    reads = [name.strip() for name in head["Reads"].rstrip(".").split(",")]
    assert len(reads) == len(set(reads)), "Reads names each relation once"
    return Head(tuple(name.strip().strip('{}"') for name in head["Makes"].rstrip(".").split(",")), frozenset(reads))


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with memory() as con:
        yield con


def parsed(con: duckdb.DuckDBPyConnection, text: str) -> Head:
    """The columns and relations that DuckDB's own parser finds in a SELECT."""
    placeholders = set(PART.findall(text))
    answer = con.execute("select json_serialize_sql(?::varchar)", [PART.sub(r"\1", text)]).fetchall()[0][0]
    tree = json.loads(answer)
    assert not tree["error"], tree["error_message"]
    [statement] = tree["statements"]
    within = set(_names_within(statement))
    tables = {
        ".".join(filter(None, (node["schema_name"], node["table_name"]))) for node in _nodes(statement, "BASE_TABLE")
    }
    reads = frozenset(f"{{{name}}}" if name in placeholders else name for name in tables - within)
    return Head(tuple(_name(one) for one in _first_select(statement["node"])["select_list"]), reads)


def _nodes(tree: Any, kind: str) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict):
        if tree.get("type") == kind:
            yield tree
        yield from (found for value in tree.values() for found in _nodes(value, kind))
    elif isinstance(tree, list):
        yield from (found for value in tree for found in _nodes(value, kind))


def _names_within(tree: Any) -> Iterator[str]:
    """The names of common table expressions."""
    if isinstance(tree, dict):
        for entry in (tree.get("cte_map") or {}).get("map", []):
            yield entry["key"]
        yield from (name for value in tree.values() for name in _names_within(value))
    elif isinstance(tree, list):
        yield from (name for value in tree for name in _names_within(value))


def _first_select(node: dict[str, Any]) -> dict[str, Any]:
    while node["type"] != "SELECT_NODE":
        node = node["children"][0] if node.get("children") else node["left"]
    return node


def _name(column: dict[str, Any]) -> str:
    if column["class"] == "STAR":
        return "*"
    return str(column["alias"] or (column.get("column_names") or [column.get("function_name", "?")])[-1])


@pytest.mark.parametrize("path", sql_files(), ids=short)
def test_a_query_in_a_file_parses_and_its_head_is_true(con: duckdb.DuckDBPyConnection, path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert said_by(head_of(text)) == parsed(con, text)


def test_every_query_in_a_file_is_asked_for_by_its_room() -> None:
    for path in sql_files():
        room = [module.read_text(encoding="utf-8") for module in path.parents[1].rglob("*.py")]
        assert any(re.search(rf"""["']{re.escape(path.stem)}["']""", text) for text in room), short(path)


def test_the_head_of_a_query_is_held_to_what_it_reads_and_makes(con: duckdb.DuckDBPyConnection) -> None:
    text = """-- One row: a newcomer,
--     who has one account.
-- Makes: person_number, n, *, lower
-- Reads: {newcomers}, identities, temp.other
with best as (select * from {newcomers} where {condition})
-- a comment further down
select best.person_number, count(*) as n, best.* exclude (x), lower(y) from best join identities using (person_number)
where exists (select 1 from temp.other) and x in (select 1 from newcomers_of(1))
"""
    assert head_of(text)["One row"] == "a newcomer, who has one account."
    assert said_by(head_of(text)) == parsed(con, text)
