"""The load algorithm and the loads that follow it (actions.md §4, §5.1–§5.3, §5.5–§5.7, §5.11)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.oracle import standard
from tests.oracle.entities import Env, relationship_type, rule_types
from tests.oracle.mapping import Mapper, Mapping, RowError, Staged
from tests.oracle.tenant import Object, Record, utc_midnight
from tests.oracle.values import FailedError, RefusedError

OWN_ACTION = (
    "company", "relationship", "person", "company_person", "relationship_person", "gsuser", "call_to_action",
    "cta_group", "unified_scorecard_fact_company", "unified_scorecard_fact_relationship", "activity_timeline",
)  # fmt: skip
TARGETS = {
    "load_to_company": "company", "load_to_relationship": "relationship", "load_to_user": "gsuser",
    "load_to_cases": "gs_case", "load_to_lead": "gs_lead", "load_to_opportunity": "gs_opportunity",
    "load_to_forecast": "gs_company_forecast", "load_to_company_team": "company_team",
    "load_to_relationship_team": "relationship_team",
}  # fmt: skip
SELF = {"company": "ParentCompany", "gsuser": "Manager"}
SYNCED = {"load_to_lead": ("lead_sync", "Lead"), "load_to_opportunity": ("opportunity_sync", "Opportunity")}
NOT_MAPPABLE = {"load_to_user": ("IsSuperAdmin", "SystemType", "LicenseType"), "load_to_relationship": ("TypeId",)}


def load(env: Env, rows: list[Staged]) -> None:
    """Leaves in each row's codes, warnings and outcome what happened to it."""
    kind = env.action["action"]
    if kind == "load_to_salesforce":
        SalesforceLoad(env, env.tenant.salesforce(env.action["object"])).run(rows)
        return
    target = env.tenant.object(TARGETS.get(kind) or env.action["object"])
    if kind == "load_to_object" and target.name in (*OWN_ACTION, *standard.READ_ONLY):
        raise RefusedError("GS-*", f"{target.name} has an action of its own, or is no load target")
    {
        "load_to_relationship": RelationshipLoad, "load_to_company_team": TeamLoad,
        "load_to_relationship_team": TeamLoad,
    }.get(kind, Load)(env, target).run(rows)  # fmt: skip


def one_per_key(rows: list[Staged], key: Callable[[Staged], Any], rule: str) -> list[Staged]:
    """Rows of one key form a group, of which the profile keeps one row or none (§4 step 2)."""
    groups: dict[Any, list[Staged]] = {}
    for staged in rows:
        groups.setdefault(key(staged), []).append(staged)
    kept = []
    for group in groups.values():
        winner = {"last": group[-1], "first": group[0], "error": None if len(group) > 1 else group[0]}[rule]
        for staged in group:
            if staged is winner:
                kept.append(staged)
            else:
                staged.fail("DUPLICATE_IN_BATCH", "failed" if rule == "error" else "skipped")
    return sorted(kept, key=lambda s: s.row)


