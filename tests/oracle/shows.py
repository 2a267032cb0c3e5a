"""Show items and grouping, alike in fetch, merge, transform and pivot (data-setup.md §1.2, §4)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from tests.oracle.binding import Bound, Scope
from tests.oracle.functions import mean
from tests.oracle.scopes import ColumnScope, JoinScope, ObjectScope
from tests.oracle.values import Column, Context, RefusedError, Row, settle

AGGREGATES = ("count", "count_distinct", "sum", "avg", "min", "max")
_CALL = re.compile(r"(?is)\s*(\w+)\s*\((.*)\)\s*")
_AS = re.compile(r"(?is)(.*\S)\s+as\s+(.+)")
_ALLOWED = {"sum": ("number",), "avg": ("number",), "min": ("number", "date", "datetime", "text")}
_ALLOWED["max"] = _ALLOWED["min"]


@dataclass
class Item:
    """One output column: `aggregate` is "" for a plain field, `source` the name of the field it shows."""

    column: Column
    bound: Bound
    aggregate: str = ""
    source: str = ""


def split_as(text: str) -> tuple[str, str]:
    match = _AS.fullmatch(text.strip())
    return (match[1].strip(), match[2].strip()) if match else (text.strip(), "")


def aggregate(kind: str, values: list[Any]) -> Any:
    """Null values are skipped; nothing left gives null, or 0 for counts (§4)."""
    kept = [v for v in values if v is not None]
    if kind == "count":
        return Decimal(len(kept))
    if kind == "count_distinct":
        return Decimal(len(set(kept)))
    if not kept:
        return None
    if kind == "avg":
        return settle(mean(kept))
    if kind == "sum":
        return sum(kept, Decimal(0))
    return min(kept) if kind == "min" else max(kept)


def plain(text: str, scope: Scope) -> tuple[str, str, Bound]:
    """(name, label, field) of a field written as in a show item: no brackets needed."""
    stripped = text.strip()
    if isinstance(scope, ObjectScope):
        parts = tuple(p.strip().strip("[]") for p in stripped.split("."))
        names, bound, label = scope.path(parts)
        return "_".join(names), label, bound
    name = re.sub(r"[\[\]]", "", stripped)
    if isinstance(scope, JoinScope):
        bound = scope.find((name,))
        column = scope.hits(name)[0][1]
    else:
        assert isinstance(scope, ColumnScope)
        column, bound = scope.column(name), scope.find((name,))
    return column.name, column.label, bound


def item(text: str, scope: Scope, context: Context) -> Item:
    body, alias = split_as(text)
    call = _CALL.fullmatch(body)
    if call and call[1].lower() in AGGREGATES:
        kind = call[1].lower()
        return _aggregated(kind, call[2].strip(), alias, scope)
    if call:
        raise RefusedError("GS-*", f"{call[1]} is no aggregation")
    name, label, bound = plain(body, scope)
    return Item(Column(alias or name, bound.family, alias or label, bound.category), bound, "", name)


def column_item(text: str, scope: Scope, context: Context) -> Item:
    """A field of `group_by`: never an aggregation, whatever it looks like."""
    if split_as(text)[1]:
        return item(text, scope, context)
    name, label, bound = plain(text, scope)
    return Item(Column(name, bound.family, label, bound.category), bound, "", name)


def _aggregated(kind: str, argument: str, alias: str, scope: Scope) -> Item:
    if argument == "*":
        if kind != "count":
            raise RefusedError("GS-*", f"{kind}(*)")
        name, label, bound = "records", "Number of Records", Bound("number", lambda row: True)
    else:
        name, label, bound = plain(argument, scope)
    ungrouped = kind == "count_distinct" and bound.family == "multi"  # §4: any field that can be grouped
    if ungrouped or bound.family not in _ALLOWED.get(kind, (bound.family,)):
        raise RefusedError("GS-TYPE", f"{kind} of {bound.family}")
    family = "number" if kind in ("count", "count_distinct") else bound.family
    return Item(Column(alias or f"{kind}_of_{name}", family, alias or f"{label} ({kind.upper()})"), bound, kind)


def named_apart(items: list[Item], context: Context) -> list[Item]:
    """No two columns of one alias: refused, or numbered in their order (§1.2, `names.collision`)."""
    taken: set[str] = set()
    apart = []
    for one in items:
        name, number = one.column.name, 0
        while name.lower() in taken:
            if context.profile["names.collision"] == "error":
                raise RefusedError("GS-AMBIGUOUS", f"two columns {name}")
            number += 1
            name = f"{one.column.name}_{number}"
        taken.add(name.lower())
        apart.append(replace(one, column=replace(one.column, name=name)))
    return apart


def project(
    rows: list[Row], items: list[Item], group_by: list[str] | None, scope: Scope, context: Context
) -> list[Row]:
    """Groups when an item aggregates or `group_by` is given; the plain items are the keys."""
    keys = [i for i in items if not i.aggregate]
    if group_by is not None:
        shown = {i.column.name.lower(): i.source for i in keys}
        stated = sorted(_group_name(text, shown, scope).lower() for text in group_by)
        if stated != sorted(i.source.lower() for i in keys):
            raise RefusedError("GS-*", "group_by and the plain items differ")
    if group_by is not None or len(keys) < len(items):
        context.at_most("limits.group_by", len(keys))
    if group_by is None and len(keys) == len(items):
        return [{i.column.name: i.bound.compute(row) for i in items} for row in rows]
    groups = grouped(rows, [i.bound.compute for i in keys])
    if not keys:
        groups = groups or {(): []}
    result = []
    for key, members in groups.items():
        row = dict(zip((i.column.name for i in keys), key, strict=True))
        for i in items:
            if i.aggregate:
                row[i.column.name] = aggregate(i.aggregate, [i.bound.compute(m) for m in members])
        result.append(row)
    return result


def _group_name(text: str, shown: dict[str, str], scope: Scope) -> str:
    """The field that is grouped by, stated by its own name or by that of the column that shows it."""
    try:
        return plain(text, scope)[0]
    except RefusedError:
        return shown[text.strip().strip("[]").lower()]


def grouped(rows: list[Row], keys: list[Callable[[Row], Any]]) -> dict[tuple[Any, ...], list[Row]]:
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(key(row) for key in keys), []).append(row)
    return groups
