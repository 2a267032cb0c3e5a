"""The house rules: rooms import only from rooms below them, and files and functions stay small."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "engine" / "gsrules"

# From the top floor to the bottom, as the architecture lists them.
ROOMS = [
    "cli", "views", "regress", "run", "actions", "compile", "plan", "expressions", "sources", "tenant",
    "catalogue", "spec", "project", "profile", "errors", "dataclass",
]  # fmt: skip
LIMIT_FILE, LIMIT_FUNCTION = 520, 70

MODULES = sorted(PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_rooms(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute, so that the rooms show"
            if node.module == "gsrules":
                names = [f"gsrules.{alias.name}" for alias in node.names]
            else:
                names = [node.module or ""]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        yield from (name.split(".")[1] for name in names if name.startswith("gsrules."))


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_room_imports_only_from_rooms_below_it(path: Path) -> None:
    room = room_of(path)
    if room in ("__init__", "__main__"):
        return
    above = ROOMS[: ROOMS.index(room)]
    wrong = sorted({other for other in imported_rooms(ast.parse(path.read_text())) if other in above})
    assert not wrong, f"{room} may not import from {wrong}"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_files_and_functions_stay_small(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= LIMIT_FILE
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno <= LIMIT_FUNCTION, node.name


def test_every_room_exists() -> None:
    assert {room_of(path) for path in MODULES} - {"__init__", "__main__"} == set(ROOMS)
