"""Names and types of output columns: default aliases, labels, collisions, reserved words (data-setup.md §1.2)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from gsrules.catalogue.datatypes import NUMBER, WHOLE, DataType, Family
from gsrules.errors import Place
from gsrules.plan.env import TaskEnv
from gsrules.plan.nodes import AggregateFunction, Column

AGGREGATES: Final[tuple[AggregateFunction, ...]] = ("count", "count_distinct", "sum", "avg", "min", "max")

_RESERVED: Final = frozenset({
    "SELECT", "FROM", "WHERE", "GROUP", "ORDER", "BY", "HAVING", "JOIN", "ON", "UNION", "CASE", "WHEN", "THEN", "ELSE",
    "END", "AND", "OR", "NOT", "NULL", "AS", "DISTINCT", "LIMIT",
})  # fmt: skip
_KEPT: Final = frozenset({
    "__row", "__counts", "__none", "__from", "__left", "__right", "__branch", "__line",
    "__found",
})  # fmt: skip

_ORDERED: Final = frozenset({Family.NUMBER, Family.DATE, Family.DATETIME, Family.TEXT})


def aggregate_type(
    function: AggregateFunction, argument: Column | None, env: TaskEnv, place: Place | None
) -> DataType | None:
    """The type of an aggregation (data-setup.md §4); None after noting INVALID_TYPE."""
    if function == "count" or argument is None:
        return WHOLE
    family = argument.type.family
    fits = {
        "count_distinct": family is not Family.MULTI_PICKLIST,
        "sum": family is Family.NUMBER,
        "avg": family is Family.NUMBER,
    }.get(function, family in _ORDERED)
    if not fits:
        message = f"{function} does not take {argument.name!r}, which is {family} (INVALID_TYPE)"
        env.findings.error("GS-TYPE", message, place, value=argument.name, hint=_fitting(function))
        return None
    if function == "count_distinct":
        return WHOLE
    if function == "avg":
        return NUMBER
    return replace(argument.type, whole=argument.type.whole and not env.exact)


def _fitting(function: str) -> str:
    if function in ("sum", "avg"):
        return "it takes numbers; convert text with to_number in a transform first"
    if function == "count_distinct":
        return "it takes anything that can be grouped, which a multi-picklist cannot"
    return "it takes numbers, dates, date-times and texts"


def default_aggregate_name(function: AggregateFunction, argument: Column | None) -> str:
    """`max_of_Arr`; `count_of_records` for the number of records."""
    return f"{function}_of_{argument.name if argument else 'records'}"


def default_aggregate_label(function: AggregateFunction, argument: Column | None) -> str:
    """`ARR (MAX)`."""
    return f"{argument.label} ({function.upper()})" if argument else "Number of Records"


def check_names(columns: Sequence[tuple[Column, Place | None]], env: TaskEnv) -> tuple[Column, ...]:
    """The columns with names that are unique in any letter case (names.collision), or notes what is wrong."""
    suffixed = env.context.profile["names.collision"] == "auto_suffix"
    taken = {column.name.lower() for column, _ in columns}
    seen: dict[str, Column] = {}
    made: list[Column] = []
    for column, place in columns:
        key = column.name.lower()
        if key in seen and suffixed:
            new = _free(lambda number, base=column.name: f"{base}_{number}", taken)  # type: ignore[misc]
            taken.add(new.lower())
            column = replace(column, name=new)
        elif key in seen:
            message = f"two columns are named {column.name!r}"
            if seen[key].name != column.name:
                message = f"the columns {seen[key].name!r} and {column.name!r} differ in letter case only"
            hint = "name one of them with `as`, or set the profile key names.collision to auto_suffix"
            env.findings.error("GS-AMBIGUOUS", message, place, value=column.name, hint=hint)
        _check_word(column, place, env)
        seen[column.name.lower()] = column
        made.append(column)
    return tuple(made)


def _free(make: Callable[[int], str], taken: set[str]) -> str:
    number = 1
    while make(number).lower() in taken:
        number += 1
    return make(number)


def _check_word(column: Column, place: Place | None, env: TaskEnv) -> None:
    if not column.name or "\x00" in column.name:
        hint = "name it with `as`"
        env.findings.error("GS-NAME", "a column has no name, or one with a null character", place, hint=hint)
    elif is_kept(column.name):
        message = f"the column name {column.name!r} is kept for gsrules itself"
        env.findings.error("GS-NAME", message, place, value=column.name, hint="name it otherwise with `as`")
    elif column.label.upper() in _RESERVED or column.name.upper() in _RESERVED:
        message = f"{column.name!r} is a reserved word: Gainsight may refuse to save the rule"
        env.findings.tell("GS-NAME", message, place, value=column.name, hint="name it otherwise with `as`")


def is_kept(name: str) -> bool:
    """Whether a name is kept for gsrules itself, so that no column of a rule may have it."""
    return name.lower() in _KEPT


def unique_name(base: str, taken: set[str]) -> str:
    """`base`, or `base` with as many `'` as make it differ from all lower-case `taken` names."""
    while base.lower() in taken:
        base += "'"
    return base
