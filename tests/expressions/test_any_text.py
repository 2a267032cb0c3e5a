"""Whatever the text: it binds and runs on the database, or is refused politely."""

from __future__ import annotations

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from gsrules.errors import InputError
from gsrules.expressions.binder import bind_expression
from gsrules.expressions.counted import counted
from gsrules.expressions.parser import MAX_DEPTH
from gsrules.expressions.spell import spell
from gsrules.expressions.tree import Expr
from tests.expressions.worlds import COLUMNS, World, context, sql_of

LEAVES = [
    *(f"[{column.label}]" for column in COLUMNS),
    *("1", "0", "-2.5", "'x'", "'2024-05-01'", "'Active'", "null", "true", "date '2024-02-29'", "rule_date", ":p"),
]
BINARY = [
    *("+", "-", "*", "/", "=", "!=", "<", ">=", "~", "and", "or"),
    *("contains", "does not contain", "starts with", "ends with"),
]
SHAPES = [
    *("not ({})", "-({})", "({}) is null", "({}) in last 3 weeks", "({}) + 2 months", "to_string({})", "is_empty({})"),
    *("round({})", "sqrt({})", "length({})", "left({}, 'a')", "to_number({})", "to_date({})", "add_days({}, 2)"),
    *("first_day_of_week({})", "calendar_label({}, 'quarter')", "case when {} then 1 else 0 end", "abs({})"),
    *("coalesce({}, null)", "({}) in ('Active')", "({}) between 1 and 2", "to_epoch({})", "upper({})"),
]


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    wrapped = st.builds(str.format, st.sampled_from(SHAPES), inner)
    joined = st.builds("({}) {} ({})".format, inner, st.sampled_from(BINARY), inner)
    return wrapped | joined


EXPRESSIONS = st.recursive(st.sampled_from(LEAVES), _larger, max_leaves=5)
CON = duckdb.connect()
CON.execute("CREATE TABLE world (" + ", ".join(f'"{c.name}" {c.type.storage}' for c in COLUMNS) + ")")
CON.execute("INSERT INTO world (Name) VALUES (NULL)")
CON.execute(
    """INSERT INTO world VALUES ('Acme', 12.5, 0, 3, 0, true, '2024-05-01', '9999-12-31', '2024-05-01 09:30:00',
    '0001-01-01 00:00:00', '1I-company.Status-Active', 'gone', '', ['1I-company.Tags-VIP'], 'G', 'a@b.c', '')"""
)


REFUSALS = {"GS-TYPE", "GS-OPERATOR", "GS-NAME", "GS-AMBIGUOUS", "GS-SYNTAX", "GS-LIMIT"}


def bound(text: str, world: World) -> Expr | None:
    """The tree, or None after a polite refusal."""
    try:
        return bind_expression(text, world.scope, world.context)
    except InputError as error:
        unknown = {problem.code for problem in error.problems} - REFUSALS
        if unknown:
            raise
        return None


@given(EXPRESSIONS)
@settings(max_examples=400, deadline=None)
def test_what_binds_runs_and_gives_the_promised_type(text: str) -> None:
    world = World(context(params={"p": 3}, tenant__timezone="Europe/Berlin"))
    tree = bound(text, world)
    if tree is None:
        return
    found = CON.execute(f"SELECT {sql_of(spell(tree, world.env))} AS result FROM world")
    assert len(found.fetchall()) == 2
    described = CON.execute(f"DESCRIBE SELECT {sql_of(spell(tree, world.env))} AS result FROM world").fetchone()
    assert described is not None
    assert described[1] == tree.type.storage
    for spot in counted(tree, world.env):
        CON.execute(f"SELECT count(*) FILTER ({sql_of(spot.condition)}) FROM world").fetchall()


def test_the_deepest_expressions_run() -> None:
    depth = MAX_DEPTH - 4
    for text in (
        "ARR" + " + 1" * depth,
        "Name" + " + 'x'" * depth,
        "not (" * (depth // 2) + "Active" + ")" * (depth // 2),
        "upper(" * depth + "Name" + ")" * depth,
        "case when Active then " * 20 + "1" + " else 0 end" * 20,
    ):
        world = World()
        assert world.value(text, Name="x", ARR=1, Active=True) is not None
