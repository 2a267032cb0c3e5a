"""What persons are in companies and relationships: found by both ends, made where absent (actions.md §5.4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from gsrules.actions.changes.staging import (
    aliased,
    all_of,
    any_of,
    call,
    column,
    fragment,
    left_join,
    named,
    relation,
    select,
    sub,
    typed_null,
)
from gsrules.actions.changes.stamps import modified_stamps
from gsrules.actions.mappings.conversion import is_null
from gsrules.actions.people.folding import Slot, fold
from gsrules.actions.people.records import Part, finished, new_ids, record_writes, value_slots
from gsrules.tenant.changes import Write

if TYPE_CHECKING:
    from gsrules.actions.people.loading import PeoplePlan

PRIMARY: Final = "IsPrimaryCompany"
_TARGETS: Final = {"company_person": ("Company_ID", "c", "m"), "relationship_person": ("Relationship_ID", "r", "q")}


class Members:
    """The lines of one association object: at most one a row from the mapping, and one that a relationship implies."""

    def __init__(
        self, plan: PeoplePlan, name: str, part: Part | None, defaults: Mapping[str, exp.Expr], *, implied: bool
    ) -> None:
        self.plan = plan
        self.scratch = plan.scratch
        self.run = plan.run
        self.object = name
        self.given = part is not None
        self.part = part or Part(plan.load.catalogue.objects[name], (), defaults)
        self.implied = implied
        self.target, self.end, self.prefix = _TARGETS[name]
        self.creates = plan.load.operation == "upsert"
        self.lines = ""

    @property
    def is_company(self) -> bool:
        return self.object == "company_person"

    @property
    def maps_primary(self) -> bool:
        return any(mapping.field.name == PRIMARY for mapping in self.part.mappings)

    @cached_property
    def slots(self) -> list[Slot]:
        slots = value_slots(self.part, self.prefix, self.run, column("mapped"))
        if not self.is_company:
            return slots
        if not self.maps_primary:
            return [*slots, Slot(PRIMARY, typed_null("BOOLEAN"), column("alone"), exp.false())]
        return [self._mapped_primary(slot) if slot.name == PRIMARY else slot for slot in slots]

    @staticmethod
    def _mapped_primary(slot: Slot) -> Slot:
        """The mapping does not speak of the companies that only follow from a relationship."""
        made = fragment("CASE WHEN :m THEN :v ELSE :a END", m=column("mapped"), v=slot.made, a=column("alone"))
        return replace(slot, made=made)

    def decide(self, staged: str, people: str) -> None:
        """Makes the table of lines: `row`, `person`, `target`, `mapped`, `gsid`, `makes`, `is_stored` and the sides."""
        pairs = self.scratch.table(f"{self.object} pairs", lambda: self._pairs(staged, people))
        fresh = new_ids(self.scratch, self.run, self.object, f"{self.object} new", lambda: self._first(pairs), _ENDS)
        self.lines = self.scratch.table(f"{self.object} lines", lambda: self._lines(pairs, fresh))

    # Lines

    def _pairs(self, staged: str, people: str) -> exp.Select:
        """A line for each row and company, with the stored record if there is one; `at` orders them."""
        values = [f"{self.prefix}{i}" for i, _ in enumerate(self.part.mappings)]
        sources: list[exp.Query] = []
        if self.given:
            sources.append(self._ends(staged, people, self.end, values, mapped=True))
        if self.implied:
            sources.append(self._ends(staged, people, "rc", values, mapped=False))
        every = sources[0] if len(sources) == 1 else exp.Union(this=sources[0], expression=sources[1], distinct=False)
        stored = self._stored()
        ends = all_of(exp.EQ(this=column(name, "t"), expression=column(own, "e")) for name, own in self._keys)
        fields = {slot.name for slot in self.slots}
        query = select(
            exp.Column(this=exp.Star(), table=exp.to_identifier("e", quoted=True)),
            named(column("Gsid", "t"), "stored"),
            *(named(column(name, "t"), f"s:{name}") for name in sorted(fields)),
        ).from_(sub(every, "e"), copy=False)
        joined = left_join(sub(stored, "t"), on=ends)
        if not self.creates:
            joined.set("side", None)
        return query.join(joined, copy=False)

    @property
    def _keys(self) -> tuple[tuple[str, str], ...]:
        return ("Person_ID", "person"), (self.target, "target")

    def _ends(self, staged: str, people: str, end: str, values: list[str], *, mapped: bool) -> exp.Select:
        at = fragment(":r * 2" if mapped else ":r * 2 + 1", r=column("row", "p"))
        types = [mapping.field.type.storage for mapping in self.part.mappings]
        own = [column(name, "s") if mapped else typed_null(kind) for name, kind in zip(values, types, strict=True)]
        query = select(
            column("row", "p"),
            named(at, "at"),
            named(column("gsid", "p"), "person"),
            named(column(end, "s"), "target"),
            named(exp.Boolean(this=mapped), "mapped"),
            *(named(value, name) for name, value in zip(values, own, strict=True)),
        ).from_(relation(people, "p"), copy=False)
        on = exp.EQ(this=column("row", "s"), expression=column("row", "p"))
        query = query.join(relation(staged, "s"), on=on, copy=False)
        query = query.where(fragment("NOT :c IS NULL", c=column(end, "s")), copy=False)
        if not mapped and self.given:
            other = exp.NullSafeNEQ(this=column(end, "s"), expression=column(self.end, "s"))
            query = query.where(other, copy=False)
        return query

    def _stored(self) -> exp.Select:
        """The stored records, of several with the same ends the one with the smallest GSID."""
        order = exp.Order(expressions=[exp.Ordered(this=column("Gsid"), desc=False)])
        ends = [column(name) for name, _ in self._keys]
        place = exp.Window(this=exp.RowNumber(), partition_by=ends, order=order)
        ranked = select(exp.Star(), named(place, "__place")).from_(self.run.tenant.table(self.object), copy=False)
        return select(exp.Star()).from_(sub(ranked, "k"), copy=False).where(fragment(":p = 1", p=column("__place")))

    def _first(self, pairs: str) -> exp.Select:
        """The lines that create records."""
        query = select(column("person"), column("target"), named(fragment("MIN(:a)", a=column("at")), "at"))
        query = query.from_(relation(pairs), copy=False).where(is_null(column("stored")), copy=False)
        return query.group_by(column("person"), column("target"), copy=False)

    def _lines(self, pairs: str, fresh: str) -> exp.Select:
        gsid = fragment("COALESCE(:s, :n)", s=column("stored", "p"), n=column("gsid", "n"))
        items: list[exp.Expr] = [
            exp.Column(this=exp.Star(except_=[column("stored")]), table=exp.to_identifier("p", quoted=True)),
            named(gsid, "gsid"),
            named(fragment("COALESCE(:n = :p, FALSE)", n=column("at", "n"), p=column("at", "p")), "makes"),
            named(fragment("NOT :s IS NULL", s=column("stored", "p")), "is_stored"),
        ]
        source = relation(pairs, "p")
        ends = [exp.EQ(this=column(name, "n"), expression=column(name, "p")) for name in _ENDS]
        on = all_of([is_null(column("stored", "p")), *ends])
        query = select(*items).from_(source, copy=False).join(left_join(relation(fresh, "n"), on=on), copy=False)
        folded: exp.Query = fold(self._with_alone(query) if self.is_company else query, self.slots)
        also: list[exp.Expr] = []
        if self.is_company and self.maps_primary:
            folded = self._with_cleared(folded)
            also.append(fragment("LEN(:c) > 0", c=column("cleared")))
        return finished(folded, self.slots, self.part.mappings, also)

    # The primary company

    def _with_alone(self, query: exp.Select) -> exp.Select:
        """Adds `alone`: whether the line is the first new company of a person who has no primary one."""
        owners = select(named(column("Person_ID"), "owner")).distinct(copy=False)
        owners = owners.from_(self.run.tenant.table(self.object), copy=False).where(column(PRIMARY), copy=False)
        on = exp.EQ(this=column("owner", "o"), expression=column("person", "l"))
        takes: exp.Expr = column("makes", "l")
        if self.maps_primary:
            # a line that is mapped takes the place only if it says so, as the first new one or not
            value = column(self._primary_value, "l")
            takes = fragment(
                "CASE WHEN :m THEN COALESCE(:v, FALSE) ELSE :n END", m=column("mapped", "l"), v=value, n=takes
            )
        first = fragment("MIN(:a) FILTER (WHERE :t)", a=column("at", "l"), t=takes)
        window = exp.Window(this=first, partition_by=[column("person", "l")])
        alone = fragment(":o IS NULL AND :a = :f", o=column("owner", "o"), a=column("at", "l"), f=window)
        whole = exp.Column(this=exp.Star(), table=exp.to_identifier("l", quoted=True))
        flagged = select(whole, named(fragment("COALESCE(:a, FALSE)", a=alone), "alone"))
        flagged = flagged.from_(sub(query, "l"), copy=False)
        return flagged.join(left_join(sub(owners, "o"), on=on), copy=False)

    def _with_cleared(self, folded: exp.Query) -> exp.Select:
        """A line that sets the flag clears it on the person's others: on those stored, and on those of earlier rows.

        `final` is the flag after the lines of other companies that come later; `cleared` whom the line took it from.
        """
        sets = fragment(":m AND COALESCE(:v, FALSE)", m=column("mapped"), v=column(self._primary_value))
        event = fragment("CASE WHEN :s THEN {'at': :a, 'g': :g} END", s=sets, a=column("at"), g=column("gsid"))
        past = fragment(f"LAST_VALUE(:e IGNORE NULLS) OVER (PARTITION BY :p ORDER BY :a {_PAST})",
                        e=event, p=column("person"), a=column("at"))  # fmt: skip
        every = fragment(f"LAST_VALUE(:e IGNORE NULLS) OVER (PARTITION BY :p ORDER BY :a {_ALL})",
                         e=event, p=column("person"), a=column("at"))  # fmt: skip
        seen = select(exp.Star(), named(sets, "sets"), named(past, "past"), named(every, "every"))
        seen = seen.from_(sub(folded, "f"), copy=False)
        holders = select(named(column("Person_ID"), "owner"), named(fragment("LIST(:g)", g=column("Gsid")), "flagged"))
        holders = holders.from_(self.run.tenant.table(self.object), copy=False).where(column(PRIMARY), copy=False)
        holders = holders.group_by(column("Person_ID"), copy=False)
        on = exp.EQ(this=column("owner", "h"), expression=column("person", "l"))
        before, after = column(f"b:{PRIMARY}"), column(f"a:{PRIMARY}")
        taken = fragment("COALESCE(STRUCT_EXTRACT(:p, 'g') <> :g, FALSE)", p=column("past"), g=column("gsid"))
        was = fragment("CASE WHEN :b AND :t THEN FALSE ELSE :b END", b=before, t=taken)
        writes = any_of([column("makes"), self._slot.when or exp.true()])
        now = fragment("CASE WHEN :w THEN :a ELSE :b END", w=writes, a=after, b=was)
        others = fragment(
            "CASE WHEN NOT :s THEN [] WHEN :p IS NULL THEN LIST_FILTER(COALESCE(:f, []), LAMBDA x : x <> :g)"
            " WHEN :t THEN [STRUCT_EXTRACT(:p, 'g')] ELSE [] END",
            s=column("sets"), p=column("past"), f=column("flagged"), g=column("gsid"), t=taken,
        )  # fmt: skip
        later = fragment(
            "COALESCE(STRUCT_EXTRACT(:e, 'at') > :a AND STRUCT_EXTRACT(:e, 'g') <> :g, FALSE)",
            e=column("every"), a=column("at"), g=column("gsid"),
        )  # fmt: skip
        gone = [before, after, *(column(name) for name in ("owner", "flagged", "past", "every"))]
        query = select(
            exp.Star(except_=gone),
            named(was, f"b:{PRIMARY}"),
            named(now, f"a:{PRIMARY}"),
            named(fragment("CASE WHEN :n AND :l THEN FALSE ELSE :n END", n=now, l=later), "final"),
            named(others, "cleared"),
        ).from_(sub(seen, "l"), copy=False)
        return query.join(left_join(sub(holders, "h"), on=on), copy=False)

    @property
    def _slot(self) -> Slot:
        return next(slot for slot in self.slots if slot.name == PRIMARY)

    @property
    def _primary_value(self) -> str:
        place = next(i for i, mapping in enumerate(self.part.mappings) if mapping.field.name == PRIMARY)
        return f"{self.prefix}{place}"

    def _released(self) -> exp.Select:
        """Stored records that no row names and that lose the flag."""
        stored = aliased(self.run.tenant.table(self.object), "t")
        setting = select(column("person")).from_(relation(self.lines), copy=False).where(column("sets"), copy=False)
        own = select(column("gsid")).from_(relation(self.lines), copy=False)
        values = {PRIMARY: exp.false(), **modified_stamps(self.run)}
        items = [named(column("Gsid", "t"), "Gsid"), *(named(value, name) for name, value in values.items())]
        query = select(*items).from_(stored, copy=False)
        conditions = [
            column(PRIMARY, "t"),
            exp.In(this=column("Person_ID", "t"), query=setting.subquery(copy=False)),
            exp.Not(this=exp.In(this=column("Gsid", "t"), query=own.subquery(copy=False))),
        ]
        return query.where(all_of(conditions), copy=False)

    # Results

    def writes(self) -> list[Write]:
        values: dict[str, exp.Expr] = {slot.name: slot.after for slot in self.slots}
        also = None
        clears = self.is_company and self.maps_primary
        if clears:
            values[PRIMARY] = column("final")
            also = exp.NullSafeNEQ(this=column("final"), expression=column(f"s:{PRIMARY}"))
        ends: dict[str, exp.Expr] = {name: column(own) for name, own in self._keys}
        found = record_writes(
            self.scratch, self.run, self.object, self.lines, values, {**ends, **self.part.defaults}, also
        )
        if clears:
            fields = (PRIMARY, *modified_stamps(self.run))
            found.append(Write(self.object, "update", self.scratch.table("released", self._released), fields))
        return found

    @property
    def aliases(self) -> tuple[str, ...]:
        """The names under which `joined` has the lines."""
        return (*([f"{self.end}m"] if self.given else []), *([f"{self.end}i"] if self.implied else []))

    def joined(self, source: exp.Select) -> exp.Select:
        """Adds the lines of a row (`d`): the mapped one and the implied one."""
        for alias in self.aliases:
            mapped: exp.Expr = column("mapped", alias)
            if alias.endswith("i"):
                mapped = exp.Not(this=mapped)
            on = all_of([exp.EQ(this=column("row", alias), expression=column("row", "d")), mapped])
            source = source.join(left_join(relation(self.lines, alias), on=on), copy=False)
        return source

    @property
    def cleared(self) -> list[exp.Expr]:
        """The records that a row took the flag from, as a list."""
        if not (self.is_company and self.maps_primary):
            return []
        return [call("coalesce", column("cleared", f"{self.end}m"), fragment("CAST([] AS VARCHAR[])"))]

    @property
    def skipped(self) -> list[exp.Expr]:
        """Whether the row has no line although the rule maps one."""
        return [is_null(column("row", f"{self.end}m"))] if self.given else []

    def side(self, side: str) -> list[tuple[str, exp.Expr]]:
        """The fields of the mapped line on one side."""
        if not self.given:
            return []
        return [(f"{self.object}.{slot.name}", column(f"{side}:{slot.name}", f"{self.end}m")) for slot in self.slots]


_ENDS: Final = ("person", "target")
_PAST: Final = "ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING"
_ALL: Final = "ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING"
