"""The function catalogue for people and programs: the list, and one entry with the true results of its examples."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

from gsrules.dataclass import dataclass
from gsrules.errors import InputError, Problem, nearest
from gsrules.expressions.functions import FUNCTIONS, HABITS, Function, groups
from gsrules.expressions.functions.structured import STRUCTURED, Structured
from gsrules.profile import Profile, profile_keys
from gsrules.run.function_examples import over_rows, value_over_rows, values_of

STRUCTURED_TITLE: Final = "Structured fields and aggregates"
EVIDENCE: Final = {
    "doc": "documented by Gainsight",
    "cli": "named by Gainsight's admin command line",
    "obs": "reported by practitioners",
    "choice": "decided here: Gainsight's documentation is silent",
    "computed": "follows from the rules given here",
}
_EXTENSION: Final = "not in Gainsight: every use draws the warning GS-EXT"
_WIDTH: Final = 100


@dataclass(frozen=True, slots=True)
class Shown:
    """One entry as it is shown; `results` computes what the examples give, in their order."""

    name: str
    key: str
    signature: str
    takes: tuple[tuple[str, str], ...]
    gives: str
    description: str
    nulls: str
    keys: tuple[str, ...]
    evidence: str
    extension: bool
    examples: tuple[tuple[str, str], ...]
    results: Callable[[], Sequence[str | None]]

    @property
    def summary(self) -> str:
        """The first sentence of the description, or as much of it as fits on a line."""
        sentence = re.split(r"(?<=[.;:]) ", self.description, maxsplit=1)[0].rstrip(".;:")
        return textwrap.shorten(sentence, _WIDTH, placeholder=" …")


def entries(profile: Profile) -> dict[str, tuple[Shown, ...]]:
    """All entries by group; `profile` decides what the examples give."""
    found = {title: tuple(_of_function(each, profile) for each in group) for title, group in groups().items()}
    return {STRUCTURED_TITLE: tuple(_of_structured(each, profile) for each in STRUCTURED), **found}


def entry(name: str, profile: Profile) -> Shown:
    """The entry of that name, or of that internal name of Gainsight, in any letter case.

    Raises InputError (GS-NAME) with the nearest name.
    """
    known = [each for group in entries(profile).values() for each in group]
    wanted = name.strip().lower().removesuffix("()")
    for matches in (lambda each: each.name == wanted, lambda each: wanted in each.key.lower().split(", ")):
        found = next((each for each in known if matches(each)), None)
        if found is not None:
            return found
    names = [each.name for each in known]
    hint = HABITS.get(wanted, "gsrules functions lists them all")
    message = f"there is no function {name!r}"
    raise InputError(Problem("GS-NAME", message, value=name, hint=hint, nearest=nearest(wanted, names)))


def _of_function(function: Function, profile: Profile) -> Shown:
    plain = [each for each in function.examples if not each.rows]
    rowed = [each for each in function.examples if each.rows]

    def results() -> list[str | None]:
        return [
            *values_of([each.text for each in plain], profile),
            *(value_over_rows(over_rows(each), profile) for each in rowed),
        ]

    return Shown(
        name=function.name,
        key=function.key,
        signature=function.signature,
        takes=tuple((param.name, _taken(param.takes, param.optional, param.repeated)) for param in function.params),
        gives=function.gives,
        description=function.description,
        nulls=function.nulls,
        keys=function.keys,
        evidence=EVIDENCE[function.evidence],
        extension=function.extension,
        examples=tuple((_with_rows(each.text, each.rows), EVIDENCE[each.evidence]) for each in (*plain, *rowed)),
        results=results,
    )


def _taken(families: str, optional: bool, repeated: bool) -> str:
    return families + (", may be left out" if optional else ", any number of them" if repeated else "")


def _with_rows(text: str, rows: Sequence[Mapping[str, str]]) -> str:
    if not rows:
        return text
    names = list(rows[0])
    listed = ", ".join("(" + ", ".join(row[name] for name in names) + ")" for row in rows)
    return f"{text} over rows ({', '.join(names)}) = {listed}"


def _of_structured(each: Structured, profile: Profile) -> Shown:
    example = each.example
    rows = ", ".join("(" + ", ".join(cell or "null" for cell in row) + ")" for row in example.rows)
    shown = f"{example.task} over rows ({', '.join(example.columns)}) = {rows}"
    return Shown(
        name=each.name,
        key=each.key,
        signature=each.form,
        takes=(),
        gives=each.gives,
        description=each.description,
        nulls=each.nulls,
        keys=each.keys,
        evidence=EVIDENCE[each.evidence],
        extension=False,
        examples=((shown, EVIDENCE["computed"]),),
        results=partial(_result_of, each, profile),
    )


def _result_of(each: Structured, profile: Profile) -> list[str | None]:
    return [value_over_rows(each.example, profile)]


def list_text(profile: Profile) -> str:
    """Every entry on a line, by group."""
    lines: list[str] = []
    for title, group in entries(profile).items():
        lines += [title, *(f"  {_short_form(each):<42}  {each.summary}".rstrip() for each in group), ""]
    return "\n".join([*lines, f"{len(FUNCTIONS)} functions; gsrules functions NAME tells all about one"])


def _short_form(each: Shown) -> str:
    return each.signature if each.takes or each.signature.endswith("()") else each.name


def entry_text(each: Shown, profile: Profile) -> str:
    """One entry in full, with what its examples really give."""
    return "\n".join(_lines(each, profile))


def _lines(each: Shown, profile: Profile) -> Iterator[str]:
    yield f"{each.signature} → {each.gives}"
    yield ""
    yield from textwrap.wrap(each.description, _WIDTH, initial_indent="  ", subsequent_indent="  ")
    yield ""
    for name, families in each.takes:
        yield f"  {name:<12}{families}"
    yield f"  {'nulls':<12}{each.nulls}"
    for key in each.keys:
        yield f"  {'profile':<12}{key} = {_word(profile[key])} (of {profile_keys()[key].allowed})"
    yield f"  {'Gainsight':<12}{_EXTENSION if each.extension else f'{each.key}; {each.evidence}'}"
    if each.examples:
        yield ""
        for (text, evidence), result in zip(each.examples, each.results(), strict=True):
            yield f"  {text}"
            yield f"    = {result_text(result)}  ({evidence})"


def result_text(result: str | None) -> str:
    """A result as people read it; an empty text is seen."""
    return "null" if result is None else "''" if result == "" else result


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def entry_json(each: Shown, profile: Profile) -> dict[str, Any]:
    """One entry as data, with what its examples really give."""
    return {
        **summary_json(each),
        "description": each.description,
        "arguments": [{"name": name, "takes": families} for name, families in each.takes],
        "nulls": each.nulls,
        "profile": {key: profile[key] for key in each.keys},
        "evidence": each.evidence,
        "examples": [
            {"text": text, "result": result, "evidence": evidence}
            for (text, evidence), result in zip(each.examples, each.results(), strict=True)
        ],
    }


def summary_json(each: Shown) -> dict[str, Any]:
    """One entry as data, in short."""
    return {
        "name": each.name,
        "gainsight_name": each.key or None,
        "signature": each.signature,
        "result": each.gives,
        "summary": each.summary,
        "extension": each.extension,
    }


def list_json(profile: Profile) -> dict[str, Any]:
    """All entries as data, in short."""
    return {
        "functions": [
            {"group": title, **summary_json(each)} for title, group in entries(profile).items() for each in group
        ]
    }
