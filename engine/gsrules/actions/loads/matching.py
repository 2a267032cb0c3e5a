"""The matching steps of a load: what each staged row finds, and what it comes to (actions.md §4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from functools import cached_property
from typing import Any, Final

from sqlglot import exp

from gsrules.actions.changes.rows import Matched
from gsrules.actions.changes.staging import (
    aliased,
    all_of,
    any_of,
    call,
    case,
    column,
    fragment,
    left_join,
    named,
    number,
    select,
    sub,
    text,
    texts,
    typed_null,
    use,
)
from gsrules.actions.loads.stage import LoadStage, required_at_staging
from gsrules.actions.loads.unique import Unique
from gsrules.actions.mappings.mapping import BoundMapping
from gsrules.actions.mappings.values import as_set
from gsrules.actions.mappings.values import stage as stage_value
from gsrules.catalogue.datatypes import Family
from gsrules.dataclass import dataclass

_MANY: Final = 20_000


@dataclass(frozen=True, slots=True)
class Late:
    """A code that needs the match, with the field concerned and words of its own, both null if there are none."""

    when: exp.Expr
    code: str
    where: exp.Expr = field(default_factory=lambda: typed_null("VARCHAR"))
    words: exp.Expr = field(default_factory=lambda: typed_null("VARCHAR"))


class Matching:
    """Decides every staged row of a load, in one query. `warns` tells whether it can give a warning."""

    def __init__(self, stage: LoadStage) -> None:
        self.stage = stage
        self.load = stage.load
        self.profile = stage.run.profile
        self.unique = Unique(stage)
        self.warns = False

    def query(self) -> exp.Select:
        """A row for each matched row and record that it finds, with the values before and after, and the outcome."""
        return self._inserts() if self.load.operation == "insert" else self._matches()

    def _inserts(self) -> exp.Select:
        kept = [column(name) for name in ("row", "codes", "field", "shown", "words", "warnings")]
        after = [named(self.stage.on_creation(m, column(f"v{i}")), f"a{i}") for i, m in self.stage.written]
        gsid = named(typed_null("VARCHAR"), "gsid")
        made = select(*kept, *after, gsid).from_(sub(self.stage.select(), "s"), copy=False)
        outcome = fragment(
            "CASE WHEN :c IS NULL THEN 'created' WHEN list_extract(:c, 1) = 'SCORE_NULL' THEN 'skipped'"
            " ELSE 'failed' END",
            c=column("codes"),
        )
        decided = sub(self.unique.checked(made), "u")
        return select(exp.Star(), named(outcome, "outcome")).from_(decided, copy=False)

    def _matches(self) -> exp.Select:
        """Every row with the record that its identifiers find, the values before and after, and the outcome."""
        matched = self._whole_rows(self.unique.checked(self._decided(self._joined())))
        skipping = {"SCORE_NULL"}
        if self.profile["load.duplicate_keys"] != "error":
            skipping.add("DUPLICATE_IN_BATCH")
        if self.profile["load.update_no_match"] == "skip":
            skipping.add("NO_RECORD_TO_UPDATE")
        if self.load.deletes is not None:
            skipping.add("NOTHING_TO_DELETE")
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
        kept += [column(name) for name in self._extra]
        sides = [column(f"{side}{i}") for i, _ in self.stage.written for side in "ab"]
        keys = [column(f"v{i}") for i, m in enumerate(self.load.mappings) if m.field.name == self.stage.key_field]
        decided = sub(matched, "e")
        return select(*kept, *sides, *keys, named(self._warnings(), "warnings"), named(outcome, "outcome")).from_(
            decided, copy=False
        )

    def _judges_records(self) -> bool:
        """Whether a row may be refused for one of the records that it finds."""
        return bool(self._late_values()) or self.unique.refuses

    def _whole_rows(self, matched: exp.Select) -> exp.Select:
        """A row that may not write one of the records it finds writes none of them: its first refusal stays."""
        if not self._judges_records() or self.profile["load.multi_match"] != "all" or self.stage.by_id:
            return matched
        good = fragment(":c IS NULL", c=column("codes"))
        window: dict[str, Any] = {"partition_by": [column("row")]}
        order = exp.Order(expressions=[exp.Ordered(this=item, desc=False) for item in (good, column("gsid"))])
        every = exp.Window(this=fragment("BOOL_AND(:g)", g=use(good)), **window)
        place = exp.Window(this=exp.RowNumber(), order=order, **window)
        lines = select(exp.Star(), named(every, "__good"), named(place, "__line")).from_(sub(matched, "w"), copy=False)
        kept = fragment(":g OR :l = 1", g=column("__good"), l=column("__line"))
        return select(exp.Star()).from_(sub(lines, "l"), copy=False).where(kept, copy=False)

    # Identifiers

    @property
    def _extra(self) -> list[str]:
        """Columns that only some loads need."""
        return [*(["twins"] if self.refuses_twins else []), *(["gone"] if self.load.deletes is not None else [])]

    @property
    def _null_matches(self) -> bool:
        return bool(self.profile["load.match_null"] == "null_equals_null")

    def _live(self) -> exp.Expr:
        """Whether a staged row takes part in matching: no code, and no null identifier."""
        failing = any(v.failures for v in self.stage.staged)
        conditions = [fragment(":c IS NULL", c=column("codes"))] if failing else []
        if not self._null_matches:
            conditions += [fragment("NOT :v IS NULL", v=column(f"v{i}")) for i, _ in self.stage.identifiers]
        return all_of(conditions)

    def _numbered(self) -> exp.Select:
        """Staged rows with `place`: 1 for the row of its key that counts (under `error`: the rows of the key)."""
        mode = self.profile["load.duplicate_keys"]
        if self.all_differ:
            staged = sub(self.stage.select(), "s")
            return select(exp.Star(), named(self._live(), "live"), named(number(1), "place")).from_(staged, copy=False)
        keys = [self.stage.key(found, column(f"v{i}")) for i, found in self.stage.identifiers]
        live = self._live()
        parts = keys if live == exp.true() else [live, *keys]
        window: dict[str, Any] = {"partition_by": parts}
        if mode == "error":
            place: exp.Expr = exp.Window(this=exp.Count(this=exp.Star()), **window)
        else:
            order = exp.Order(expressions=[exp.Ordered(this=column("row"), desc=mode == "last")])
            place = exp.Window(this=exp.RowNumber(), order=order, **window)
        staged = sub(self.stage.select(), "s")
        return select(exp.Star(), named(live, "live"), named(place, "place")).from_(staged, copy=False)

    @cached_property
    def all_differ(self) -> bool:
        """Whether no two rows have equal identifiers; asked only where there are so many that it pays.

        To number wide rows takes far longer than to look at their keys alone.
        """
        plain = self.stage.is_plain and self.load.operation != "insert"
        if not plain or self.stage.rows.counts()[1] < _MANY:
            return False
        stage, rows = self.stage, Matched(self.stage.run, self.stage.rows.env, self.stage.scratch, self.load.criteria)
        values = {i: stage_value(self.load.mappings[i], rows).value for i, _ in stage.identifiers}
        staged = rows.select([named(value, f"v{i}") for i, value in values.items()])
        keys = [named(stage.key(found, column(f"v{i}")), f"k{i}") for i, found in stage.identifiers]
        named_keys = select(*keys).from_(sub(staged, "s"), copy=False)
        columns = [column(f"k{i}") for i in values]
        several = fragment("COUNT(*) > 1")
        equal = select(number(1)).from_(sub(named_keys, "k"), copy=False).group_by(*columns, copy=False)
        if not self._null_matches:
            equal = equal.where(all_of(fragment("NOT :k IS NULL", k=each) for each in columns), copy=False)
        found = select(exp.Not(this=exp.Exists(this=equal.having(several, copy=False))))
        return bool(stage.scratch.row("whether all differ", lambda: found)[0])

    def _targets(self) -> exp.Expr:
        """The stored records; under `multi_match` first and error at most one a key, with all of the key as `twins`."""
        table = self.stage.run.tenant.table(self.load.object.name)
        mode = self.profile["load.multi_match"]
        pinned = self.load.pinned
        of_type = select(exp.Star()).from_(table, copy=False)
        if pinned is not None:
            wanted = exp.EQ(this=column(pinned.field.name), expression=self.stage.pinned_value(pinned))
            of_type = of_type.where(wanted, copy=False)
        if mode == "all" or self.stage.by_id:
            return aliased(table, "t") if pinned is None else sub(of_type, "t")
        keys = [self.stage.key(found, column(found.name)) for _, found in self.stage.identifiers]
        order = exp.Order(expressions=[exp.Ordered(this=column("Gsid"), desc=False)])
        place = exp.Window(this=exp.RowNumber(), partition_by=keys, order=order)
        twins = exp.Window(this=fragment("LIST(:g)", g=column("Gsid")), partition_by=[use(key) for key in keys])
        ranked = of_type.select(named(place, "__place"), named(twins, "__twins"), copy=False)
        chosen = select(exp.Star()).from_(sub(ranked, "k"), copy=False)
        chosen = chosen.where(exp.EQ(this=column("__place"), expression=number(1)), copy=False)
        return sub(chosen, "t")

    @property
    def refuses_twins(self) -> bool:
        """Whether rows that find several records fail."""
        refusing = self.profile["load.multi_match"] == "error"
        return refusing and bool(self.stage.identifiers) and not self.stage.by_id

    def _joined(self) -> exp.Select:
        """Every staged row with the stored records of its key; adds `gsid`, `a…`, `b…` and `twins`."""
        only = fragment(":l AND :p = 1", l=column("live", "s"), p=column("place", "s"))
        conditions: list[exp.Expr] = []
        for position, (i, found) in enumerate(self.stage.identifiers):
            own = self.stage.key(found, column(f"v{i}", "s"))
            stored = self.stage.key(found, column(found.name, "t"))
            if position == 0 and not self._null_matches:
                own = fragment("CASE WHEN :only THEN :k END", only=only, k=own)
            same = exp.NullSafeEQ if self._null_matches else exp.EQ
            conditions.append(same(this=own, expression=stored))
        if self._null_matches:
            conditions.append(only)
        staged = ("row", "codes", "field", "shown", "words", "warnings")
        items: list[exp.Expr] = [column(name, "s") for name in staged]
        items += [column("live", "s"), column("place", "s"), named(column("Gsid", "t"), "gsid")]
        items += [named(column(f"v{i}", "s"), f"v{i}") for i in range(len(self.stage.staged))]
        for i, mapping in self.stage.written:
            items.append(named(column(mapping.field.name, "t"), f"b{i}"))
            items.append(named(self._after(i, mapping), f"a{i}"))
        if self.refuses_twins:
            items.append(named(fragment("LIST_SORT(:l)", l=column("__twins", "t")), "twins"))
        items += [column("gone", "s")] if self.load.deletes is not None else []
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
        if mapping.field.type.family is Family.MULTI_PICKLIST and self.profile["load.multiselect"] == "append":
            both = call("list_concat", fragment("COALESCE(:b, [])", b=before), value)
            after = fragment("CASE WHEN :v IS NULL THEN :v ELSE LIST_DISTINCT(:both) END", v=value, both=both)
        if mapping.on_null == "skip":
            after = fragment("COALESCE(:a, :b)", a=after, b=before)
        on_creation = self.stage.on_creation(mapping, value)
        if on_creation == value and after == value:
            return value
        return fragment("CASE WHEN :g IS NULL THEN :c ELSE :a END", g=column("Gsid", "t"), c=on_creation, a=after)

    # Codes that need the match

    def _decided(self, joined: exp.Select) -> exp.Select:
        """Adds the codes of the matching steps (actions.md §4, steps 1, 2, 4, 6) to those of the staging."""
        late = [*self._late_matches(), *self._late_values()]
        staged = fragment("NOT :c IS NULL", c=column("codes"))
        codes = case([(staged, column("codes")), *((one.when, texts([text(one.code)])) for one in late)])
        fields = case([(staged, column("field")), *((one.when, one.where) for one in late)])
        words = case([(staged, column("words")), *((one.when, one.words) for one in late)])
        items = [column(name) for name in ("row", "gsid", "shown", "warnings", *self._extra)]
        items += [column(f"{side}{i}") for i, _ in self.stage.written for side in "ab"]
        items += [column(f"v{i}") for i in range(len(self.stage.staged))]
        decided = [named(codes, "codes"), named(fields, "field"), named(words, "words")]
        return select(*items, *decided).from_(sub(joined, "j"), copy=False)

    def _late_matches(self) -> list[Late]:
        late: list[Late] = []
        none = fragment(":g IS NULL", g=column("gsid"))
        if not self._null_matches:
            late += [
                Late(fragment(":v IS NULL", v=column(f"v{i}")), "IDENTIFIER_NULL", text(f"`{found.name}`"))
                for i, found in self.stage.identifiers
            ]
        late.append(Late(fragment(":p > 1", p=column("place")), "DUPLICATE_IN_BATCH"))
        if self.load.operation == "update":
            late.append(Late(none, "NO_RECORD_TO_UPDATE"))
        if self.refuses_twins:
            late.append(Late(fragment("LEN(:l) > 1", l=column("twins")), "MULTIPLE_RECORDS_MATCHED"))
        if self.load.deletes is not None:
            late.append(Late(fragment(":d AND :n", d=column("gone"), n=none), "NOTHING_TO_DELETE"))
        pinned = self.load.pinned
        if pinned is not None and self.load.operation == "upsert":
            missing = fragment(":n AND :p IS NULL", n=none, p=self.stage.pinned_value(pinned))
            words = text(f"there is no {pinned.object.replace('_', ' ')} '{pinned.name}'")
            late.append(Late(missing, "REQUIRED_MISSING", text(f"`{pinned.field.name}`"), words))
        return late

    def _late_values(self) -> list[Late]:
        late: list[Late] = []
        for i, mapping in self.stage.written:
            label = text(self.stage.staged[i].label)
            if mapping.field.name in self.load.self_references:
                own = fragment(":v = :g", v=column(f"v{i}"), g=column("gsid"))
                words = text(f"the record would be its own {mapping.field.label}")
                late.append(Late(own, "VALUE_INVALID", label, words))
            if mapping.field.name in self.load.lasting:
                other = fragment("NOT :g IS NULL AND :d", g=column("gsid"), d=self._differs(i, mapping))
                words = text(f"the {mapping.field.label} of a record cannot be changed")
                late.append(Late(other, "VALUE_INVALID", label, words))
            if mapping.field.required and not required_at_staging(self.load, mapping):
                missing = fragment(":a IS NULL", a=column(f"a{i}"))
                if mapping.on_null == "skip":  # a record that is found keeps what it has
                    missing = fragment(":g IS NULL AND :a", g=column("gsid"), a=missing)
                late.append(Late(missing, "REQUIRED_MISSING", label))
        return late

    def _changed(self) -> exp.Expr:
        """Whether the write would change the record; identifiers are equal by definition unless they fold."""
        fixed = self.stage.fixed
        differences = [self._differs(i, m) for i, m in self.stage.written if m.field.name not in fixed]
        if self.load.deletes is not None:
            differences.append(column("gone"))
        return any_of(differences)

    @staticmethod
    def _differs(i: int, mapping: BoundMapping) -> exp.Expr:
        after: exp.Expr = column(f"a{i}")
        before: exp.Expr = column(f"b{i}")
        if mapping.field.type.family is Family.MULTI_PICKLIST:
            after, before = as_set(after), as_set(before)
        return exp.NullSafeNEQ(this=after, expression=before)

    def _warnings(self) -> exp.Expr:
        """The staged warnings, and NULL_WRITTEN where an unstated null replaces a value."""
        replaced: Sequence[exp.Expr] = [
            fragment(":a IS NULL AND NOT :b IS NULL", a=column(f"a{i}"), b=column(f"b{i}"))
            for i, m in self.stage.written
            if m.on_null == "write" and not m.states_on_null and m.default is None and m.constant is None
        ]
        if not replaced:
            return column("warnings")
        self.warns = True
        written = fragment("NOT :g IS NULL AND :any", g=column("gsid"), any=any_of(replaced))
        if self.load.deletes is not None:
            written = fragment(":w AND NOT :d", w=written, d=column("gone"))
        both = call("list_concat", column("warnings"), texts([text("NULL_WRITTEN")]))
        return fragment("CASE WHEN :c THEN :b ELSE :w END", c=written, b=both, w=column("warnings"))
