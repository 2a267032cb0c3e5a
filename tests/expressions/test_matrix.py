"""Every cell of the operator matrix: what a type allows works, what it does not is refused (data-setup.md §5.2)."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from sqlglot import exp

from gsrules.catalogue.datatypes import DataType, Kind
from gsrules.errors import InputError
from gsrules.expressions.binder import bind_predicate
from gsrules.expressions.scope import Scope
from gsrules.expressions.spell import SpellEnv, spell
from gsrules.plan.nodes import Column
from tests.expressions.worlds import context, item, sql_of

STATUS, TAGS = "company.Status", "company.Tags"
KINDS = {
    "text": (Kind.STRING, Kind.EMAIL, Kind.URL, Kind.RICH_TEXT, Kind.JSON),
    "id": (Kind.GSID, Kind.LOOKUP, Kind.SFDC_ID),
    "number": (Kind.NUMBER, Kind.CURRENCY, Kind.PERCENTAGE),
    "boolean": (Kind.BOOLEAN,),
    "date": (Kind.DATE,),
    "datetime": (Kind.DATETIME,),
    "picklist": (Kind.PICKLIST,),
    "multi": (Kind.MULTI_PICKLIST,),
}
TYPES = {
    kind: DataType(kind, category={"picklist": STATUS, "multi": TAGS}.get(name))
    for name, kinds in KINDS.items()
    for kind in kinds
}
SCOPE = Scope.of_columns([Column(kind.value, kind.value, TYPES[kind]) for kind in TYPES])

# by group of types: a value that the operators are tried with, as text of the rule language, and a row's value
VALUES: dict[str, tuple[str, str, Any]] = {
    "text": ("'b'", "'c'", "b"),
    "id": ("'b'", "'c'", "b"),
    "number": ("2", "3", Decimal(2)),
    "boolean": ("true", "false", True),
    "date": ("'2024-05-15'", "'2024-05-16'", date(2024, 5, 15)),
    "datetime": ("'2024-05-15'", "'2024-05-16'", datetime(2024, 5, 15, 9, 30)),
    "picklist": ("'Active'", "'Churned'", item(STATUS, "Active")),
    "multi": ("'VIP'", "'Beta'", [item(TAGS, "VIP"), item(TAGS, "Partner")]),
}

# operator, its text over {f} with the values {a} and {b}, the groups that have it, its result on the row above
MATRIX: list[tuple[str, str, str, bool]] = [
    ("eq", "[{f}] = {a}", "text id number boolean date datetime", True),
    ("ne", "[{f}] != {a}", "text id number boolean date datetime", False),
    ("eq_cis", "[{f}] ~ {a}", "text id", True),
    ("ne_cis", "[{f}] !~ {a}", "text id", False),
    ("lt", "[{f}] < {b}", "number date datetime", True),
    ("lte", "[{f}] <= {a}", "number date datetime", True),
    ("gt", "[{f}] > {a}", "number date datetime", False),
    ("gte", "[{f}] >= {a}", "number date datetime", True),
    ("between", "[{f}] between {a} and {b}", "number date datetime", True),
    ("not_between", "[{f}] not between {a} and {b}", "number date datetime", False),
    ("in", "[{f}] in ({a}, {b})", "text id number picklist multi", True),
    ("not_in", "[{f}] not in ({b})", "text id number picklist multi", True),
    ("is_null", "[{f}] is null", "text id number boolean date datetime picklist multi", False),
    ("is_not_null", "[{f}] is not null", "text id number boolean date datetime picklist multi", True),
    ("contains", "[{f}] contains 'b'", "text", True),
    ("not_contains", "[{f}] does not contain 'b'", "text", False),
    ("starts_with", "[{f}] starts with 'b'", "text", True),
    ("ends_with", "[{f}] ends with 'c'", "text", False),
    ("includes", "[{f}] includes ('b')", "", False),
    ("excludes", "[{f}] excludes ('b')", "", False),
    ("period", "[{f}] in this month", "date datetime", True),
]
CELLS = [
    pytest.param(text, group, kind, result if group in groups.split() else None, id=f"{operator}-{kind.value}")
    for operator, text, groups, result in MATRIX
    for group, kinds in KINDS.items()
    for kind in kinds
]


def value_of(text: str, kind: Kind, cell: Any) -> bool | None:
    """The condition's value on one row."""
    ctx = context(date(2024, 5, 15))
    tree = spell(bind_predicate(text, SCOPE, ctx), SpellEnv(_column, ctx.rule_date, ctx.profile, ctx.catalogue))
    with duckdb.connect() as con:
        con.execute(f'CREATE TABLE t ("{kind.value}" {TYPES[kind].storage})')
        con.execute("INSERT INTO t VALUES (?)", [cell])
        row = con.execute(f"SELECT {sql_of(tree)} FROM t").fetchone()
    assert row is not None
    found: bool | None = row[0]
    return found


def _column(name: str) -> exp.Expression:
    return exp.column(exp.to_identifier(name, quoted=True))


@pytest.mark.parametrize(("text", "group", "kind", "result"), CELLS)
def test_a_cell_of_the_matrix(text: str, group: str, kind: Kind, result: bool | None) -> None:
    a, b, cell = VALUES[group]
    written = text.format(f=kind.value, a=a, b=b)
    if result is not None:
        assert value_of(written, kind, cell) is result
        return
    with pytest.raises(InputError) as caught:
        bind_predicate(written, SCOPE, context())
    problem = caught.value.problems[0]
    assert problem.code == "GS-OPERATOR"
    assert "(INVALID_QUERY_FILTER_OPERATOR)" in problem.message
    assert problem.place is not None
    assert problem.hint


@pytest.mark.parametrize("kind", list(TYPES), ids=lambda kind: kind.value)
def test_a_null_passes_no_operator_but_the_null_test(kind: Kind) -> None:
    group = next(name for name, kinds in KINDS.items() if kind in kinds)
    a, b, _ = VALUES[group]
    for operator, text, groups, _ in MATRIX:
        if group in groups.split():
            wanted = {"is_null": True, "is_not_null": False}.get(operator)
            assert value_of(text.format(f=kind.value, a=a, b=b), kind, None) is wanted, operator


# one value of each family against every family that does not combine with it
VALUE_TEXTS = {"text": "'abc'", "number": "5", "boolean": "true", "date": "rule_date", "datetime": "[datetime]"}
WRONG = [
    ("text", "number"), ("text", "boolean"), ("text", "date"), ("text", "datetime"),
    ("number", "text"), ("number", "boolean"), ("number", "date"), ("number", "datetime"),
    ("boolean", "text"), ("boolean", "number"), ("boolean", "date"),
    ("date", "text"), ("date", "number"), ("date", "boolean"),
    ("datetime", "text"), ("datetime", "number"), ("datetime", "boolean"),
    ("id", "number"), ("id", "boolean"), ("id", "date"),
]  # fmt: skip


@pytest.mark.parametrize(("group", "other"), WRONG)
def test_a_value_of_another_family_is_an_invalid_type(group: str, other: str) -> None:
    for kind in KINDS[group]:
        with pytest.raises(InputError) as caught:
            bind_predicate(f"[{kind.value}] = {VALUE_TEXTS[other]}", SCOPE, context())
        problem = caught.value.problems[0]
        assert problem.code == "GS-TYPE"
        assert "(INVALID_TYPE)" in problem.message
        assert problem.place is not None
