"""`load_to_people` (actions.md §5.4)."""

from __future__ import annotations

from typing import Any

from tests.oracle.entities import Env, resolve, rule_types, touch
from tests.oracle.mapping import Mapping, RowError, Staged
from tests.oracle.tenant import Record
from tests.oracle.values import BLANKS, RefusedError

Key = tuple[str, Any]


class People:
    def __init__(self, env: Env) -> None:
        action = env.action
        self.env, self.tenant, self.context = env, env.tenant, env.context
        self.operation = action["operation"]
        criteria = env.profile["people.match_criteria"]
        person = env.tenant.object("person")
        self.criteria = [person.find(name).name for name in ([criteria] if isinstance(criteria, str) else criteria)]
        stated = [person.find(name).name for name in action.get("identifiers") or self.criteria]
        if not set(stated) <= set(self.criteria):
            raise RefusedError("GS-*", "identifiers are the tenant's match criteria")
        self.identifiers = [name for name in self.criteria if name in stated]
        self.person = env.mapper("person")
        self.mappings = self.person.bind(action["person"])
        mapped = {m.target.name for m in self.mappings}
        if not set(self.identifiers) <= mapped:
            raise RefusedError("GS-*", "an identifier is not mapped")
        self.builds_name = "Name" not in mapped and bool({"FirstName", "LastName"} & mapped)
        self.company = Association(env, action.get("company_person"), "company")
        self.relationship = Association(env, action.get("relationship_person"), "relationship")

    def run(self, rows: list[Staged]) -> None:
        for staged in rows:
            self.person.stage(staged, self.mappings)
            for association in (self.company, self.relationship):
                association.stage(staged)
            if not staged.codes and not self.keys(staged.values):
                staged.codes.append("IDENTIFIER_NULL")
        good = [s for s in rows if not s.codes]
        people = list(self.tenant.records("person"))
        found = {s.row: self.stored(s, people) for s in good}
        self.components(good, found)
        for staged in good:
            if not staged.codes:
                self.write(staged)

    # -- who is meant ---------------------------------------------------------------------------------------------
    def keys(self, values: Record) -> list[Key]:
        keys = []
        for name in self.identifiers:
            value = values.get(name)
            if isinstance(value, str):
                value = value.strip(BLANKS)
                value = value.lower() if name == "Email" else value
            if value not in (None, ""):
                keys.append((name, value))
        return keys

    def stored(self, staged: Staged, people: list[Record]) -> Record | list[Record] | None:
        """The one stored person that bears a key of the row; all of them if there are several."""
        by_key = [[p for p in people if key in self.keys(p)] for key in self.keys(staged.values)]
        met = {p["Gsid"]: p for hits in by_key for p in hits}
        if len(met) == 1:
            return next(iter(met.values()))
        if not met:
            return None
        if self.env.profile["people.conflict"] == "first_key":
            single = next((hits[0] for hits in by_key if len(hits) == 1), None)
            if single is not None:
                return single
        return list(met.values())

    def components(self, rows: list[Staged], found: dict[int, Any]) -> None:
        """Rows that share a key, directly or through others, are about one person."""
        left = list(rows)
        while left:
            group, keys, grown = [left.pop(0)], set(), True
            keys = set(self.keys(group[0].values))
            while grown:
                more = [s for s in left if keys & set(self.keys(s.values))]
                grown = bool(more)
                for staged in more:
                    group.append(staged)
                    keys |= set(self.keys(staged.values))
                    left.remove(staged)
            self.settle(sorted(group, key=lambda s: s.row), found)

    def settle(self, group: list[Staged], found: dict[int, Any]) -> None:
        fresh = [s for s in group if found[s.row] is None]
        matched: dict[str, Record] = {}
        for staged in group:
            meets = found[staged.row]
            if isinstance(meets, list):
                staged.fail("PERSON_AMBIGUOUS")
            elif meets is not None:
                staged.extra["person"] = {"record": meets}
            matched |= {p["Gsid"]: p for p in (meets if isinstance(meets, list) else [meets] if meets else [])}
        shared: Record = {"record": next(iter(matched.values()), None)}
        for staged in fresh:
            if len(matched) > 1:
                staged.fail("PERSON_AMBIGUOUS")
            elif not matched and self.operation == "update":
                skips = self.env.profile["load.update_no_match"] == "skip"
                staged.fail("NO_RECORD_TO_UPDATE", "skipped" if skips else "failed")
            else:
                staged.extra["person"] = shared

    # -- what is written ------------------------------------------------------------------------------------------
    def write(self, staged: Staged) -> None:
        outcomes = []
        holder = staged.extra["person"]
        values = dict(staged.values)
        if holder["record"] is None:
            if self.builds_name:
                values["Name"] = self.full_name(values, {})
            holder["record"] = self.tenant.insert("person", values)
            outcomes.append("created")
        else:
            record = holder["record"]
            if self.builds_name and {"FirstName", "LastName"} & set(values):
                values["Name"] = self.full_name(values, record)
            silent = {m.target.name for m in self.mappings if "on_null" not in m.spec}
            if any(v is None and k in silent and record.get(k) is not None for k, v in values.items()):
                staged.warnings.append("NULL_WRITTEN")
            outcomes.append("updated" if touch(record, values, self.context) else "unchanged")
        person = holder["record"]
        creates = self.operation == "upsert"
        company, relationship = staged.extra.get("company"), staged.extra.get("relationship")
        if company is not None:
            outcomes.append(self.company.put(person, company, staged, creates))
        if relationship is not None:
            owner = self.tenant.by_gsid("company", relationship["CompanyId"])
            if owner is not None and (company is None or company["Gsid"] != owner["Gsid"]):
                outcomes.append(self.company.put(person, owner, staged, creates, bare=True))
            outcomes.append(self.relationship.put(person, relationship, staged, creates))
        staged.gsids.append(person["Gsid"])
        staged.outcome = next(o for o in ("created", "updated", "unchanged") if o in outcomes)

    @staticmethod
    def full_name(values: Record, record: Record) -> str | None:
        parts = [values.get(n, record.get(n)) for n in ("FirstName", "LastName")]
        return " ".join(p for p in parts if p) or None


