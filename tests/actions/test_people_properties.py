"""Random loads of people against a plain model of actions.md §5.4, row by row."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.actions.support import World, company, world

COLUMNS = {"Mail": "text", "Id": "text", "Name": "text", "Company": "text", "Role": "text", "Primary": "boolean"}


class Row(NamedTuple):
    mail: str | None
    id: str | None
    name: str | None
    company: str | None
    role: str | None
    primary: bool | None

    @property
    def keys(self) -> set[tuple[str, str]]:
        found = {("mail", self.mail.strip().lower() if self.mail else ""), ("id", self.id.strip() if self.id else "")}
        return {key for key in found if key[1]}


ROWS = st.lists(
    st.builds(
        Row,
        st.sampled_from([None, "a@x.co", "A@x.co", "b@x.co", "c@x.co", " d@x.co"]),
        st.sampled_from([None, "x", "y", "z", "z ", "X"]),
        st.sampled_from([None, "N", "M"]),
        st.sampled_from([None, company(1), company(2), company(3)]),
        st.sampled_from([None, "R", "S"]),
        st.sampled_from([None, True, False]),
    ),
    max_size=9,
)


@dataclass(eq=False)
class Person:
    mail: str | None = None
    id: str | None = None
    name: str | None = None
    places: dict[str, list[Any]] = field(default_factory=dict)  # company: [role, primary]

    @property
    def keys(self) -> set[tuple[str, str]]:
        return Row(self.mail, self.id, None, None, None, None).keys


@dataclass
class Model:
    """`flags`: whether the load maps IsPrimaryCompany; `first_key`: what decides between several persons."""

    flags: bool
    first_key: bool
    people: list[Person] = field(default_factory=list)

    def load(self, batch: list[Row]) -> list[str]:
        """Writes a batch; an outcome or a code for each row."""
        met = [[p for p in self.people if p.keys & row.keys] for row in batch]
        one = [self._decides(row, people) for row, people in zip(batch, met, strict=True)]
        groups = self._components(batch)
        fresh: dict[int, Person] = {}
        results = []
        for i, row in enumerate(batch):
            known = {id(p): p for j in groups[i] for p in ([one[j]] if one[j] else met[j]) if p is not None}
            if not row.keys:
                results.append("IDENTIFIER_NULL")
            elif (met[i] and one[i] is None) or (not met[i] and len(known) > 1):
                results.append("PERSON_AMBIGUOUS")
            else:
                person = one[i] or next(iter(known.values()), None) or fresh.get(min(groups[i]))
                results.append(self._write(row, person, fresh, min(groups[i])))
        return results

    def _decides(self, row: Row, met: list[Person]) -> Person | None:
        if len(met) == 1:
            return met[0]
        for kind in ("mail", "id") if self.first_key else ():
            found = [p for p in met if {key for key in p.keys if key[0] == kind} & row.keys]
            if len(found) == 1:
                return found[0]
        return None

    @staticmethod
    def _components(batch: list[Row]) -> list[set[int]]:
        groups = [{i} for i, _ in enumerate(batch)]
        for i, row in enumerate(batch):
            for j in range(i):
                if row.keys & batch[j].keys and groups[i] is not groups[j]:
                    together = groups[i] | groups[j]
                    for k in together:
                        groups[k] = together
        return groups

    def _write(self, row: Row, person: Person | None, fresh: dict[int, Person], group: int) -> str:
        created = person is None
        if person is None:
            person = fresh[group] = Person()
            self.people.append(person)
        before = (person.mail, person.id, person.name)
        person.mail = row.mail.strip() if row.mail else person.mail
        person.id = row.id if row.id is not None else person.id
        person.name = row.name
        changed = before != (person.mail, person.id, person.name)
        if row.company is not None:
            made, differs = self._place(row, person, row.company)
            created, changed = created or made, changed or differs
        return "created" if created else "updated" if changed else "unchanged"

    def _place(self, row: Row, person: Person, where: str) -> tuple[bool, bool]:
        others = [place for name, place in person.places.items() if name != where and place[1]]
        made = where not in person.places
        place = person.places.setdefault(where, [None, None])
        before = list(place)
        place[0] = row.role if row.role is not None else place[0]
        if self.flags:
            place[1] = row.primary
        elif made:
            place[1] = not others
        cleared = bool(self.flags and row.primary and others)
        if cleared:
            for other in others:
                other[1] = False
        return made, before != place or cleared


@pytest.fixture(scope="module", params=[(False, False), (True, True)])
def made(request: pytest.FixtureRequest) -> Iterator[tuple[World, bool, bool]]:
    flags, first_key = request.param
    conflict = "first_key" if first_key else "error"
    with (
        tempfile.TemporaryDirectory() as folder,
        world(
            Path(folder) / "w", people__match_criteria=["Email", "ExternalRecordID"], people__conflict=conflict
        ) as found,
    ):
        yield found, flags, first_key


def action(*, flags: bool) -> str:
    primary = ", IsPrimaryCompany: {column: Primary, on_null: write}" if flags else ""
    return (
        "  - {action: load_to_people, from: Rows, operation: upsert, person: {Email: {column: Mail, on_null: skip},"
        " ExternalRecordID: {column: Id, on_null: skip}, Name: {column: Name, on_null: write}},"
        f" company_person: {{company: Company, fields: {{Role: {{column: Role, on_null: skip}}{primary}}}}}}}\n"
    )


@pytest.mark.once
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(ROWS, min_size=1, max_size=3))
def test_loads_do_what_the_model_does(made: tuple[World, bool, bool], batches: list[list[Row]]) -> None:
    found, flags, first_key = made
    for name in ("person", "company_person"):
        found.tenant.con.execute(f"DELETE FROM {found.tenant.table(name).sql('duckdb')}")
    model = Model(flags, first_key)
    for batch in batches:
        found.dataset(COLUMNS, [[*row] for row in batch])
        done = found.act(action(flags=flags))
        expected = model.load(batch)
        assert [effect["code"] or effect["outcome"] for effect in done.effects] == expected
        people = {each["Gsid"]: each for each in found.records("person")}
        stored = [(each["Email"], each["ExternalRecordID"], each["Name"]) for each in people.values()]
        assert stored == [(p.mail, p.id, p.name) for p in model.people]
        places = sorted(
            (list(people).index(each["Person_ID"]), each["Company_ID"], each["Role"], each["IsPrimaryCompany"])
            for each in found.records("company_person")
        )
        assert places == sorted(
            (i, name, *place) for i, person in enumerate(model.people) for name, place in person.places.items()
        )
        counts = done.changes.counts
        assert counts.matched == len(batch) == sum(counts.of_outcomes().values())
        assert counts.records_written >= counts.created > 0 or not counts.created
