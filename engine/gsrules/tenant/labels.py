"""The views `<object>_labels`: picklists by label, lookups by the name of their target (design: cli.md)."""

from __future__ import annotations

from collections.abc import Callable

import duckdb
from sqlglot import exp

from gsrules.catalogue import Catalogue, FieldDef, Item, ObjectDef
from gsrules.catalogue.datatypes import Family
from gsrules.tenant.names import GSID, aliased, column, identifier, named, run, select_from

SUFFIX = "_labels"


def create_label_views(con: duckdb.DuckDBPyConnection, catalogue: Catalogue, table: Callable[[str], exp.Table]) -> None:
    """Creates a temporary view for every object; `table` gives an object's table."""
    for definition in catalogue.objects.values():
        name = definition.name + SUFFIX
        if name not in catalogue.objects:
            view = exp.Create(
                this=exp.Table(this=identifier(name)),
                kind="VIEW",
                expression=_select(definition, catalogue, table),
                properties=exp.Properties(expressions=[exp.TemporaryProperty()]),
            )
            run(con, view)


def _select(definition: ObjectDef, catalogue: Catalogue, table: Callable[[str], exp.Table]) -> exp.Select:
    select = select_from(aliased(table(definition.name), "t"))
    for position, one in enumerate(definition.fields.values()):
        value: exp.Expression = column(one.name, "t")
        target = catalogue.objects.get(one.type.target or "")
        if target is not None and target.name_field is not None:
            alias = f"t{position}"
            joined = aliased(table(target.name), alias)
            select.join(joined, on=column(GSID, alias).eq(column(one.name, "t")), join_type="left", copy=False)
            value = exp.Coalesce(this=column(target.name_field.name, alias), expressions=[value])
        elif one.type.category:
            value = _labelled(one, catalogue, value)
        select.append("expressions", named(value, one.name))
    return select


def _labelled(one: FieldDef, catalogue: Catalogue, value: exp.Expression) -> exp.Expression:
    items = catalogue.category(one.type.category or "").items
    if not items:
        return value
    if one.type.family is Family.MULTI_PICKLIST:
        item = column("item")
        labels = exp.Lambda(this=_label(items, item), expressions=[identifier("item")], colon=True)
        listed = exp.Anonymous(this="list_transform", expressions=[value, labels])
        return exp.Anonymous(this="array_to_string", expressions=[listed, exp.Literal.string("; ")])
    return _label(items, value)


def _label(items: tuple[Item, ...], value: exp.Expression) -> exp.Expression:
    pairs = [exp.If(this=exp.Literal.string(i.gsid), true=exp.Literal.string(i.name)) for i in items]
    return exp.Case(this=value, ifs=pairs, default=value.copy())
