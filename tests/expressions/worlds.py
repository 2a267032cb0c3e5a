"""A small world for expression tests: columns, picklists, and one-row evaluation on DuckDB."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import duckdb
from sqlglot import ErrorLevel, exp

from gsrules.catalogue.datatypes import BOOLEAN, DATE, DATETIME, GSID, NUMBER, STRING, WHOLE, DataType, Kind
from gsrules.catalogue.model import Category, Item
from gsrules.expressions.binder import bind_expression
from gsrules.expressions.counted import counted
from gsrules.expressions.scope import Context, Scope
from gsrules.expressions.spell import SpellEnv, spell
from gsrules.expressions.tree import Expr
from gsrules.plan.nodes import Column
from gsrules.profile import Profile

STATUS = DataType(Kind.PICKLIST, category="company.Status")
STAGE = DataType(Kind.PICKLIST, category="company.Stage")
TAGS = DataType(Kind.MULTI_PICKLIST, category="company.Tags")

COLUMNS = (
    Column("Name", "Name", STRING),
    Column("ARR", "Annual Revenue", NUMBER),
    Column("MRR", "MRR", NUMBER),
    Column("Logins", "Logins", WHOLE),
    Column("Seats", "Seats", WHOLE),
    Column("Active", "Active", BOOLEAN),
    Column("RenewalDate", "Renewal Date", DATE),
    Column("Start", "Start", DATE),
    Column("CreatedDate", "Created Date", DATETIME),
    Column("ModifiedDate", "Modified Date", DATETIME),
    Column("Status", "Status", STATUS),
    Column("OldStatus", "Old Status", STATUS),
    Column("Stage", "Stage", STAGE),
    Column("Tags", "Tags", TAGS),
    Column("Gsid", "GSID", GSID),
    Column("Email", "Email", DataType(Kind.EMAIL)),
    Column("Domain", "E-Mail Domain", STRING),
)


@dataclass(frozen=True)
class Lists:
    """Dropdown categories by id."""

    categories: Mapping[str, Category]

    def category(self, id: str, /) -> Category | None:
        return self.categories.get(id)


def _category(id: str, *names: str) -> Category:
    return Category(id, tuple(Item(f"1I-{id}-{name}", name, order=at) for at, name in enumerate(names)))


LISTS = Lists(
    {
        "company.Status": _category("company.Status", "Active", "Churned", "On Hold"),
        "company.Stage": _category("company.Stage", "New Customer", "NEW CUSTOMER", "Kicked Off"),
        "company.Tags": _category("company.Tags", "VIP", "Beta", "Partner"),
    }
)


def item(category: str, name: str) -> str:
    """The GSID of an option."""
    return f"1I-{category}-{name}"


def context(rule_date: date = date(2024, 5, 15), params: Mapping[str, Any] | None = None, **profile: Any) -> Context:
    """A context; profile keys are written with `__` for the dot."""
    changed = {key.replace("__", "."): value for key, value in profile.items()}
    return Context(rule_date, params or {}, {**Profile.default(), **changed}, LISTS)


@dataclass
class World:
    """Rows of the columns above, and what expressions make of them."""

    context: Context = field(default_factory=context)
    scope: Scope = field(default_factory=lambda: Scope.of_columns(COLUMNS))

    @property
    def env(self) -> SpellEnv:
        return SpellEnv(
            lambda name: exp.column(exp.to_identifier(name, quoted=True)),
            self.context.rule_date,
            self.context.profile,
            self.context.catalogue,
        )

    def bind(self, text: str, expect: DataType | None = None) -> Expr:
        return bind_expression(text, self.scope, self.context, expect)

    def values(self, text: str, rows: Sequence[Mapping[str, Any]], expect: DataType | None = None) -> list[Any]:
        """The expression's value of each row, in order."""
        return evaluate(spell(self.bind(text, expect), self.env), rows)

    def value(self, text: str, expect: DataType | None = None, **row: Any) -> Any:
        """The expression's value of one row; columns that are not given are null."""
        return self.values(text, [row], expect)[0]

    def counts(self, text: str, *rows: Mapping[str, Any]) -> dict[str, int]:
        """How many rows each counted warning befalls."""
        found = {}
        for spot in counted(self.bind(text), self.env):
            hits = evaluate(spot.condition, rows)
            found[spot.reason] = sum(hit is True for hit in hits)
        return {reason: count for reason, count in found.items() if count}

    def findings(self, text: str, expect: DataType | None = None) -> list[str]:
        """Codes of the warnings of one expression."""
        self.context.findings.clear()
        self.bind(text, expect)
        return [problem.code for problem in self.context.findings]


def sql_of(tree: exp.Expression) -> str:
    """The SQL text as the engine sends it."""
    return tree.sql(dialect="duckdb", unsupported_level=ErrorLevel.RAISE)


def evaluate(tree: exp.Expression, rows: Sequence[Mapping[str, Any]]) -> list[Any]:
    """The value of a spelled expression for each row."""
    con = duckdb.connect()
    kinds = ", ".join(f'"{column.name}" {column.type.storage}' for column in COLUMNS)
    con.execute(f"CREATE TABLE world (row_number INTEGER, {kinds})")
    marks = ", ".join("?" for _ in range(len(COLUMNS) + 1))
    for start in range(0, len(rows), 500):
        part = rows[start : start + 500]
        values = ", ".join(f"({marks})" for _ in part)
        cells = [cell for at, row in enumerate(part, start) for cell in (at, *(row.get(c.name) for c in COLUMNS))]
        con.execute(f"INSERT INTO world VALUES {values}", cells)
    return [row[0] for row in con.execute(f"SELECT {sql_of(tree)} FROM world ORDER BY row_number").fetchall()]
