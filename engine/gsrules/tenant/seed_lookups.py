"""Resolves lookups that seeds give by a field of the target (`CompanyId.Name`) over stored and staged records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import duckdb
from sqlglot import exp

from gsrules.catalogue import FieldDef
from gsrules.catalogue.texts import ACCEPTED, call, from_text
from gsrules.errors import Problem
from gsrules.tenant.names import GSID, column, identifier, named, run, select_from, temp_table
from gsrules.tenant.seed_headers import SeedColumn
from gsrules.tenant.seed_input import ROW
from gsrules.tenant.statements import Statements

if TYPE_CHECKING:
    from gsrules.tenant.seeding import Staged

_SHOWN = 10


def resolve_lookups(
    statements: Statements,
    staged: Sequence[Staged],
    table: Callable[[str], exp.Table],
    timezone: str,
) -> None:
    """Adds the GSIDs that key columns mean; where a key fits no record, or several, `unresolved` is true."""
    by_name: dict[str, list[Staged]] = {}
    for one in staged:
        by_name.setdefault(one.definition.name, []).append(one)
    for one in staged:
        for by_field in one.lookups:
            target = by_field.field.type.target or ""
            _resolve(statements, one, by_field, table(target), by_name.get(target, ()), timezone)


def _resolve(
    statements: Statements,
    one: Staged,
    by_field: SeedColumn,
    stored: exp.Table,
    others: Sequence[Staged],
    timezone: str,
) -> None:
    via = by_field.via
    assert via is not None
    sources = tuple(other.typed for other in others if via.name in other.fields)
    before = one.typed

    def query() -> exp.Select:
        matches = exp.Subquery(this=_candidates(via, stored, sources), alias=exp.TableAlias(this=identifier("m")))
        key = from_text(via.type, column(by_field.key, "t"), timezone)
        joined = select_from(
            temp_table(before, "t"),
            exp.Column(this=exp.Star(), table=identifier("t")),
            named(column("g", "m"), by_field.field.name),
            named(column("n", "m"), _number(by_field)),
        )
        return joined.join(matches, on=exp.EQ(this=key, expression=column("k", "m")), join_type="left", copy=False)

    key = ("seed lookup", before, by_field.key, sources)
    resolved = f"__seed_found_{statements.numbered(key)}"
    statements.table(resolved, statements.spelled(key, query))
    one.spent.append(before)
    one.typed = resolved
    one.fields.append(by_field.field.name)


def _number(by_field: SeedColumn) -> str:
    return f"{by_field.key}_n"


def unresolved(by_field: SeedColumn) -> exp.Expression:
    """Whether a row's key fits no record or several, over the table with the found GSIDs."""
    filled = exp.Not(this=column(by_field.key).is_(exp.Null()))
    several = call("coalesce", column(_number(by_field)), 0).neq(exp.Literal.number(1))
    return exp.Paren(this=exp.And(this=filled, expression=several))


def _candidates(via: FieldDef, stored: exp.Table, staged: Sequence[str]) -> exp.Select:
    """Key → smallest GSID and number of records, over the stored and the staged records of the target."""
    pairs = exp.select(named(column(via.name), "k"), named(column(GSID), "g"))
    union: exp.Query = pairs.from_(stored.copy())
    for typed in staged:
        union = exp.union(union, pairs.from_(temp_table(typed)), distinct=False)
    return (
        exp.select(
            column("k"),
            named(exp.Min(this=column("g")), "g"),
            named(exp.Count(this=exp.Star()), "n"),
        )
        .from_(exp.Subquery(this=union, alias=exp.TableAlias(this=identifier("pairs"))))
        .where(exp.Not(this=column("k").is_(exp.Null())))
        .group_by(column("k"))
    )


def report_unresolved(con: duckdb.DuckDBPyConnection, staged: Sequence[Staged], problems: list[Problem]) -> None:
    """A problem for each key that fits no record or several."""
    for one in staged:
        for by_field in one.lookups:
            _report(con, one, by_field, problems)


def _report(con: duckdb.DuckDBPyConnection, one: Staged, by_field: SeedColumn, problems: list[Problem]) -> None:
    via, target = by_field.via, by_field.field.type.target
    assert via is not None
    count_found = call("coalesce", column(_number(by_field)), 0)
    select = exp.select(column(ROW), column(by_field.key), count_found).from_(temp_table(one.typed))
    found = run(con, select.where(unresolved(by_field)).order_by(column(ROW)).limit(_SHOWN)).fetchall()
    for row, text, count in found:
        accepted = ACCEPTED.get(via.type.kind, "")
        message = (
            f"no {target} has {via.name} = “{text}”"
            if not count
            else f"{count} {target} records have {via.name} = “{text}”"
        )
        problems.append(
            Problem(
                "GS-TENANT-SEED",
                message,
                one.input.place_of(row, by_field.header),
                where=f"{one.definition.name}, {one.input.source}, row {row}, column {by_field.header}",
                value=text,
                hint=f"give a value that exactly one {target} has"
                + (f" ({accepted})" if accepted else ", or its GSID"),
            )
        )
