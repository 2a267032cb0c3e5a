"""Resolves lookups that seeds give by a field of the target (`CompanyId.Name`) over stored and staged records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import duckdb
from sqlglot import exp

from gsrules.catalogue import Catalogue, FieldDef
from gsrules.catalogue.texts import ACCEPTED, call, from_text
from gsrules.errors import Problem
from gsrules.tenant.names import GSID, column, create_temp, identifier, named, run, select_from, temp_table
from gsrules.tenant.seed_headers import SeedColumn
from gsrules.tenant.seed_input import ROW

if TYPE_CHECKING:
    from gsrules.tenant.seeding import Staged

_SHOWN = 10


def resolve_lookups(
    con: duckdb.DuckDBPyConnection,
    staged: Sequence[Staged],
    table: Callable[[str], exp.Table],
    catalogue: Catalogue,
    problems: list[Problem],
) -> None:
    """Replaces key columns by the GSIDs they mean; a key that fits no record or several becomes a problem."""
    by_name: dict[str, list[Staged]] = {}
    for one in staged:
        by_name.setdefault(one.definition.name, []).append(one)
    timezone = catalogue.profile["tenant.timezone"]
    for one in staged:
        for by_field in [c for c in one.columns if c.via is not None]:
            _resolve(con, one, by_field, table, by_name, timezone, problems)


def _resolve(
    con: duckdb.DuckDBPyConnection,
    one: Staged,
    by_field: SeedColumn,
    table: Callable[[str], exp.Table],
    by_name: dict[str, list[Staged]],
    timezone: str,
    problems: list[Problem],
) -> None:
    via = by_field.via
    target = by_field.field.type.target
    if via is None or target is None:
        return
    candidates = _candidates(via, table(target), by_name.get(target, ()))
    matches = exp.Subquery(this=candidates, alias=exp.TableAlias(this=identifier("m")))
    key = from_text(via.type, column(by_field.key, "t"), timezone)
    number = f"{by_field.key}_n"
    joined = select_from(
        temp_table(one.typed, "t"),
        exp.Column(this=exp.Star(), table=identifier("t")),
        named(column("g", "m"), by_field.field.name),
        named(column("n", "m"), number),
    )
    joined.join(matches, on=exp.EQ(this=key, expression=column("k", "m")), join_type="left", copy=False)
    resolved = f"{one.typed}_r"
    run(con, create_temp(resolved, joined))
    one.spent.append(one.typed)
    one.typed = resolved
    one.fields.append(by_field.field.name)
    _report(con, one, by_field, via, target, problems)


def _candidates(via: FieldDef, stored: exp.Table, staged: Sequence[Staged]) -> exp.Select:
    """Key → smallest GSID and number of records, over the stored and the staged records of the target."""
    pairs = exp.select(named(column(via.name), "k"), named(column(GSID), "g"))
    union: exp.Query = pairs.from_(stored.copy())
    for one in staged:
        if via.name in one.fields:
            union = exp.union(union, pairs.from_(temp_table(one.typed)), distinct=False)
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


def _report(
    con: duckdb.DuckDBPyConnection,
    one: Staged,
    by_field: SeedColumn,
    via: FieldDef,
    target: str,
    problems: list[Problem],
) -> None:
    number = column(f"{by_field.key}_n")
    filled = exp.Not(this=column(by_field.key).is_(exp.Null()))
    wrong = exp.and_(filled, call("coalesce", number, 0).neq(exp.Literal.number(1)))
    select = exp.select(column(ROW), column(by_field.key), call("coalesce", number, 0)).from_(temp_table(one.typed))
    found = run(con, select.where(wrong).order_by(column(ROW)).limit(_SHOWN)).fetchall()
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