class Association:
    """A person's place in a company or a relationship."""

    def __init__(self, env: Env, given: Any, kind: str) -> None:
        self.env, self.tenant, self.kind = env, env.tenant, kind
        self.object = f"{kind}_person"
        self.link = "Company_ID" if kind == "company" else "Relationship_ID"
        self.entity: Mapping | None = None
        self.mapper = env.mapper(self.object)
        self.mappings: list[Mapping] = []
        if given is None:
            return
        fields = {k: v for k, v in given.items() if k not in (kind, "fields")} | given.get("fields", {})
        target = self.mapper.object.fields[self.link]
        self.entity = self.mapper.mapping(target, given[kind])
        self.mappings = self.mapper.bind(fields, ("Person_ID", self.link))

    def stage(self, staged: Staged) -> None:
        if self.entity is None:
            return
        mine = Staged(staged.row, staged.source)
        try:
            value = self.entity.bound.compute(staged.source)
            if "lookup" in self.entity.spec or "default" in self.entity.spec:
                value = self.mapper.value(mine, self.entity)
            if value is None or value == "":
                if self.env.profile["people.company_missing"] == "error":
                    raise RowError("IDENTIFIER_NULL")
                staged.warnings.append("ASSOCIATION_SKIPPED")
                return
            staged.extra[self.kind] = resolve(self.tenant, self.kind, value, rule_types(self.env))
        except RowError as found:
            staged.codes.append(found.code)
            return
        staged.warnings += [w for w in mine.warnings if w == "LOOKUP_ANY_ONE"]
        mine.warnings.clear()
        self.mapper.stage(mine, self.mappings)
        staged.codes += mine.codes
        staged.warnings += mine.warnings
        staged.extra[self.object] = mine.values

    def put(self, person: Record, entity: Record, staged: Staged, creates: bool, bare: bool = False) -> str:
        values = {} if bare else dict(staged.extra.get(self.object, {}))
        every = [r for r in self.tenant.records(self.object) if r["Person_ID"] == person["Gsid"]]
        found = next((r for r in every if r[self.link] == entity["Gsid"]), None)
        if found is None and not creates:
            staged.warnings.append("ASSOCIATION_SKIPPED")
            return "unchanged"
        stated = not bare and any(m.target.name == "IsPrimaryCompany" for m in self.mappings)
        if self.kind == "company" and not stated and found is None:
            values["IsPrimaryCompany"] = not any(r["IsPrimaryCompany"] for r in every)
        if self.kind == "company" and values.get("IsPrimaryCompany"):
            for other in every:
                if other is not found and other["IsPrimaryCompany"]:
                    touch(other, {"IsPrimaryCompany": False}, self.env.context)
        if found is not None:
            mine = Staged(staged.row, staged.source, values)
            self.mapper.warn_of_nulls(mine, found, self.mappings)
            staged.warnings += mine.warnings
        if found is None:
            record = self.tenant.insert(self.object, values | {"Person_ID": person["Gsid"], self.link: entity["Gsid"]})
            staged.gsids.append(record["Gsid"])
            return "created"
        return "updated" if touch(found, values, self.env.context) else "unchanged"
