"""What may be meant: repairs that a problem suggests, not yet tried.

Each way to repair is a list of spellings of one meaning, the plainest first. A repair is certain only if exactly one
meaning takes the problem away when it is tried.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from gsrules.errors import Fix, Place, Problem, distance
from gsrules.run.repair.expressions import expression_meanings

Meaning = tuple[Fix, ...]

_BOOLEANS = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}
_NUMBER_HINT = re.compile(r"write ([-+0-9.eE]+), or ('[^']*') if it is a text")
_RIGHT_WAY = re.compile(r"the joined dataset stands on the right: (.*)")
_OPTION = re.compile(r"(?:differs from|is taken as) the option '(.+)'(?: in letter case)?$")
_PLAIN_WORD = re.compile(r"[^\W\d]\w*")


def meanings(problem: Problem) -> Iterator[Meaning]:
    """The ways to repair a problem that its words and its line suggest."""
    if problem.place is None or not problem.place.text:
        return
    for recognise in _RECOGNISERS:
        yield from recognise(problem, problem.place)


def is_near(problem: Problem) -> bool:
    """Whether the nearest known name is the only one that can be meant."""
    near = problem.nearest
    if problem.code == "GS-SPEC-VALUE" and distance(problem.value.lower(), near.lower(), 1) > 1:
        return False  # the word may well be right elsewhere: insert is no misspelt upsert
    return bool(near) and (getattr(near, "only", False) or near.lower() == problem.value.lower())


def _name(problem: Problem, place: Place) -> Iterator[Meaning]:
    """A name that is misspelt."""
    if not is_near(problem):
        return
    for wrong in _misspelt(problem):
        at = _spot(place, wrong)
        if at is None:
            continue
        title = f"write {problem.nearest} instead of {wrong}"
        fix = Fix(at, len(wrong), str(problem.nearest), title)
        bare = _PLAIN_WORD.fullmatch(problem.nearest) is None
        yield (fix, Fix(at, len(wrong), f"[{problem.nearest}]", title)) if bare else (fix,)
        return


def _misspelt(problem: Problem) -> Iterator[str]:
    """The part of a path that is like the nearest name, else the value; without the brackets around it."""
    near = problem.nearest.lower()
    value = problem.value if "(" in near else problem.value.partition("(")[0].strip()
    if "." in value and "." not in near:
        parts = [part.strip().strip("[]") for part in value.split(".")]
        away = [distance(part.lower(), near, 2) for part in parts]
        if min(away) <= 2 and away.count(min(away)) == 1:
            yield parts[away.index(min(away))]
        return
    yield value.strip("[]")


def _spot(place: Place, word: str) -> Place | None:
    """Where the word stands in the line: at the place, else the only time within what the place marks, or the line."""
    start = place.column - 1
    if not word:
        return None
    if place.text.startswith(word, start):
        return place.shifted(0, len(word))
    for text, first in ((place.text[start : start + place.length], start), (place.text, 0)):
        if text.count(word) == 1:
            return place.shifted(first + text.index(word) - start, len(word))
    return None


def _label(problem: Problem, place: Place) -> Iterator[Meaning]:
    """A label in another letter case."""
    found = _OPTION.search(problem.message)
    at = _spot(place, problem.value) if found and found[1].lower() == problem.value.lower() else None
    if found and at is not None and found[1] != problem.value:
        title = f"write {found[1]} instead of {problem.value}"
        yield (Fix(at, len(problem.value), found[1], title),)


def _boolean(problem: Problem, place: Place) -> Iterator[Meaning]:
    """`yes`, `on`, 'true' where true or false is wanted."""
    if problem.code != "GS-SPEC-TYPE" or "must be true or false" not in problem.message:
        return
    word = problem.value.lower()
    meant = _BOOLEANS.get(word) or (word if word in ("true", "false") else "")
    if meant:
        yield from _whole_scalar(problem.value, meant, place, f"write {meant} instead of {problem.value}")


def _number_in_quotes(problem: Problem, place: Place) -> Iterator[Meaning]:
    """'2' where a number is wanted."""
    wanted = problem.code == "GS-SPEC-TYPE" and re.search(r"must be a (?:whole )?number", problem.message)
    if wanted and re.fullmatch(r"[-+]?(?:0|[1-9]\d*)(?:\.\d+)?", problem.value):
        yield from _whole_scalar(problem.value, problem.value, place, f"write {problem.value} without quotes")


def _whole_scalar(word: str, meant: str, place: Place, title: str) -> Iterator[Meaning]:
    """`word` with the quotes around it, if any, replaced."""
    at = _spot(place, word)
    if at is None:
        return
    start = at.column - 1
    around = (at.text[start - 1 : start], at.text[start + len(word) : start + len(word) + 1])
    if around in (("'", "'"), ('"', '"')):
        yield (Fix(at.shifted(-1, len(word) + 2), len(word) + 2, meant, title),)
    elif word != meant:
        yield (Fix(at, len(word), meant, title),)


def _number(problem: Problem, place: Place) -> Iterator[Meaning]:
    """`012`: a number, or a text."""
    if problem.code != "GS-YAML-NUMBER":
        return
    found = _NUMBER_HINT.fullmatch(problem.hint)
    if found is None or not place.text.startswith(problem.value, place.column - 1):
        return
    for meant in found.groups():
        yield (Fix(place, len(problem.value), meant, f"write {meant} instead of {problem.value}"),)


def _sides(problem: Problem, place: Place) -> Iterator[Meaning]:
    """The condition of a merge with its sides the wrong way round."""
    found = _RIGHT_WAY.fullmatch(problem.hint)
    if found and place.text.startswith(problem.value, place.column - 1):
        yield (Fix(place, len(problem.value), found[1], f"write {found[1]}"),)


def _quotes(problem: Problem, place: Place) -> Iterator[Meaning]:
    """A value that begins with a bracket: `where: [Renewal Date] <= rule_date`."""
    if problem.code != "GS-YAML-SYNTAX" or "read as a list" not in problem.message:
        return
    found = re.match(r"^(\s*(?:- +)*(?:[^:#'\"\[]+: +)?)(\[[^\"\\#]*?)\s*$", place.text)
    if found:
        at = Place(place.file, place.line, len(found[1]) + 1, place.text)
        yield (Fix(at, len(found[2]), f'"{found[2]}"', "put quotes around the value"),)


def _expression(problem: Problem, place: Place) -> Iterator[Meaning]:
    yield from expression_meanings(problem, place)


_RECOGNISERS: tuple[Callable[[Problem, Place], Iterator[Meaning]], ...] = (
    _name,
    _label,
    _boolean,
    _number_in_quotes,
    _number,
    _sides,
    _quotes,
    _expression,
)
