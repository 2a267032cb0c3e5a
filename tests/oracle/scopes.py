"""What names mean in each kind of task: an object's fields, a parent's columns, the sides of a merge."""

from __future__ import annotations

from typing import Any

from tests.oracle.binding import Bound, Scope
from tests.oracle.tenant import Object, Tenant
from tests.oracle.values import Column, RefusedError, Row


def one_of(hits: list[Any], name: str) -> Any:
    if len(hits) != 1:
        raise RefusedError("GS-AMBIGUOUS" if hits else "GS-NAME", f"{len(hits)} things are called {name}")
    return hits[0]


def named(columns: list[Column], name: str) -> list[Column]:
    """The columns of that alias; where there are none, those with that label (§1.2)."""
    aliased = [c for c in columns if c.name.lower() == name.lower()]
    return aliased or [c for c in columns if c.label.lower() == name.lower()]


class ObjectScope(Scope):
    """Fields of an object and paths through its lookups (§4)."""

    def __init__(self, tenant: Tenant, found: Object) -> None:
        self.tenant = tenant
        self.object = found

    def find(self, parts: tuple[str, ...]) -> Bound:
        return self.path(parts)[1]

    def path(self, parts: tuple[str, ...]) -> tuple[list[str], Bound, str]:
        """(API names along the path, the field, its label)."""
        self.tenant.context.at_most("limits.lookup_hops", len(parts) - 1)
        found, names = self.object, []
        for part in parts[:-1]:
            one = found.find(part)
            if not one.target:
                raise RefusedError("GS-NAME", f"{part} is no lookup")
            names.append(one.name)
            found = self.tenant.object(one.target)
        last = found.find(parts[-1])
        names.append(last.name)
        start = self.object.name

        def compute(row: Row) -> Any:
            value = self.shown(start, row, names)
            blank = self.tenant.context.profile["values.blank_is_null"]
            return None if value == "" and blank else value

        return names, Bound(last.family, compute, f"{found.name}.{last.name}"), last.label

    def shown(self, start: str, row: Row, names: list[str]) -> Any:
        if start.lower() not in self.tenant.objects or self.tenant.objects[start.lower()] is not self.object:
            return row[names[0]]
        return self.tenant.shown(start, row, ".".join(names))


class ColumnScope(Scope):
    """Columns of one table, by name or label."""

    def __init__(self, columns: list[Column], rows: list[Row]) -> None:
        self.columns = columns
        self.filtered = rows

    def rows(self) -> list[Row]:
        return self.filtered

    def column(self, name: str) -> Column:
        found = one_of(named(self.columns, name), name)
        assert isinstance(found, Column)
        return found

    def find(self, parts: tuple[str, ...]) -> Bound:
        column = self.column(".".join(parts))
        return Bound(column.family, lambda row: row[column.name], column.category)


class JoinScope(Scope):
    """Columns of several tables; a name may carry its dataset. Rows are keyed by (dataset, column)."""

    def __init__(self, sides: list[tuple[str, list[Column]]]) -> None:
        self.sides = sides

    def hits(self, name: str) -> list[tuple[str, Column]]:
        every = [(d, c) for d, columns in self.sides for c in columns]
        plain = [(d, c) for d, c in every if c in named([c for _, c in every], name)]
        stated = [
            (d, c)
            for d, columns in self.sides
            for c in named(columns, name[len(d) + 1 :])
            if name.lower().startswith(d.lower() + ".")
        ]
        return plain or stated

    def find(self, parts: tuple[str, ...]) -> Bound:
        dataset, column = one_of(self.hits(".".join(parts)), ".".join(parts))
        key = (dataset, column.name)
        return Bound(column.family, lambda row: row[key], column.category)
