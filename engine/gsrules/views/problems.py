"""Problems as text with the source line and a caret and as annotations for GitHub."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gsrules.errors import Problem

_STYLE = {"error": "\x1b[1;31m", "warning": "\x1b[1;33m", "note": "\x1b[1;34m"}
_RESET, _DIM = "\x1b[0m", "\x1b[2m"
_LINE_WIDTH = 160


def as_text(problems: Iterable[Problem], *, colour: bool = False) -> str:
    """Each problem as a short block; the offending line is shown with a caret below it."""
    return "\n".join(_block(problem, colour) for problem in problems)


def _block(problem: Problem, colour: bool) -> str:
    word = f"{_STYLE[problem.severity]}{problem.severity}{_RESET}" if colour else problem.severity
    lines = [f"{word} {problem.code}: {problem.message}"]
    if problem.place is not None:
        lines.append(f"  --> {problem.place}" + (f"  ({problem.where})" if problem.where else ""))
        lines.extend(_excerpt(problem, colour))
    elif problem.where:
        lines.append(f"  --> {problem.where}")
    if problem.value:
        lines.append(f"  value: {_shortened(problem.value)}")
    if problem.nearest:
        lines.append(f"  nearest known name: {problem.nearest}")
    if problem.hint:
        lines.append(f"  help: {problem.hint}")
    if problem.fix is not None:
        lines.append(f"  gsrules validate --fix would {problem.fix.title}")
    return "\n".join(lines) + "\n"


def _shortened(value: str) -> str:
    shown = value.replace("\n", "⏎").replace("\r", "")
    return shown if len(shown) <= _LINE_WIDTH else f"{shown[:_LINE_WIDTH]}… ({len(shown)} characters)"


def _excerpt(problem: Problem, colour: bool) -> list[str]:
    place = problem.place
    if place is None or not place.text:
        return []
    start = max(0, place.column - 1 - _LINE_WIDTH // 2)
    shown = place.text[start : start + _LINE_WIDTH].replace("\t", " ")
    number = str(place.line)
    length = max(1, min(place.length, len(shown) - (place.column - 1 - start)))
    caret = " " * (place.column - 1 - start) + "^" * length
    dim, reset = (_DIM, _RESET) if colour else ("", "")
    gutter = " " * len(number)
    return [f"  {dim}{number} |{reset} {shown}", f"  {dim}{gutter} |{reset} {caret}"]


def as_github(problems: Sequence[Problem]) -> str:
    """Workflow commands that GitHub shows as annotations on the changed lines."""
    lines = []
    for problem in problems:
        kind = {"error": "error", "warning": "warning", "note": "notice"}[problem.severity]
        where = (
            f" file={problem.place.file},line={problem.place.line},col={problem.place.column},"
            if problem.place
            else " "
        )
        text = problem.message + (f" ({problem.hint})" if problem.hint else "")
        text += f"; gsrules validate --fix would {problem.fix.title}" if problem.fix else ""
        lines.append(f"::{kind}{where}title={problem.code}::{_escaped(text)}")
    return "\n".join(lines)


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