class Load:
    def __init__(self, env: Env, target: Object) -> None:
        self.env, self.action, self.tenant, self.context = env, env.action, env.tenant, env.context
        self.kind = env.action["action"]
        self.object = target
        self.operation = self.stated_operation()
        self.mapper = Mapper(env.tenant, target, env.scope, env.context)
        self.mapper.inserts = self.operation == "insert"
        self.mappings = self.bound_mappings()
        self.permitted()
        self.identifiers = [target.find(name) for name in self.stated_identifiers()]
        mapped = {m.target.name for m in self.mappings}
        if self.operation != "insert" and not 1 <= len(self.identifiers) <= 10:
            raise RefusedError("GS-*", "1 to 10 identifiers")
        if not {one.name for one in self.identifiers} <= mapped:
            raise RefusedError("GS-*", "an identifier is not mapped")
        if "Gsid" in mapped and "Gsid" not in {one.name for one in self.identifiers}:
            raise RefusedError("GS-*", "Gsid is mapped without being an identifier")
        if self.operation != "update":
            covered = mapped | self.given()
            missing = [f.name for f in target.fields.values() if f.required and f.name not in covered]
            missing = [name for name in missing if target.fields[name].default is None]
            if missing:
                raise RefusedError("GS-*", f"required: {missing}")

    def permitted(self) -> None:
        """Where the project lists what may be loaded, the object and every field are on the list (§3.1)."""
        listed = {name.lower(): fields for name, fields in self.tenant.permissions.items()}
        if not listed:
            return
        fields = listed.get(self.object.name.lower(), [])
        mapped = {m.target.name for m in self.mappings}
        if self.object.name.lower() not in listed:
            raise RefusedError("GS-*", f"{self.object.name} may not be loaded")
        if fields != "all" and fields and not mapped <= {self.object.find(n).name for n in fields}:
            raise RefusedError("GS-*", f"a field of {self.object.name} may not be loaded")

    def stated_operation(self) -> str:
        return "update" if self.kind == "load_to_user" else str(self.action["operation"])

    def stated_identifiers(self) -> list[str]:
        return list(self.action.get("identifiers", []))

    def bound_mappings(self) -> list[Mapping]:
        refused = NOT_MAPPABLE.get(self.kind, ())
        return self.mapper.bind(self.action["fields"], refused, gsid=self.operation == "update")

    def given(self) -> set[str]:
        """Required fields that the action itself fills."""
        return set()

    def run(self, rows: list[Staged]) -> None:
        for staged in rows:
            self.mapper.stage(staged, self.mappings)
            self.check(staged)
        good = [staged for staged in rows if not staged.codes]
        if self.operation != "insert":
            good = [s for s in good if self.has_key(s)]
            good = one_per_key(good, lambda s: self.key(s.values), self.context.profile["load.duplicate_keys"])
        before = list(self.object.records)
        for staged in good:
            if self.operation == "insert":
                self.create(staged)
            else:
                self.match(staged, before)

    def check(self, staged: Staged) -> None:
        """What a kind of load checks beside its mappings."""

    # -- keys -----------------------------------------------------------------------------------------------------
    def key(self, values: Record) -> tuple[Any, ...]:
        loose = self.context.profile["load.identifier_case"] == "insensitive"

        def comparable(name: str, kind: str) -> Any:
            value = values.get(name)
            if isinstance(value, list):
                return tuple(sorted(value))
            return value.lower() if isinstance(value, str) and (loose or kind == "email") else value

        return tuple(comparable(one.name, one.type) for one in self.identifiers)

    def has_key(self, staged: Staged) -> bool:
        if None in self.key(staged.values) and self.context.profile["load.match_null"] == "error":
            staged.codes.append("IDENTIFIER_NULL")
            return False
        return True

    def stored(self, staged: Staged, before: list[Record]) -> list[Record]:
        wanted = self.key(staged.values)
        return [r for r in before if self.key(r) == wanted]

    # -- writes ---------------------------------------------------------------------------------------------------
    def match(self, staged: Staged, before: list[Record]) -> None:
        found = self.stored(staged, before)
        rule = self.context.profile["load.multi_match"]
        if not found:
            if self.operation == "upsert":
                self.create(staged)
                return
            skips = self.context.profile["load.update_no_match"] == "skip"
            staged.fail("NO_RECORD_TO_UPDATE", "skipped" if skips else "failed")
            return
        if len(found) > 1 and rule == "error":
            staged.fail("MULTIPLE_RECORDS_MATCHED")
            return
        if len(found) > 1 and rule == "first":
            found = [min(found, key=lambda r: str(r["Gsid"]))]
        elif len(found) > 1:
            staged.warnings.append("MULTI_MATCH_UPDATED")
        for record in found:
            code = self.refusal(record, staged)
            if code:
                staged.fail(code)
                return
        changed = [self.update(record, staged) for record in found]
        staged.outcome = "updated" if any(changed) else "unchanged"

    def refusal(self, record: Record, staged: Staged) -> str:
        """Why the row may not be written to this record, or nothing."""
        for name, value in staged.values.items():
            if value is None and self.object.fields[name].required:
                return "REQUIRED_MISSING"
        own = SELF.get(self.object.name)
        if own and staged.values.get(own) == record["Gsid"]:
            return "VALUE_INVALID"
        return self.taken(staged, record)

    def taken(self, staged: Staged, mine: Record | None) -> str:
        for name, value in staged.values.items():
            one = self.object.fields[name]
            unique = one.unique and self.context.profile["object.unique"] == "on"
            unique = unique or (self.object.name == "gsuser" and name in ("Email", "SFDCUserName"))
            if unique and value is not None and any(r[name] == value and r is not mine for r in self.object.records):
                return "DUPLICATE_VALUE"
        return ""

    def update(self, record: Record, staged: Staged) -> bool:
        wanted = dict(staged.values)
        if self.context.profile["load.multiselect"] == "append":
            for name, value in wanted.items():
                if self.object.fields[name].family == "multi" and value is not None:
                    wanted[name] = sorted({*value, *(record[name] or [])})
        differing = {k: v for k, v in wanted.items() if self.differs(record.get(k), v)}
        silent = {m.target.name for m in self.mappings if "on_null" not in m.spec}
        if any(v is None and k in silent for k, v in differing.items()):
            staged.warnings.append("NULL_WRITTEN")
        if differing or self.context.profile["load.touch_unchanged"]:
            record.update(differing, ModifiedDate=utc_midnight(self.context))
        if differing:
            self.written(record, staged, "update")
        return bool(differing)

    @staticmethod
    def differs(stored: Any, value: Any) -> bool:
        if isinstance(stored, list) and isinstance(value, list):
            return sorted(stored) != sorted(value)
        return bool(stored != value)

    def create(self, staged: Staged) -> None:
        for one in self.object.fields.values():
            if one.required and staged.values.get(one.name) is None and one.default is None:
                staged.fail("REQUIRED_MISSING")
                return
        code = self.taken(staged, None)
        if code:
            staged.fail(code)
            return
        record = self.tenant.insert(self.object.name, staged.values)
        staged.outcome = "created"
        self.written(record, staged, "insert")

    def written(self, record: Record, staged: Staged, how: str) -> None:
        """A record was written: both systems, if they are synchronised (§5.6)."""
        staged.gsids.append(record["Gsid"])
        if self.kind in SYNCED:
            sync, _ = SYNCED[self.kind]
            if self.context.profile[f"object.{sync}"] == "on":
                self.tenant.outbox.append({"kind": sync, "row": staged.row})


