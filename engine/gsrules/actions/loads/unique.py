"""Fields of which no two records may share a value (platform.md §2.6): DUPLICATE_VALUE."""

from __future__ import annotations

from sqlglot import exp

from gsrules.actions.changes.staging import (
    all_of,
    any_of,
    call,
    case,
    cast,
    column,
    fragment,
    left_join,
    named,
    select,
    sub,
    text,
    texts,
)
from gsrules.actions.loads.stage import LoadStage
from gsrules.actions.mappings.mapping import BoundMapping
from gsrules.catalogue.datatypes import Kind


class Unique:
    """Adds the code to rows that would write a value which another record has, or which an earlier row writes.

    What counts is what was stored when the action began: a value that a row gives up is free for a later action.
    """

    def __init__(self, stage: LoadStage) -> None:
        self._stage = stage
        on = stage.run.profile["object.unique"] == "on"
        self._mappings = [(i, m) for i, m in stage.written if m.field.unique_always or (m.field.unique and on)]

    @property
    def refuses(self) -> bool:
        """Whether there is a value to check."""
        return bool(self._mappings)

    def checked(self, decided: exp.Select) -> exp.Select:
        """`decided` with `codes`, `field`, `shown` and `words` of rows that it finds; its other columns as they are."""
        if not self._mappings:
            return decided
        marked = sub(self._marked(decided), "m")
        query = select().from_(marked, copy=False)
        taken = []
        for i, mapping in self._mappings:
            alias = f"x{i}"
            query = query.join(
                left_join(
                    self._stored(mapping, alias), on=exp.EQ(this=column("k", alias), expression=self._key(i, "m"))
                ),
                copy=False,
            )
            taken.append((self._taken(i, alias), i, mapping))
        staged = self._stage.staged
        codes = texts([text("DUPLICATE_VALUE")])
        found = {
            "codes": case([(when, codes) for when, _, _ in taken], column("codes", "m")),
            "field": case([(when, text(staged[i].label)) for when, i, _ in taken], column("field", "m")),
            "shown": case(
                [(when, cast(column(f"a{i}", "m"), "VARCHAR")) for when, i, _ in taken], column("shown", "m")
            ),
        }
        kept = exp.Star(except_=[column(name) for name in found])
        whole = exp.Column(this=kept, table=exp.to_identifier("m", quoted=True))
        return query.select(whole, *(named(value, name) for name, value in found.items()), copy=False)

    def _marked(self, decided: exp.Select) -> exp.Select:
        """The rows with, by field, `new…` (the row writes another value), `first…` and `twice…` of it."""
        fresh = select(exp.Star(), *(named(self._new(i), f"new{i}") for i, _ in self._mappings)).from_(
            sub(decided, "d"), copy=False
        )
        items: list[exp.Expr] = [exp.Star()]
        for i, mapping in self._mappings:
            key = self._folded(mapping, column(f"a{i}"))
            same = [column(f"new{i}"), key]
            items.append(named(key, f"key{i}"))
            items.append(named(_over("MIN(:r)", same), f"first{i}"))
            items.append(named(_over("COUNT(:r)", [column(f"new{i}"), column("row")]), f"twice{i}"))
        return select(*items).from_(sub(fresh, "f"), copy=False)

    def _new(self, i: int) -> exp.Expr:
        conditions = [fragment(":c IS NULL", c=column("codes")), fragment("NOT :a IS NULL", a=column(f"a{i}"))]
        if self._stage.load.operation != "insert":
            changed = exp.NullSafeNEQ(this=column(f"a{i}"), expression=column(f"b{i}"))
            conditions.append(fragment(":g IS NULL OR :d", g=column("gsid"), d=changed))
            conditions[-1] = any_of([fragment(":g IS NULL", g=column("gsid")), changed])
        return all_of(conditions)

    def _stored(self, mapping: BoundMapping, alias: str) -> exp.Expr:
        """The least and greatest GSID of the records with a value."""
        table = self._stage.run.tenant.table(self._stage.load.object.name)
        key = self._folded(mapping, column(mapping.field.name))
        query = select(
            named(key, "k"),
            named(call("MIN", column("Gsid")), "lo"),
            named(call("MAX", column("Gsid")), "hi"),
        ).from_(table, copy=False)
        return sub(query.group_by(self._folded(mapping, column(mapping.field.name)), copy=False), alias)

    def _taken(self, i: int, alias: str) -> exp.Expr:
        others = fragment(
            "NOT :lo IS NULL AND (:lo <> COALESCE(:g, '') OR :hi <> COALESCE(:g, ''))",
            lo=column("lo", alias),
            hi=column("hi", alias),
            g=column("gsid", "m"),
        )
        earlier = fragment(":f < :r", f=column(f"first{i}", "m"), r=column("row", "m"))
        several = fragment(":n > 1", n=column(f"twice{i}", "m"))
        return all_of([column(f"new{i}", "m"), exp.Paren(this=any_of([others, earlier, several]))])

    @staticmethod
    def _folded(mapping: BoundMapping, value: exp.Expr) -> exp.Expr:
        return fragment("LOWER(:v)", v=value) if mapping.field.type.kind is Kind.EMAIL else value

    @staticmethod
    def _key(i: int, table: str) -> exp.Expr:
        return column(f"key{i}", table)


def _over(aggregate: str, partition: list[exp.Expr]) -> exp.Expr:
    return exp.Window(this=fragment(aggregate, r=column("row")), partition_by=partition)
