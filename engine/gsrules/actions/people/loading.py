"""What load_to_people does with every row: the person, then the person's part in companies and relationships.

actions.md §5.4. Rows of one person write in row order; all are decided by a fixed number of statements.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Final, Literal

from sqlglot import exp

from gsrules.actions.changes.effects import Received, change_list
from gsrules.actions.changes.rows import Matched, spelling
from gsrules.actions.changes.staging import (
    aliased,
    all_of,
    any_of,
    call,
    column,
    fragment,
    left_join,
    named,
    number,
    relation,
    select,
    text,
)
from gsrules.actions.kind import ActionRun
from gsrules.actions.mappings.conversion import is_null, length_words, longer_than
from gsrules.actions.mappings.entity import stored_types
from gsrules.actions.mappings.values import CodeEntry, StagedValue, stage, staged_rows
from gsrules.actions.people import matching as people_matching
from gsrules.actions.people.effects import people_effects
from gsrules.actions.people.folding import Slot, fold
from gsrules.actions.people.members import Members
from gsrules.actions.people.records import (
    Part,
    finished,
    lookup_searches,
    new_ids,
    or_default,
    record_writes,
    value_slots,
)
from gsrules.actions.traits import FAILED, Decision, Traits, listed
from gsrules.catalogue import Catalogue, FieldDef
from gsrules.dataclass import dataclass
from gsrules.errors import Problem
from gsrules.expressions.tree import Expr
from gsrules.tenant.changes import ChangeList, Write

PERSON: Final = "person"


@dataclass(frozen=True, slots=True)
class BoundPeople:
    """A load_to_people that passed validation.

    `identifiers` are the match criteria in the order of the setting, with the places of their mappings;
    `member_defaults` what a company person gets that only follows from a relationship.
    """

    operation: Literal["update", "upsert"]
    person: Part
    company: Part | None
    relationship: Part | None
    identifiers: tuple[tuple[int, FieldDef], ...]
    member_defaults: Mapping[str, exp.Expr]
    types: tuple[str, ...]
    catalogue: Catalogue
    criteria: Expr | None
    reads: frozenset[str]
    findings: tuple[Problem, ...]

    @property
    def writes_to(self) -> tuple[str, ...]:
        found = [PERSON]
        if self.company is not None or (self.relationship is not None and self.operation == "upsert"):
            found.append("company_person")
        return (*found, *(["relationship_person"] if self.relationship is not None else []))

    @property
    def traits(self) -> Traits:
        keys = listed([f"`{field.name}`" for _, field in self.identifiers])
        made: list[Decision] = []
        if self.operation == "upsert":
            why = f"no person has its {keys}, or the person was not part of its company or relationship"
            made.append(Decision("created", "a row of a person who is not there, or not in that company", why))
        found = f"a person has its {keys}"
        made.append(Decision("updated", "a row of a person with other values", f"{found}, and other values"))
        made.append(Decision("unchanged", "a row of a person with just these values", f"{found}, and all these values"))
        names = tuple(field.name for _, field in self.identifiers)
        return Traits(
            (*made, FAILED),
            target=PERSON,
            mappings=self.person.mappings,
            identifiers=names,
            beside={part.object.name: part.mappings for part in (self.company, self.relationship) if part is not None},
            searches=tuple(
                search
                for part in (self.company, self.relationship)
                if part is not None and part.entity is not None
                for search in lookup_searches(part.entity)
            ),
            meets={
                PERSON: (*people_matching.NAMING, "FirstName", "LastName"),
                "company_person": ("Person_ID", "Company_ID", "IsPrimaryCompany"),
                "relationship_person": ("Person_ID", "Relationship_ID"),
                "company": ("Name",),
                "relationship": ("Name", "CompanyId", "TypeId"),
            },
            composed={(PERSON, "Name"): ("FirstName", "LastName")},
        )

    def plan(self, run: ActionRun) -> ChangeList:
        """Decides every matched row."""
        return PeoplePlan(self, run).change_list()


class PeoplePlan:
    """The statements of one run of the action."""

    def __init__(self, load: BoundPeople, run: ActionRun) -> None:
        self.load = load
        self.run = run
        self.scratch = run.scratch()
        self.rows = Matched(run, spelling(run, load.catalogue), self.scratch, load.criteria)

    def change_list(self) -> ChangeList:
        received = Received(*self.rows.counts())
        staged = self.scratch.table("staged", self._staged)
        decided = people_matching.decide(self, staged)
        fresh = self._new_persons(decided)
        people = self.scratch.table("people", lambda: self._people(staged, decided, fresh))
        parts = [part for part in (self._members(staged, people), self._related(staged, people)) if part is not None]
        writes = [*self._writes(people), *(write for part in parts for write in part.writes())]
        counted = [(write, self._count(write.staging)) for write in writes]
        view = self.scratch.view("effects", lambda: people_effects(self, staged, decided, people, parts).query())
        return change_list(
            self.scratch,
            view,
            [write for write, count in counted if count],
            received,
            lambda: people_effects(self, staged, decided, people, parts).brief(),
            records_written=sum(count for _, count in counted),
        )

    def _count(self, table: str) -> int:
        def query() -> exp.Select:
            return select(exp.Count(this=exp.Star())).from_(relation(table), copy=False)

        return int(self.scratch.row(f"rows of {table}", query)[0])

    # Staging

    def _staged(self) -> exp.Select:
        """`row`, the keys `k…`, the values `p…`, `m…`, `q…`, the targets `c`, `r` and `rc`; codes and warnings."""
        load = self.load
        person = self._values(load.person, "")
        values: list[StagedValue] = [*person, *self._composed(person)]
        items = [named(self.rows.row, "row"), *(named(value.value, f"p{i}") for i, value in enumerate(person))]
        fold = self.run.profile["load.identifier_case"]
        keys = (people_matching.key_of(field, person[i].value, fold) for i, field in load.identifiers)
        items += [named(key, f"k{n}") for n, key in enumerate(keys)]
        for part, target, prefix in ((load.company, "c", "m"), (load.relationship, "r", "q")):
            if part is None:
                continue
            found, company = self._target(part)
            fields = [_where(value, found.value) for value in self._values(part, f"{part.object.name}.")]
            values += [found, *fields]
            items.append(named(found.value, target))
            items += [named(value.value, f"{prefix}{i}") for i, value in enumerate(fields)]
            if company is not None:
                items.append(named(company, "rc"))
        return staged_rows(self.rows, items, values)

    def _values(self, part: Part, prefix: str) -> list[StagedValue]:
        made = []
        for mapping in part.mappings:
            value = stage(mapping, self.rows)
            if prefix:
                value = replace(value, label=f"`{prefix}{mapping.field.name}` ({mapping.field.type})")
            if mapping.field.required and mapping.on_null == "write" and mapping.field.name not in part.defaults:
                bad = any_of(condition for condition, _ in value.failures)
                missing = fragment("NOT COALESCE(:bad, FALSE) AND :v IS NULL", bad=bad, v=value.value)
                value = value.with_failure(missing, "REQUIRED_MISSING")
            made.append(value)
        return made

    def _target(self, part: Part) -> tuple[StagedValue, exp.Expr | None]:
        """The company or relationship, which must exist if it is stated; for a relationship also its company."""
        assert part.entity is not None
        kind = "company" if part.object.name == "company_person" else "relationship"
        made = replace(stage(part.entity, self.rows), label=f"`{kind}`")
        stored = select(named(column("Gsid"), "g")).from_(self.run.tenant.table(kind), copy=False)
        if kind == "relationship":
            fits: exp.Expr = exp.true()
            if self.load.types:
                known = stored_types(self.load.types, self.rows).subquery(copy=False)
                fits = exp.In(this=column("TypeId"), query=known)
            stored = stored.select(named(column("CompanyId"), "c"), named(fits, "fits"), copy=False)
        alias = self.rows.join(stored, [("g", made.value)])
        unknown = fragment("NOT :v IS NULL AND :g IS NULL", v=made.value, g=column("g", alias))
        late: list[CodeEntry] = [(unknown, "ENTITY_NOT_FOUND")]
        words = dict(made.words)
        if kind == "relationship" and self.load.types:
            foreign = fragment("NOT :g IS NULL AND NOT :f", g=column("g", alias), f=column("fits", alias))
            late.append((foreign, "ENTITY_NOT_FOUND"))
            message = "the relationship's type is not one of the rule's: " + ", ".join(self.load.types)
            words["ENTITY_NOT_FOUND"] = fragment("CASE WHEN :f THEN :m END", f=foreign, m=text(message))
        if self.run.profile["people.company_missing"] == "error":
            bad = any_of(condition for condition, _ in made.failures)
            none = fragment("NOT COALESCE(:bad, FALSE) AND :v IS NULL", bad=bad, v=made.value)
            late.append((none, "IDENTIFIER_NULL"))
        for condition, code in late:
            made = made.with_failure(condition, code)
        return replace(made, words=words), column("c", alias) if kind == "relationship" else None

    # Name := FirstName + ' ' + LastName

    @cached_property
    def name_parts(self) -> dict[str, int] | None:
        """The places of the mapped ones of FirstName and LastName if Name is made of them, else None."""
        places = {m.field.name: i for i, m in enumerate(self.load.person.mappings)}
        parts: dict[str, int] = {name: places[name] for name in ("FirstName", "LastName") if name in places}
        return parts if parts and "Name" not in places else None

    def _composed(self, person: Sequence[StagedValue]) -> list[StagedValue]:
        """The length of the composed name as far as the row knows it."""
        length = self.load.person.object.fields["Name"].type.length
        parts = self.name_parts
        if parts is None or length is None or self.run.profile["load.overlength"] == "truncate":
            return []
        value = _joined([person[i].value for i in parts.values()])
        words = {"STRING_TOO_LONG": length_words(length, value)}
        return [StagedValue("`Name`", value, value, ((longer_than(length, value), "STRING_TOO_LONG"),), words=words)]

    def _name_slot(self) -> list[Slot]:
        parts = self.name_parts
        if parts is None:
            return []
        name = self.load.person.object.fields["Name"].type
        sides = [column(f"{'a' if part in parts else 's'}:{part}") for part in ("FirstName", "LastName")]
        value = _joined(sides)
        if name.length is not None:
            value = fragment("LEFT(:v, :n)", v=value, n=number(name.length))
        mappings = self.load.person.mappings
        written = [
            exp.true() if mappings[i].on_null == "write" else fragment("NOT :v IS NULL", v=column(f"p{i}"))
            for i in parts.values()
        ]
        return [Slot("Name", value, value, any_of(written))]

    def made_value(self, name: str) -> exp.Expr | None:
        """What a new person gets, over the staged rows as `s`; None if nothing gives the field."""
        default = self.load.person.defaults.get(name)
        for i, mapping in enumerate(self.load.person.mappings):
            if mapping.field.name == name:
                return or_default(column(f"p{i}", "s"), self.load.person, mapping.field)
        if name == "Name" and self.name_parts is not None:
            return _joined([column(f"p{i}", "s") for i in self.name_parts.values()])
        return default

    # A person may not be their own manager

    def managers(self) -> list[tuple[str, str]]:
        """The columns of the staging that hold a manager, with labels."""
        part = self.load.company
        if part is None:
            return []
        label = f"`{part.object.name}.Manager`"
        return [(f"m{i}", label) for i, m in enumerate(part.mappings) if m.field.name == "Manager"]

    # Persons

    def _new_persons(self, decided: str) -> str:
        """The GSIDs of new persons by `comp`, in the order of their first rows."""

        def first() -> exp.Select:
            query = select(column("comp"), named(fragment("MIN(:r)", r=column("row")), "at"))
            query = query.from_(relation(decided), copy=False)
            new = fragment(":c IS NULL AND :s IS NULL", c=column("codes"), s=column("stored"))
            return query.where(new, copy=False).group_by(column("comp"), copy=False)

        return new_ids(self.scratch, self.run, PERSON, "persons", first, ("comp",))

    @cached_property
    def slots(self) -> list[Slot]:
        return value_slots(self.load.person, "p", self.run)

    def _people(self, staged: str, decided: str, fresh: str) -> exp.Select:
        """Every row that counts with its person (`gsid`), before and after it."""
        slots, composed = self.slots, self._name_slot()
        names = {slot.name for slot in (*slots, *composed)}
        names |= {"FirstName", "LastName"} if composed else set()
        gsid = fragment("COALESCE(:s, :n)", s=column("stored", "d"), n=column("gsid", "n"))
        makes = fragment(
            ":s IS NULL AND :m = :r", s=column("stored", "d"), m=column("maker", "d"), r=column("row", "d")
        )
        query = select(
            column("row", "d"),
            named(gsid, "gsid"),
            named(makes, "makes"),
            named(fragment("NOT :s IS NULL", s=column("stored", "d")), "is_stored"),
            *(named(column(name, "t"), f"s:{name}") for name in sorted(names)),
            *(column(f"p{i}", "s") for i, _ in enumerate(slots)),
        ).from_(relation(decided, "d"), copy=False)
        row = exp.EQ(this=column("row", "s"), expression=column("row", "d"))
        query = query.join(relation(staged, "s"), on=row, copy=False)
        new = all_of([is_null(column("stored", "d")), exp.EQ(this=column("comp", "n"), expression=column("comp", "d"))])
        query = query.join(left_join(relation(fresh, "n"), on=new), copy=False)
        table = self.run.tenant.table(PERSON)
        stored = exp.EQ(this=column("Gsid", "t"), expression=column("stored", "d"))
        query = query.join(left_join(aliased(table, "t"), on=stored), copy=False)
        query = query.where(is_null(column("codes", "d")), copy=False)
        folded: exp.Query = fold(query, slots)
        if composed:
            folded = fold(folded, composed)
        return finished(folded, [*slots, *composed], self.load.person.mappings)

    @cached_property
    def written(self) -> tuple[str, ...]:
        return (*(slot.name for slot in self.slots), *(slot.name for slot in self._name_slot()))

    def _writes(self, people: str) -> list[Write]:
        part = self.load.person
        values = {name: column(f"a:{name}") for name in self.written}
        return record_writes(self.scratch, self.run, PERSON, people, values, part.defaults)

    # Associations

    def _members(self, staged: str, people: str) -> Members | None:
        ensures = self.load.relationship is not None and self.load.operation == "upsert"
        if self.load.company is None and not ensures:
            return None
        members = Members(self, "company_person", self.load.company, self.load.member_defaults, implied=ensures)
        members.decide(staged, people)
        return members

    def _related(self, staged: str, people: str) -> Members | None:
        if self.load.relationship is None:
            return None
        related = Members(self, "relationship_person", self.load.relationship, {}, implied=False)
        related.decide(staged, people)
        return related


def _where(value: StagedValue, target: exp.Expr) -> StagedValue:
    """What is wrong with a value counts only if there is a company or relationship to write it into."""

    def there(found: Sequence[CodeEntry]) -> tuple[CodeEntry, ...]:
        return tuple((all_of([fragment("NOT :t IS NULL", t=target), each]), code) for each, code in found)

    return replace(value, failures=there(value.failures), warnings=there(value.warnings))


def _joined(parts: Sequence[exp.Expr]) -> exp.Expr:
    words = (fragment("NULLIF(:v, '')", v=part) for part in parts)
    return fragment("NULLIF(:v, '')", v=call("concat_ws", text(" "), *words))
