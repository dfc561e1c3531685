"""The room's face: one table of names, loaded when they are asked for; and the shells that see nothing else."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import hcm_pipeline
from hcm_pipeline import flow

ROOT = Path(hcm_pipeline.__file__).parent
OPEN = {
    "hcm_pipeline", "hcm_pipeline.flow", "hcm_pipeline.errors", "hcm_pipeline.home", "hcm_pipeline.settings",
    "hcm_pipeline.plain_text", "hcm_pipeline.verdicts", "hcm_pipeline.profile", "hcm_pipeline.sandbox", "hcm_pipeline.front",
}  # fmt: skip
"""The modules that a shell may import beside its own: use cases, values without behaviour, the faces of sandbox and front."""
HEAVY = {"dagster", "pandas", "pandera", "duckdb", "pyarrow", "numpy", "httpx", "pydantic", "msal", "ldap3", "uvicorn"}


def imports_of(path: Path) -> Iterator[str]:
    """The modules of the product that a module imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            if node.module == "hcm_pipeline.defs":  # a module of it is named behind the import
                yield from (f"{node.module}.{name.name}" for name in node.names)


def test_the_imports_for_the_type_checker_are_the_table_of_names() -> None:
    tree = ast.parse((ROOT / "flow" / "__init__.py").read_text(encoding="utf-8"))
    imported = {
        (node.module.removeprefix("hcm_pipeline.flow."), name.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("hcm_pipeline.flow.")
        for name in node.names
    }
    [table] = [
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "_MODULES"
    ]
    assert imported == {(module, name) for module, names in table.items() for name in names}


def test_every_name_loads_and_none_is_a_modules() -> None:
    modules = {path.stem for path in (ROOT / "flow").glob("*.py")} | {"views"}
    assert not modules & set(flow.__all__)
    for name in flow.__all__:
        assert getattr(flow, name) is not None
    assert not hasattr(flow, "no_such_use_case")


def test_the_shells_import_use_cases_and_nothing_behind_them() -> None:
    wrong = {}
    for shell in ("cli", "defs"):
        for path in (ROOT / shell).glob("*.py"):
            found = {name for name in imports_of(path) if name.split(".")[0] == "hcm_pipeline"}
            found = {name for name in found if not name.startswith(f"hcm_pipeline.{shell}")} - OPEN
            if shell == "cli":
                found -= {"hcm_pipeline.defs", "hcm_pipeline.defs.in_process"}
            if path.name == "in_process.py":
                found -= {"hcm_pipeline.definitions"}
            if found:
                wrong[f"{shell}/{path.name}"] = found
    assert wrong == {}


def test_help_loads_nothing_that_it_does_not_need() -> None:
    text = f"""
import sys
import hcm_pipeline.cli.main
heavy = sorted({HEAVY!r} & sys.modules.keys())
assert not heavy, heavy
"""
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
