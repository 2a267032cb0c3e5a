"""The load algorithm: insert, update, upsert, by identifiers (actions.md §4), as a few set-based statements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from functools import cached_property, partial
from typing import Any, Literal

from sqlglot import exp

from gsrules.actions.effects import EffectColumns, Received, change_list
from gsrules.actions.kind import ActionRun
from gsrules.actions.mapping import BoundMapping
from gsrules.actions.rows import Matched, spelling
from gsrules.actions.staging import (
    aliased,
    all_of,
    any_of,
    call,
    case,
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
from gsrules.actions.stamps import created_stamps, modified_stamps
from gsrules.actions.values import StagedValue, as_set, stage, staged_rows
from gsrules.catalogue import Catalogue, FieldDef, ObjectDef
from gsrules.catalogue.datatypes import Family, Kind
from gsrules.dataclass import dataclass
from gsrules.errors import Problem
from gsrules.expressions.tree import Expr
from gsrules.tenant.changes import ChangeList, Write

Operation = Literal["insert", "update", "upsert"]


@dataclass(frozen=True, slots=True)
class BoundLoad:
    """A load that passed validation.

    `defaults` are the values of unmapped fields of new records (and of mapped ones that are null there);
    `self_references` the fields that may not hold the record's own GSID.
    """

    object: ObjectDef
    operation: Operation
    mappings: tuple[BoundMapping, ...]
    identifiers: tuple[FieldDef, ...]
    defaults: Mapping[str, exp.Expr]
    catalogue: Catalogue
    criteria: Expr | None = None
    reads: frozenset[str] = frozenset()
    findings: tuple[Problem, ...] = ()
    self_references: tuple[str, ...] = ()

    @property
    def writes_to(self) -> tuple[str, ...]:
        return (self.object.name,)

    def plan(self, run: ActionRun) -> ChangeList:
        """Decides every matched row (actions.md §3.2, §4)."""
        return _Plan(self, run).change_list()


@dataclass(frozen=True, slots=True)
class _Late:
    """A code that needs the match, with the field concerned and words of its own, both null if there are none."""

    when: exp.Expr
    code: str
    where: exp.Expr = field(default_factory=lambda: typed_null("VARCHAR"))
    words: exp.Expr = field(default_factory=lambda: typed_null("VARCHAR"))


class _Plan:
    def __init__(self, load: BoundLoad, run: ActionRun) -> None:
        self.load = load
        self.run = run
        self.scratch = run.scratch()
        self.rows = Matched(run, spelling(run, load.catalogue), self.scratch, load.criteria)
        self.warns = False

    @cached_property
    def staged(self) -> tuple[StagedValue, ...]:
        return tuple(_required(self.load, m, stage(m, self.rows)) for m in self.load.mappings)

    def change_list(self) -> ChangeList:
        received = Received(*self.rows.counts())
        inserts = self.load.operation == "insert"
        plan = self.scratch.table("plan", self._inserts if inserts else self._matches)
        warns = self.scratch.once("warns", lambda: self.warns or any(value.warnings for value in self.staged))
        outcomes, records = self._outcomes(plan)
        created = outcomes.get("created", 0)
        fresh = self._new_ids(plan, created) if created else None
        several = sum(outcomes.values()) > received.matched
        source = self._one_a_row(plan) if several else plan
        name = f"{'several_' if several else ''}{'created_' if fresh else ''}effects"
        view = self.scratch.view(name, lambda: self._effects(source, fresh, several=several).query())
        writes = self._writes(plan, fresh, outcomes)
        return change_list(
            self.scratch,
            view,
            writes,
            received,
            lambda: self._effects(source, None, several=several).brief(),
            records_written=records,
            outcomes=None if several else outcomes,
            may_warn=warns or several,
        )

    # The written fields: all mapped ones but Gsid; `v` staged, `a` after, `b` before.

    @property
    def written(self) -> list[tuple[int, BoundMapping]]:
        return [(i, m) for i, m in enumerate(self.load.mappings) if m.field.name != "Gsid"]

    def _staged_select(self) -> exp.Select:
        items = [named(self.rows.row, "row")]
        items += [named(value.value, f"v{i}") for i, value in enumerate(self.staged)]
        return staged_rows(self.rows, items, self.staged)

    def _inserts(self) -> exp.Select:
        kept = [column(name) for name in ("row", "codes", "field", "shown", "words", "warnings")]
        after = [named(self._on_creation(m, column(f"v{i}")), f"a{i}") for i, m in self.written]
        outcome = fragment("CASE WHEN :c IS NULL THEN 'created' ELSE 'failed' END", c=column("codes"))
        gsid = named(typed_null("VARCHAR"), "gsid")
        staged = sub(self._staged_select(), "s")
        return select(*kept, *after, gsid, named(outcome, "outcome")).from_(staged, copy=False)

    def _on_creation(self, mapping: BoundMapping, value: exp.Expr) -> exp.Expr:
        default = self.load.defaults.get(mapping.field.name)
        return fragment("COALESCE(:v, :d)", v=value, d=default) if default is not None else value

    def _matches(self) -> exp.Select:
        """Every row with the record that its identifiers find, the values before and after, and the outcome."""
        matched = self._decided(self._joined())
        skipping = {"DUPLICATE_IN_BATCH"} if self.run.profile["load.duplicate_keys"] != "error" else set()
        if self.run.profile["load.update_no_match"] == "skip":
            skipping.add("NO_RECORD_TO_UPDATE")
        first = fragment("list_extract(:c, 1)", c=column("codes"))
        skipped = exp.In(this=first, expressions=[text(code) for code in sorted(skipping)]) if skipping else exp.false()
        outcome = fragment(
            "CASE WHEN :c IS NULL THEN CASE WHEN :g IS NULL THEN 'created' WHEN :d THEN 'updated' ELSE 'unchanged' END"
            " WHEN :s THEN 'skipped' ELSE 'failed' END",
            c=column("codes"),
            g=column("gsid"),
            d=self._changed(),
            s=skipped,
        )
        kept: list[exp.Expr] = [column(name) for name in ("row", "codes", "field", "shown", "words")]
        kept.append(named(fragment("CASE WHEN :c IS NULL THEN :g END", c=column("codes"), g=column("gsid")), "gsid"))
        kept += [column("twins")] if self._refuses_twins else []
        sides = [column(f"{side}{i}") for i, _ in self.written for side in "ab"]
        keys = [column(f"v{i}") for i, m in enumerate(self.load.mappings) if m.field.name == "Gsid"]
        decided = sub(matched, "e")
        return select(*kept, *sides, *keys, named(self._warnings(), "warnings"), named(outcome, "outcome")).from_(
            decided, copy=False
        )

    # Identifiers

    @property
    def identifiers(self) -> list[tuple[int, FieldDef]]:
        places = {m.field.name: i for i, m in enumerate(self.load.mappings)}
        return [(places[found.name], found) for found in self.load.identifiers]

    def _folds(self, found: FieldDef) -> bool:
        if found.type.kind is Kind.EMAIL:
            return True
        return found.type.family is Family.TEXT and self.run.profile["load.identifier_case"] == "insensitive"

    def _key(self, found: FieldDef, value: exp.Expr) -> exp.Expr:
        if self._folds(found):
            return fragment("LOWER(:v)", v=value)
        return as_set(value) if found.type.family is Family.MULTI_PICKLIST else value

    @property
    def _null_matches(self) -> bool:
        return bool(self.run.profile["load.match_null"] == "null_equals_null")

    def _live(self) -> exp.Expr:
        """Whether a staged row takes part in matching: no code, and no null identifier."""
        conditions = [fragment(":c IS NULL", c=column("codes"))] if any(v.failures for v in self.staged) else []
        if not self._null_matches:
            conditions += [fragment("NOT :v IS NULL", v=column(f"v{i}")) for i, _ in self.identifiers]
        return all_of(conditions)

    def _numbered(self) -> exp.Select:
        """Staged rows with `place`: 1 for the row of its key that counts (under `error`: the rows of the key)."""
        mode = self.run.profile["load.duplicate_keys"]
        keys = [self._key(found, column(f"v{i}")) for i, found in self.identifiers]
        live = self._live()
        parts = keys if live == exp.true() else [live, *keys]
        window: dict[str, Any] = {"partition_by": parts}
        if mode == "error":
            place: exp.Expr = exp.Window(this=exp.Count(this=exp.Star()), **window)
        else:
            order = exp.Order(expressions=[exp.Ordered(this=column("row"), desc=mode == "last")])
            place = exp.Window(this=exp.RowNumber(), order=order, **window)
        staged = sub(self._staged_select(), "s")
        return select(exp.Star(), named(live, "live"), named(place, "place")).from_(staged, copy=False)

    def _targets(self) -> exp.Expr:
        """The stored records; under `multi_match` first and error at most one a key, with all of the key as `twins`."""
        table = self.run.tenant.table(self.load.object.name)
        mode = self.run.profile["load.multi_match"]
        if mode == "all" or any(found.name == "Gsid" for _, found in self.identifiers):
            return aliased(table, "t")
        keys = [self._key(found, column(found.name)) for _, found in self.identifiers]
        order = exp.Order(expressions=[exp.Ordered(this=column("Gsid"), desc=False)])
        place = exp.Window(this=exp.RowNumber(), partition_by=keys, order=order)
        twins = exp.Window(this=fragment("LIST(:g)", g=column("Gsid")), partition_by=[use(key) for key in keys])
        ranked = select(exp.Star(), named(place, "__place"), named(twins, "__twins")).from_(table, copy=False)
        chosen = select(exp.Star()).from_(sub(ranked, "k"), copy=False)
        chosen = chosen.where(exp.EQ(this=column("__place"), expression=number(1)), copy=False)
        return sub(chosen, "t")

    @property
    def _refuses_twins(self) -> bool:
        by_gsid = any(found.name == "Gsid" for _, found in self.identifiers)
        return self.run.profile["load.multi_match"] == "error" and bool(self.identifiers) and not by_gsid

    def _joined(self) -> exp.Select:
        """Every staged row with the stored records of its key; adds `gsid`, `a…`, `b…` and `twins`."""
        only = fragment(":l AND :p = 1", l=column("live", "s"), p=column("place", "s"))
        conditions: list[exp.Expr] = []
        for position, (i, found) in enumerate(self.identifiers):
            own = self._key(found, column(f"v{i}", "s"))
            stored = self._key(found, column(found.name, "t"))
            if position == 0 and not self._null_matches:
                own = fragment("CASE WHEN :only THEN :k END", only=only, k=own)
            same = exp.NullSafeEQ if self._null_matches else exp.EQ
            conditions.append(same(this=own, expression=stored))
        if self._null_matches:
            conditions.append(only)
        staged = ("row", "codes", "field", "shown", "words", "warnings")
        items: list[exp.Expr] = [column(name, "s") for name in staged]
        items += [column("live", "s"), column("place", "s"), named(column("Gsid", "t"), "gsid")]
        items += [named(column(f"v{i}", "s"), f"v{i}") for i in range(len(self.staged))]
        for i, mapping in self.written:
            items.append(named(column(mapping.field.name, "t"), f"b{i}"))
            items.append(named(self._after(i, mapping), f"a{i}"))
        if self._refuses_twins:
            items.append(named(fragment("LIST_SORT(:l)", l=column("__twins", "t")), "twins"))
        numbered = sub(self._numbered(), "s")
        return (
            select(*items)
            .from_(numbered, copy=False)
            .join(left_join(self._targets(), on=all_of(conditions)), copy=False)
        )

    def _after(self, i: int, mapping: BoundMapping) -> exp.Expr:
        """The field after the write: of the found record, or of the new one."""
        value, before = column(f"v{i}", "s"), column(mapping.field.name, "t")
        after: exp.Expr = value
        if mapping.field.type.family is Family.MULTI_PICKLIST and self.run.profile["load.multiselect"] == "append":
            both = call("list_concat", fragment("COALESCE(:b, [])", b=before), value)
            after = fragment("CASE WHEN :v IS NULL THEN :v ELSE LIST_DISTINCT(:both) END", v=value, both=both)
        if mapping.on_null == "skip":
            after = fragment("COALESCE(:a, :b)", a=after, b=before)
        on_creation = self._on_creation(mapping, value)
        if on_creation == value and after == value:
            return value
        return fragment("CASE WHEN :g IS NULL THEN :c ELSE :a END", g=column("Gsid", "t"), c=on_creation, a=after)

    # Codes that need the match

    def _decided(self, joined: exp.Select) -> exp.Select:
        """Adds the codes of the matching steps (actions.md §4, steps 1, 2, 4, 6) to those of the staging."""
        late: list[_Late] = []
        if not self._null_matches:
            late += [
                _Late(fragment(":v IS NULL", v=column(f"v{i}")), "IDENTIFIER_NULL", text(f"`{found.name}`"))
                for i, found in self.identifiers
            ]
        late.append(_Late(fragment(":p > 1", p=column("place")), "DUPLICATE_IN_BATCH"))
        if self.load.operation == "update":
            late.append(_Late(fragment(":g IS NULL", g=column("gsid")), "NO_RECORD_TO_UPDATE"))
        if self._refuses_twins:
            late.append(_Late(fragment("LEN(:l) > 1", l=column("twins")), "MULTIPLE_RECORDS_MATCHED"))
        for i, mapping in self.written:
            if mapping.field.name in self.load.self_references:
                own = fragment(":a = :g", a=column(f"a{i}"), g=column("gsid"))
                words = text(f"the record would be its own {mapping.field.label}")
                late.append(_Late(own, "VALUE_INVALID", text(self.staged[i].label), words))
            if mapping.field.required and not _required_at_staging(self.load, mapping):
                missing = fragment(":a IS NULL", a=column(f"a{i}"))
                late.append(_Late(missing, "REQUIRED_MISSING", text(self.staged[i].label)))
        staged = fragment("NOT :c IS NULL", c=column("codes"))
        codes = case([(staged, column("codes")), *((one.when, texts([text(one.code)])) for one in late)])
        fields = case([(staged, column("field")), *((one.when, one.where) for one in late)])
        words = case([(staged, column("words")), *((one.when, one.words) for one in late)])
        items = [column("row"), column("gsid"), column("shown"), column("warnings")]
        items += [column("twins")] if self._refuses_twins else []
        items += [column(f"{side}{i}") for i, _ in self.written for side in "ab"]
        items += [column(f"v{i}") for i in range(len(self.staged))]
        decided = [named(codes, "codes"), named(fields, "field"), named(words, "words")]
        return select(*items, *decided).from_(sub(joined, "j"), copy=False)

    def _changed(self) -> exp.Expr:
        """Whether the write would change the record; identifiers are equal by definition unless they fold."""
        fixed = {found.name for _, found in self.identifiers if not self._folds(found)}
        differences = []
        for i, mapping in self.written:
            if mapping.field.name in fixed:
                continue
            after: exp.Expr = column(f"a{i}")
            before: exp.Expr = column(f"b{i}")
            if mapping.field.type.family is Family.MULTI_PICKLIST:
                after, before = as_set(after), as_set(before)
            differences.append(exp.NullSafeNEQ(this=after, expression=before))
        return any_of(differences)

    def _warnings(self) -> exp.Expr:
        """The staged warnings, and NULL_WRITTEN where an unstated null replaces a value."""
        replaced = [
            fragment(":a IS NULL AND NOT :b IS NULL", a=column(f"a{i}"), b=column(f"b{i}"))
            for i, m in self.written
            if m.on_null == "write" and not m.states_on_null and m.default is None and m.constant is None
        ]
        if not replaced:
            return column("warnings")
        self.warns = True
        written = fragment("NOT :g IS NULL AND :any", g=column("gsid"), any=any_of(replaced))
        both = call("list_concat", column("warnings"), texts([text("NULL_WRITTEN")]))
        return fragment("CASE WHEN :c THEN :b ELSE :w END", c=written, b=both, w=column("warnings"))

    # Results

    def _outcomes(self, plan: str) -> tuple[dict[str, int], int]:
        def query() -> exp.Select:
            counts = select(column("outcome"), exp.Count(this=exp.Star())).from_(relation(plan), copy=False)
            return counts.group_by(column("outcome"), copy=False)

        outcomes = dict(self.scratch.rows("outcomes", query))
        return outcomes, outcomes.get("created", 0) + outcomes.get("updated", 0)

    def _new_ids(self, plan: str, created: int) -> str:
        """The GSIDs of the new records, in row order."""
        name = self.load.object.name
        first = self.run.tenant.allocate(name, created)

        def query() -> exp.Select:
            order = exp.Order(expressions=[exp.Ordered(this=column("row"), desc=False)])
            position = exp.Window(this=exp.RowNumber(), order=order)
            counter = fragment(":p + :first", p=position, first=given_number())
            numbered = select(column("row"), named(counter, "n")).from_(relation(plan), copy=False)
            numbered = numbered.where(exp.EQ(this=column("outcome"), expression=text("created")), copy=False)
            ids = select(column("row"), named(self.run.tenant.gsid(name, column("n")), "gsid"))
            return ids.from_(sub(numbered, "n"), copy=False)

        return self.scratch.table("new", query, [first - 1])

    def _effects(self, plan: str, fresh: str | None, *, several: bool) -> EffectColumns:
        source = select().from_(relation(plan, "p"), copy=False)
        gsid: exp.Expr = column("gsid", "p")
        if fresh:
            on = exp.EQ(this=column("row", "n"), expression=column("row", "p"))
            source = source.join(left_join(relation(fresh, "n"), on=on), copy=False)
            gsid = fragment("COALESCE(:old, :new)", old=gsid, new=column("gsid", "n"))
        outcome = column("outcome", "p")
        matched = self.load.operation != "insert"
        done = exp.In(this=use(outcome), expressions=[text(o) for o in ("created", "updated", "unchanged")])
        touched = exp.In(this=use(outcome), expressions=[text(o) for o in ("updated", "unchanged")])
        stored = [(m.field.name, column(f"b{i}", "p")) for i, m in self.written]
        one = fragment("CASE WHEN NOT :g IS NULL THEN [:g] END", g=gsid)
        if self._refuses_twins:
            refused = fragment("list_extract(:c, 1) = 'MULTIPLE_RECORDS_MATCHED'", c=column("codes", "p"))
            one = fragment("CASE WHEN :r THEN :l ELSE :one END", r=refused, l=column("twins", "p"), one=one)
        return EffectColumns(
            source=source,
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
            before=stored if matched else [(m.field.name, typed_null(m.field.type.storage)) for _, m in self.written],
            after=[(m.field.name, column(f"a{i}", "p")) for i, m in self.written],
            has_before=touched if matched else exp.false(),
            has_after=done,
        )

    def _key_text(self) -> exp.Expr:
        parts: list[exp.Expr] = []
        for i, found in self.identifiers:
            part: exp.Expr = column(f"{'v' if found.name == 'Gsid' else 'a'}{i}", "p")
            if found.type.family is Family.NUMBER:
                part = fragment("RTRIM(RTRIM(CAST(:v AS VARCHAR), '0'), '.')", v=part)
            parts.append(part)
        return call("concat_ws", text(", "), *parts) if parts else typed_null("VARCHAR")

    def _one_a_row(self, plan: str) -> str:
        """Where several records were matched: one row a dataset row, that of the smallest changed GSID."""
        return self.scratch.table("rows", lambda: self._ranked(plan))

    def _ranked(self, plan: str) -> exp.Select:
        rank = fragment("CASE WHEN :o = 'updated' THEN 0 ELSE 1 END", o=column("outcome"))
        window = {"partition_by": [column("row")]}
        order = exp.Order(expressions=[exp.Ordered(this=item, desc=False) for item in (rank, column("gsid"))])
        place = exp.Window(this=exp.RowNumber(), order=order, **window)
        written = fragment("LIST(:g) FILTER (WHERE NOT :g IS NULL)", g=column("gsid"))
        listed = exp.Window(this=written, **window)
        twins = fragment(":n > 1", n=exp.Window(this=exp.Count(this=exp.Star()), **window))
        warned = call("list_concat", column("warnings"), texts([text("MULTI_MATCH_UPDATED")]))
        warnings = fragment("CASE WHEN :t THEN :both ELSE :w END", t=twins, both=warned, w=column("warnings"))
        ranked = select(
            exp.Star(except_=[column("warnings")]),
            named(warnings, "warnings"),
            named(place, "__place"),
            named(fragment("CASE WHEN NOT :g IS NULL THEN LIST_SORT(:l) END", g=column("gsid"), l=listed), "gsids"),
        ).from_(relation(plan), copy=False)
        query = select(exp.Star()).from_(sub(ranked, "r"), copy=False)
        return query.where(exp.EQ(this=column("__place"), expression=number(1)), copy=False)

    def _writes(self, plan: str, fresh: str | None, outcomes: dict[str, int]) -> list[Write]:
        writes = []
        write = partial(write_view, self.scratch, self.load.object.name)
        if fresh:
            writes.append(write("insert", self._created_fields, lambda: self._created(plan, fresh)))
        touch = self.run.profile["load.touch_unchanged"]
        touched = ("updated", "unchanged") if touch else ("updated",)
        if any(outcomes.get(outcome) for outcome in touched):
            writes.append(write("update", self._updated_fields, lambda: self._updated(plan, touched)))
        return writes

    def _values(self) -> dict[str, exp.Expr]:
        return {m.field.name: column(f"a{i}", "p") for i, m in self.written}

    def _created_fields(self) -> dict[str, exp.Expr]:
        values = self._values()
        unmapped = {name: value for name, value in self.load.defaults.items() if name not in values}
        return {**values, **unmapped, **created_stamps(self.run)}

    def _created(self, plan: str, fresh: str) -> exp.Select:
        """The created rows (`p`) with their new ids (`n`)."""
        on = exp.EQ(this=column("row", "n"), expression=column("row", "p"))
        source = select(named(column("gsid", "n"), "Gsid")).from_(relation(plan, "p"), copy=False)
        return source.join(relation(fresh, "n"), on=on, copy=False)

    def _updated_fields(self) -> dict[str, exp.Expr]:
        fixed = {found.name for _, found in self.identifiers if not self._folds(found)}
        changing = {name: value for name, value in self._values().items() if name not in fixed}
        return {**changing, **modified_stamps(self.run)}

    def _updated(self, plan: str, touched: Sequence[str]) -> exp.Select:
        where = exp.In(this=column("outcome", "p"), expressions=[text(outcome) for outcome in touched])
        source = select(named(column("gsid", "p"), "Gsid")).from_(relation(plan, "p"), copy=False)
        return source.where(where, copy=False)


def _required_at_staging(load: BoundLoad, mapping: BoundMapping) -> bool:
    """Whether a null of a required field fails before matching, whatever the match gives (§3.2, steps 5 and 6)."""
    has_default = mapping.field.name in load.defaults
    if load.operation == "insert":
        return True
    return mapping.on_null == "write" and (load.operation == "update" or not has_default)


def _required(load: BoundLoad, mapping: BoundMapping, value: StagedValue) -> StagedValue:
    if not mapping.field.required or not _required_at_staging(load, mapping):
        return value
    if load.operation == "insert" and mapping.field.name in load.defaults:
        return value
    missing = fragment(
        "NOT COALESCE(:bad, FALSE) AND :v IS NULL", bad=any_of(c for c, _ in value.failures), v=value.value
    )
    return value.with_failure(missing, "REQUIRED_MISSING")
