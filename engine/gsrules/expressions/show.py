"""Show items: `Name`, `Renewal Date as Renews`, `sum(Logins) as Total`, `count(*)`, `Dataset.*` (rule-language §4)."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Literal as OneOf

from gsrules.dataclass import dataclass
from gsrules.errors import InputError, Place
from gsrules.expressions.functions import AGGREGATES
from gsrules.expressions.place import fragment, place_at, syntax_error
from gsrules.expressions.scope import Scope
from gsrules.expressions.tree import ColumnRef
from gsrules.spec.text import Text

ShowKind = OneOf["field", "aggregate", "count_all", "all", "all_of"]

_CALL = re.compile(r"\s*([A-Za-z_]\w*)\s*\((.*)\)\s*", re.DOTALL)
_AS = re.compile(r"\s+as\s+", re.IGNORECASE)
_AND = re.compile(r"\s+and\s+", re.IGNORECASE)
_BRACKETED = re.compile(r"\[(?:[^\]]|\]\])*\]")
_PART = rf"\s*(?:{_BRACKETED.pattern}|[^.\[\]]*)\s*"
_PATH = re.compile(rf"{_PART}(?:\.{_PART})*")


@dataclass(frozen=True, slots=True)
class ShowItem:
    """An item of `show`, or a column named where one is wanted.

    `kind`: a plain field; an aggregate of a field; count(*); `*`; `Dataset.*`. `name`: the field as written, or the
    dataset of `Dataset.*`; it may hold dots and brackets, `resolve` finds the column. `alias`: after `as`.
    """

    kind: ShowKind
    name: Text
    function: str = ""
    alias: Text | None = None
    place: Place | None = None

    def resolve(self, scope: Scope) -> ColumnRef:
        """The column that `name` means; raises InputError (GS-NAME, GS-AMBIGUOUS)."""
        try:
            return resolve_name(self.name, scope)
        except InputError as unknown:
            if not _is_arithmetic(self.name):
                raise
            hint = "a calculation stands under the formulas of a transform"
            raise InputError(replace(problem, hint=hint, nearest="") for problem in unknown.problems) from unknown

    @property
    def default_alias(self) -> str:
        """The alias without `as` (data-setup.md §1.2): the name, its path joined by `_`, or `max_of_Arr`."""
        plain = "_".join(split_path(self.name))
        if self.kind == "count_all":
            return "count_of_records"
        return f"{self.function}_of_{plain}" if self.kind == "aggregate" else plain


def parse_show_item(text: str) -> ShowItem:
    """Reads a show item; names are not looked up. Raises InputError (GS-SYNTAX)."""
    place = place_at(text, 0, len(text))
    end, alias = _split_alias(text)
    body = fragment(text, *_stripped(text, 0, end))
    if not body:
        raise syntax_error("the item is empty", text, 0, len(text))
    if body == "*":
        return ShowItem("all", body, place=place)
    if body.endswith(".*"):
        return ShowItem("all_of", Text(_unbracketed(body[:-2]), body.place), place=place)
    call = _CALL.fullmatch(text[:end])
    if call is None or _is_named_like_a_call(call):
        return ShowItem("field", body, alias=alias, place=place)
    return _aggregate(text, call, alias, place)


def resolve_name(name: str, scope: Scope) -> ColumnRef:
    """The column that a name means, with or without brackets, with or without a dataset before it."""
    place = name.place if isinstance(name, Text) else None
    if "[" in name:
        parts = split_path(name) if _PATH.fullmatch(name) else (str(name),)
        return scope.resolve(parts, place, str(name))
    return scope.resolve_name(name, place)


def split_path(name: str) -> tuple[str, ...]:
    """The parts of a name between dots outside of brackets, without the brackets."""
    parts: list[str] = []
    for found in re.finditer(r"\s*(\[(?:[^\]]|\]\])*\]|[^.\[]*)\s*(?:\.|$)", name):
        if found.group(0) or not parts:
            parts.append(_unbracketed(found.group(1)))
    return tuple(part for part in parts if part)


def _is_arithmetic(name: str) -> bool:
    return "[" not in name and re.search(r"\w\s*[-+*/]\s*\w", name) is not None


def _unbracketed(part: str) -> str:
    part = part.strip()
    return part[1:-1].replace("]]", "]").strip() if part.startswith("[") and part.endswith("]") else part


def _is_named_like_a_call(call: re.Match[str]) -> bool:
    """Whether it is a name such as `Amount (EUR)`: a space before the parenthesis, and no aggregate."""
    return call.group(1).lower() not in AGGREGATES and call.string[call.end(1)].isspace()


def _aggregate(text: str, call: re.Match[str], alias: Text | None, place: Place) -> ShowItem:
    function = call.group(1).lower()
    argument = fragment(text, *_stripped(text, *call.span(2)))
    if function not in AGGREGATES:
        raise syntax_error(
            f"{call.group(1)} is no aggregate",
            text,
            call.start(1),
            len(call.group(1)),
            f"aggregates: {', '.join(AGGREGATES)}; other functions belong into formulas",
        )
    if argument == "*":
        if function != "count":
            raise syntax_error(f"{function}(*) means nothing", text, *call.span(2), "only count takes *")
        return ShowItem("count_all", argument, function, alias, place)
    if not argument:
        raise syntax_error(f"{function} needs a field", text, call.start(1), len(call.group(1)))
    return ShowItem("aggregate", argument, function, alias, place)


def _split_alias(text: str) -> tuple[int, Text | None]:
    """Where the name ends, and the alias after the last `as` outside of brackets and parentheses."""
    last: re.Match[str] | None = None
    plain = _masked(text)
    for found in _AS.finditer(plain):
        before = plain[: found.start()]
        if before.count("[") == before.count("]") and before.count("(") == before.count(")") and before.strip():
            last = found
    if last is None:
        return len(text), None
    start, end = _stripped(text, last.end(), len(text))
    if start == end:
        raise syntax_error("no name follows as", text, last.start(), len(text) - last.start())
    return last.start(), fragment(text, start, end)


def _masked(text: str) -> str:
    """`text` of the same length with every name in brackets blotted out, whatever it holds."""
    return _BRACKETED.sub(lambda found: "x" * len(found.group()), text)


def _stripped(text: str, start: int, end: int) -> tuple[int, int]:
    """The bounds without the spaces at both ends."""
    part = text[start:end]
    left = start + len(part) - len(part.lstrip())
    return left, max(left, left + len(part.strip()))


@dataclass(frozen=True, slots=True)
class JoinPair:
    """`left = right` of a merge; `ignore_case` for `~`. Names as in show items."""

    left: Text
    right: Text
    ignore_case: bool


def parse_join(text: str) -> tuple[JoinPair, ...]:
    """The pairs of an `on` text, such as `ExternalId = Account ID and Month ~ Month` (rule-language §5).

    Raises InputError (GS-SYNTAX).
    """
    pairs: list[JoinPair] = []
    start = 0
    bounds = [*((found.start(), found.end()) for found in _AND.finditer(_masked(text))), (len(text), len(text))]
    for end, following in bounds:
        pairs.append(_pair(text, start, end))
        start = following
    return tuple(pairs)


def _pair(text: str, start: int, end: int) -> JoinPair:
    plain = _masked(text[start:end])
    signs = [at for at, char in enumerate(plain) if char in "=~<>!"]
    if len(signs) != 1 or plain[signs[0]] not in "=~":
        at = start + (signs[0] if signs else 0)
        message = "a pair of columns joined by = or ~ is expected"
        raise syntax_error(message, text, at, max(end - at, 1), "for example ExternalId = Account ID")
    at = start + signs[0]
    left, right = fragment(text, *_stripped(text, start, at)), fragment(text, *_stripped(text, at + 1, end))
    if not left or not right:
        raise syntax_error("a column is missing beside the operator", text, at)
    return JoinPair(left, right, text[at] == "~")
