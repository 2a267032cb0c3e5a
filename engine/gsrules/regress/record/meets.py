"""Records that the actions meet: those they matched, looked up, or took an owner or a company from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from sqlglot import exp

from gsrules.actions.changes.staging import fragment
from gsrules.catalogue import Catalogue
from gsrules.catalogue.datatypes import Family
from gsrules.expressions.tree import ColumnRef
from gsrules.plan.nodes import Column
from gsrules.regress.record.book import Unit
from gsrules.regress.record.fields import searches_of
from gsrules.run.engine import RunResult
from gsrules.run.prepare import find_task
from gsrules.run.trace import Trace
from gsrules.tenant import Tenant
from gsrules.tenant.names import column, named, run, select_from, temp_table

Match = tuple[str, str, frozenset[str]]
"""Records to be looked for: object, field, folded texts."""

_MOST: Final = 2000
_CODE: Final = 4
"""The letters of a GSID that tell its object."""


def met_units(trace: Trace, result: RunResult, catalogue: Catalogue, rows: Mapping[str, exp.Select]) -> set[Unit]:
    """Records that the actions touched for the given rows of their datasets, and those whose GSIDs the rows hold."""
    families: dict[str, list[str]] = {}
    for definition in catalogue.objects.values():
        families.setdefault(definition.family, []).append(definition.name)
    found: set[Unit] = set()
    for dataset, action in _acting(trace, result, rows):
        effects = temp_table(result.effects[action], "e")
        known = column("row", "e").isin(query=rows[dataset].copy())
        every = "UNNEST(LIST_CONCAT(COALESCE(:g, []), CASE WHEN NOT :o IS NULL THEN [:o] ELSE [] END))"
        each: Any = fragment(every, g=column("gsids", "e"), o=column("gsid", "e"))
        touched = select_from(effects, column("object", "e"), each)
        for name, gsid in run(trace.tenant.con, touched.where(known, copy=False).limit(_MOST)).fetchall():
            # An effect may touch records of several objects; custom objects share a family.
            likely = families.get(gsid[:_CODE], [])
            found |= {(each, gsid) for each in ([str(name)] if str(name) in likely or not likely else likely)}
    for dataset, chosen in rows.items():
        for gsid in _gsids(trace, result.columns[dataset], dataset, chosen):
            found |= {(name, gsid) for name in families.get(gsid[:_CODE], ())}  # custom objects share a family
    return found


def matches(trace: Trace, result: RunResult, rows: Mapping[str, exp.Select]) -> list[Match]:
    """What the actions look up by value for the given rows: import lookups, owners and others."""
    found: list[Match] = []
    for spec, action in trace.bound.actions:
        dataset = find_task(trace.bound.plan, spec.from_, spec.id)
        if dataset not in rows:
            continue
        for search in searches_of(action):
            words = {word.lower() for word in search.words}
            if isinstance(search.source, ColumnRef):
                words |= _values(trace, dataset, search.source.name, rows[dataset])
            found += [(search.object, field, frozenset(words)) for field in search.fields]
    return found


def named_units(gsids: Iterable[str], catalogue: Catalogue) -> Iterator[Unit]:
    """The records that may have these GSIDs."""
    for gsid in gsids:
        yield from ((each.name, gsid) for each in catalogue.objects.values() if each.family == gsid[:_CODE])


def find(tenant: Tenant, wanted: Sequence[Match]) -> set[Unit]:
    """The records of the tenant that fulfil the matches."""
    found: set[Unit] = set()
    for name, field, words in wanted:
        if not words or name not in tenant.catalogue.objects:
            continue
        text = fragment("LOWER(TRIM(CAST(:v AS VARCHAR)))", v=column(field))
        query = select_from(tenant.table(name), column("Gsid"))
        query = query.where(text.isin(*map(exp.Literal.string, sorted(words))), copy=False).limit(_MOST)
        found |= {(name, gsid) for (gsid,) in run(tenant.con, query).fetchall()}
    return found


def _acting(trace: Trace, result: RunResult, rows: Mapping[str, exp.Select]) -> Iterator[tuple[str, str]]:
    """Datasets of which rows are given, with the actions on them."""
    for spec, _ in trace.bound.actions:
        dataset = find_task(trace.bound.plan, spec.from_, spec.id)
        if dataset in rows and str(spec.id) in result.effects:
            yield dataset, str(spec.id)


def _gsids(trace: Trace, columns: Sequence[Column], dataset: str, rows: exp.Select) -> Iterator[str]:
    for each in columns:
        if each.type.family in (Family.ID, Family.TEXT):
            value = column(each.name)
            query = (
                select_from(trace.rows(dataset), value)
                .distinct(copy=False)
                .where(column("__row").isin(query=rows.copy()), fragment("LENGTH(:v) = 36", v=value.copy()), copy=False)
            )
            yield from (gsid for (gsid,) in run(trace.tenant.con, query.limit(_MOST)).fetchall())


def _values(trace: Trace, dataset: str, name: str, rows: exp.Select) -> frozenset[str]:
    value: Any = fragment("LOWER(TRIM(CAST(:v AS VARCHAR)))", v=column(name))
    query = select_from(trace.rows(dataset), named(value, "v")).distinct(copy=False)
    query = query.where(column("__row").isin(query=rows.copy()), copy=False).limit(_MOST)
    return frozenset(word for (word,) in run(trace.tenant.con, query).fetchall() if word)
