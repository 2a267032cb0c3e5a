"""What a decided load comes to: effects, ids of new records, writes (actions.md §4, §10.1)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from sqlglot import exp

from gsrules.actions.changes.effects import EffectColumns
from gsrules.actions.changes.staging import (
    call,
    column,
    fragment,
    given_number,
    left_join,
    named,
    number,
    relation,
    select,
    sub,
    text,
    texts,
    typed_null,
    use,
    write_view,
)
from gsrules.actions.changes.stamps import created_stamps, modified_stamps
from gsrules.actions.loads.deletion import deletions
from gsrules.actions.loads.outbox import outbox
from gsrules.actions.loads.stage import LoadStage
from gsrules.catalogue.datatypes import Family
from gsrules.tenant.changes import Write


class Results:
    """Over `plan`, the table of the decided rows; `fresh` holds the GSIDs of the new records, None without any."""

    def __init__(self, stage: LoadStage, plan: str, outcomes: dict[str, int], *, refuses_twins: bool) -> None:
        self.stage = stage
        self.load = stage.load
        self.run = stage.run
        self.plan = plan
        self.outcomes = outcomes
        self.refuses_twins = refuses_twins
        created = outcomes.get("created", 0)
        self.fresh = self._new_ids(created) if created else None

    def _new_ids(self, created: int) -> str:
        """The GSIDs of the new records, in row order."""
        name = self.load.object.name
        first = self.run.tenant.allocate(name, created)

        def query() -> exp.Select:
            order = exp.Order(expressions=[exp.Ordered(this=column("row"), desc=False)])
            position = exp.Window(this=exp.RowNumber(), order=order)
            counter = fragment(":p + :first", p=position, first=given_number())
            numbered = select(column("row"), named(counter, "n")).from_(relation(self.plan), copy=False)
            numbered = numbered.where(exp.EQ(this=column("outcome"), expression=text("created")), copy=False)
            ids = select(column("row"), named(self.run.tenant.gsid(name, column("n")), "gsid"))
            return ids.from_(sub(numbered, "n"), copy=False)

        return self.stage.scratch.table("new", query, [first - 1])

    # Effects

    def effects(self, source: str, fresh: str | None, *, several: bool) -> EffectColumns:
        """The effects over `source`: the plan, or one row of it for each row of the dataset."""
        query = select().from_(relation(source, "p"), copy=False)
        gsid: exp.Expr = column("gsid", "p")
        if fresh:
            on = exp.EQ(this=column("row", "n"), expression=column("row", "p"))
            query = query.join(left_join(relation(fresh, "n"), on=on), copy=False)
            gsid = fragment("COALESCE(:old, :new)", old=gsid, new=column("gsid", "n"))
        outcome = column("outcome", "p")
        matched = self.load.operation != "insert"
        done = exp.In(this=use(outcome), expressions=[text(o) for o in ("created", "updated", "unchanged")])
        touched = exp.In(this=use(outcome), expressions=[text(o) for o in ("updated", "unchanged")])
        written: exp.Expr = done
        if self.load.deletes is not None:
            written = fragment(":d AND NOT :gone", d=done, gone=column("gone", "p"))
        stored = [(m.field.name, column(f"b{i}", "p")) for i, m in self.stage.written]
        one = fragment("CASE WHEN NOT :g IS NULL THEN [:g] END", g=gsid)
        if self.refuses_twins:
            refused = fragment("list_extract(:c, 1) = 'MULTIPLE_RECORDS_MATCHED'", c=column("codes", "p"))
            one = fragment("CASE WHEN :r THEN :l ELSE :one END", r=refused, l=column("twins", "p"), one=one)
        return EffectColumns(
            source=query,
            row=column("row", "p"),
            outcome=outcome,
            codes=column("codes", "p"),
            field=column("field", "p"),
            shown=column("shown", "p"),
            words=column("words", "p"),
            key=self._key_text(),
            object=self.load.object.name,
            gsid=gsid,
            gsids=column("gsids", "p") if several else one,
            warnings=column("warnings", "p"),
            before=(
                stored if matched else [(m.field.name, typed_null(m.field.type.storage)) for _, m in self.stage.written]
            ),
            after=[(m.field.name, column(f"a{i}", "p")) for i, m in self.stage.written],
            has_before=touched if matched else exp.false(),
            has_after=written,
        )

    def _key_text(self) -> exp.Expr:
        parts: list[exp.Expr] = []
        for i, found in self.stage.identifiers:
            part: exp.Expr = column(f"{'v' if found.name == self.stage.key_field else 'a'}{i}", "p")
            if found.type.family is Family.NUMBER:
                part = fragment("RTRIM(RTRIM(CAST(:v AS VARCHAR), '0'), '.')", v=part)
            parts.append(part)
        return call("concat_ws", text(", "), *parts) if parts else typed_null("VARCHAR")

    def one_a_row(self) -> str:
        """Where several records were matched: one row a dataset row, that of the smallest changed GSID."""
        return self.stage.scratch.table("rows", self._ranked)

    def _ranked(self) -> exp.Select:
        rank = fragment("CASE WHEN :o = 'updated' THEN 0 ELSE 1 END", o=column("outcome"))
        window = {"partition_by": [column("row")]}
        order = exp.Order(expressions=[exp.Ordered(this=item, desc=False) for item in (rank, column("gsid"))])
        place = exp.Window(this=exp.RowNumber(), order=order, **window)
        written = fragment("LIST(:g) FILTER (WHERE NOT :g IS NULL)", g=column("gsid"))
        listed = exp.Window(this=written, **window)
        twins = fragment(":n > 1", n=exp.Window(this=exp.Count(this=exp.Star()), **window))
        # the warnings of a row's records differ only by NULL_WRITTEN, which counts if one of them lost a value
        most = exp.Window(this=fragment("ARG_MAX(:w, LEN(:w))", w=column("warnings")), **window)
        warned = call("list_concat", most, texts([text("MULTI_MATCH_UPDATED")]))
        warnings = fragment("CASE WHEN :t THEN :both ELSE :w END", t=twins, both=warned, w=column("warnings"))
        ranked = select(
            exp.Star(except_=[column("warnings")]),
            named(warnings, "warnings"),
            named(place, "__place"),
            named(fragment("CASE WHEN NOT :g IS NULL THEN LIST_SORT(:l) END", g=column("gsid"), l=listed), "gsids"),
        ).from_(relation(self.plan), copy=False)
        query = select(exp.Star()).from_(sub(ranked, "r"), copy=False)
        return query.where(exp.EQ(this=column("__place"), expression=number(1)), copy=False)

    # Writes

    def writes(self) -> list[Write]:
        """What is inserted, updated and deleted, in this order."""
        writes = []
        write = partial(write_view, self.stage.scratch, self.load.object.name)
        if self.fresh:
            fresh = self.fresh
            writes.append(write("insert", self._created_fields, lambda: self._created(fresh)))
        touch = not self.load.salesforce and self.run.profile["load.touch_unchanged"]
        touched = ("updated", "unchanged") if touch else ("updated",)
        if any(self.outcomes.get(outcome) for outcome in touched):
            writes.append(write("update", self._updated_fields, lambda: self._updated(touched)))
            if self.load.deletes is not None:
                writes += deletions(self.stage, self.plan)
        return writes

    def outbox(self) -> str | None:
        """The requests to Salesforce that the writes stand for, if there are any."""
        if self.load.sync is None or not any(self.outcomes.get(outcome) for outcome in ("created", "updated")):
            return None
        return outbox(self.stage, self.load.sync, self.plan, self.fresh)

    def _values(self) -> dict[str, exp.Expr]:
        return {m.field.name: column(f"a{i}", "p") for i, m in self.stage.written}

    def _created_fields(self) -> dict[str, exp.Expr]:
        values = self._values()
        unmapped = {name: value for name, value in self.load.defaults.items() if name not in values}
        made = {**values, **unmapped, **self._stamps(new=True)}
        if self.load.pinned is not None:
            made[self.load.pinned.field.name] = self.stage.pinned_value(self.load.pinned)
        if self.load.salesforce:
            made[self.stage.key_field] = column("gsid", "n")
        return made

    def _stamps(self, *, new: bool) -> dict[str, exp.Expr]:
        """Salesforce writes its own stamps, which is not imitated."""
        if self.load.salesforce:
            return {}
        return created_stamps(self.run) if new else modified_stamps(self.run)

    def _created(self, fresh: str) -> exp.Select:
        """The created rows (`p`) with their new ids (`n`)."""
        on = exp.EQ(this=column("row", "n"), expression=column("row", "p"))
        source = select(named(column("gsid", "n"), "Gsid")).from_(relation(self.plan, "p"), copy=False)
        return source.join(relation(fresh, "n"), on=on, copy=False)

    def _updated_fields(self) -> dict[str, exp.Expr]:
        fixed = self.stage.fixed
        changing = {name: value for name, value in self._values().items() if name not in fixed}
        return {**changing, **self._stamps(new=False)}

    def _updated(self, touched: Sequence[str]) -> exp.Select:
        where: exp.Expr = exp.In(this=column("outcome", "p"), expressions=[text(outcome) for outcome in touched])
        if self.load.deletes is not None:
            where = fragment(":w AND NOT :g", w=where, g=column("gone", "p"))
        source = select(named(column("gsid", "p"), "Gsid")).from_(relation(self.plan, "p"), copy=False)
        return source.where(where, copy=False)