class RelationshipLoad(Load):
    """§5.3: the type is set on creation and silently part of the match; the company never changes."""

    def __init__(self, env: Env, target: Object) -> None:
        self.type = relationship_type(env.tenant, env.action["relationship_type"])["Gsid"]
        super().__init__(env, target)

    def given(self) -> set[str]:
        return {"TypeId"}

    def check(self, staged: Staged) -> None:
        company = staged.values.get("CompanyId")
        if company is not None and self.tenant.by_gsid("company", company) is None:
            staged.codes.append("ENTITY_NOT_FOUND")
            staged.warnings = [w for w in staged.warnings if w != "REFERENCE_NOT_FOUND"]
        staged.values["TypeId"] = self.type

    def stored(self, staged: Staged, before: list[Record]) -> list[Record]:
        return [r for r in super().stored(staged, before) if r["TypeId"] == self.type]

    def refusal(self, record: Record, staged: Staged) -> str:
        if staged.values.get("CompanyId", record["CompanyId"]) != record["CompanyId"]:
            return "VALUE_INVALID"
        return super().refusal(record, staged)


class TeamLoad(Load):
    """§5.7: upsert by entity and user; `Delete` takes a membership away."""

    def __init__(self, env: Env, target: Object) -> None:
        self.types = rule_types(env)
        super().__init__(env, target)

    def stated_operation(self) -> str:
        return "upsert"

    def stated_identifiers(self) -> list[str]:
        entity = "CompanyId" if self.object.name == "company_team" else "RelationshipId"
        return [entity, "UserId"]

    def bound_mappings(self) -> list[Mapping]:
        fields = dict(self.action["fields"])
        name = next((n for n in fields if n.lower() == "delete"), None)
        self.deletes = None
        if name is not None:
            spec = fields.pop(name)
            target = type(self.object.fields["Gsid"])("Delete", "boolean", "Delete")
            self.deletes = self.mapper.mapping(target, spec)
        mappings = self.mapper.bind(fields)
        for mapping in mappings:
            if mapping.target.name in self.stated_identifiers():
                mapping.target = replace(mapping.target, required=False)
        return mappings

    def check(self, staged: Staged) -> None:
        staged.extra["delete"] = self.deletes is not None and self.mapper.value(staged, self.deletes) is True
        for name in self.stated_identifiers():
            value = staged.values.get(name)
            target = self.object.fields[name].target
            if value is None:
                self.null(staged, next(m for m in self.mappings if m.target.name == name))
                continue
            found = self.tenant.by_gsid(target, value)
            if found is None or (target == "relationship" and self.types and found["TypeId"] not in self.types):
                staged.codes.append("ENTITY_NOT_FOUND")

    def null(self, staged: Staged, mapping: Mapping) -> None:
        """An id that is null whatever `on_null` says, not one that has a code of its own."""
        try:
            self.mapper.value(Staged(staged.row, staged.source), mapping)
        except RowError:
            return
        staged.codes.append("IDENTIFIER_NULL")

    def match(self, staged: Staged, before: list[Record]) -> None:
        if not staged.extra["delete"]:
            super().match(staged, before)
            return
        found = self.stored(staged, before)
        if not found:
            staged.fail("NOTHING_TO_DELETE", "skipped")
            return
        for record in found:
            self.tenant.delete(self.object.name, record)
            staged.gsids.append(record["Gsid"])
        staged.outcome = "updated"


class SalesforceLoad(Load):
    """§5.11: the local copy, by §4, and one outbox entry a written record."""

    def __init__(self, env: Env, target: Object) -> None:
        super().__init__(env, target)
        if self.operation != "update" and "Id" in {m.target.name for m in self.mappings}:
            raise RefusedError("GS-*", "Id is mapped in an action that may create")

    def permitted(self) -> None:
        listed = {name.lower(): fields for name, fields in self.tenant.permissions.items()}
        mapped = {m.target.name for m in self.mappings}
        fields = listed.get(self.object.name.lower(), [])
        if self.context.profile["load.require_sfdc_permission"] and fields != "all" and not mapped <= set(fields):
            raise FailedError("PERMISSION_DENIED", self.object.name)

    def key(self, values: Record) -> tuple[Any, ...]:
        return tuple(
            part[:15] if one.name == "Id" and isinstance(part, str) else part
            for one, part in zip(self.identifiers, super().key(values), strict=True)
        )

    def update(self, record: Record, staged: Staged) -> bool:
        staged.values.pop("Id", None)
        before = dict(record)
        differing = {k: v for k, v in staged.values.items() if before.get(k) != v}
        record.update(differing)
        if differing:
            self.written(record, staged, "update")
        return bool(differing)

    def create(self, staged: Staged) -> None:
        record = dict.fromkeys(self.object.fields) | staged.values
        self.object.records.append(record)
        staged.outcome = "created"
        self.written(record, staged, "insert")

    def written(self, record: Record, staged: Staged, how: str) -> None:
        self.tenant.outbox.append({"kind": "salesforce_write", "row": staged.row})
