"""`create_success_plan` and `update_success_plan` (actions.md §8)."""

from __future__ import annotations

from typing import Any

from tests.oracle.cta import Due, add_tasks, playbook_named
from tests.oracle.cta_changes import subject
from tests.oracle.entities import Entity, Env, Owner, Tokens, status_class, touch
from tests.oracle.mapping import RowError, Staged, attempt, gsid_of
from tests.oracle.tenant import Record, utc_midnight
from tests.oracle.values import RefusedError

OWN_PARAMETERS = (
    "Name", "SuccessPlanTypeId", "StatusId", "CompanyId", "RelationshipId", "OwnerId", "TemplateId", "DueDate",
)  # fmt: skip


class Plan:
    """What both actions have: type, status, template, owner."""

    def __init__(self, env: Env) -> None:
        self.env, self.action, self.tenant, self.context = env, env.action, env.tenant, env.context
        self.type = env.tenant.cockpit("SUCCESS_PLAN_TYPE", env.action["type"])
        self.status = env.tenant.cockpit("SUCCESS_PLAN_STATUS", env.action["status"], self.type["Name"])
        self.template = self.template_named(env.action.get("template"))
        self.owner = Owner(env, env.action.get("owner"))
        self.due = Due(env, env.action.get("due"))

    def template_named(self, name: Any) -> Record | None:
        if name is None:
            return None
        for record in self.tenant.records("cockpit_template"):
            kind, _ = self.tenant.templates.get(record["Gsid"], (None, []))
            mine = name in (record["Name"], record["Gsid"]) and kind in (None, self.type["Gsid"])
            if mine and record["IsActive"] is not False:
                return record
        raise RefusedError("GS-*", f"no template {name}")

    def objectives(self, plan: Record) -> None:
        """The objectives of a local template become CTAs of the plan."""
        if self.template is None or self.env.profile["plan.template_objectives"] != "create":
            return
        tenant, instant = self.tenant, utc_midnight(self.context)
        for given in self.tenant.templates.get(self.template["Gsid"], (None, []))[1]:
            spec = {"name": given} if isinstance(given, str) else given
            kind = tenant.cockpit("CTA_TYPE", spec.get("type", "Objective"))
            reason = tenant.cockpit("CTA_REASON", spec.get("reason", "Other"), kind["Name"])
            status = tenant.cockpit("CTA_STATUS", spec.get("status", "New"), kind["Name"])
            priority = tenant.cockpit("CTA_PRIORITY", spec.get("priority", "Medium"), kind["Name"])
            playbook = playbook_named(tenant, spec["playbook"], kind) if spec.get("playbook") else None
            due = self.due.date(int(spec["days"])) if "days" in spec else plan["DueDate"] or self.due.date()
            cta = tenant.insert("call_to_action", {
                "Name": spec["name"], "CompanyId": plan["CompanyId"], "RelationshipId": plan["RelationshipId"],
                "EntityType": "RELATIONSHIP" if plan["RelationshipId"] else "COMPANY", "TypeId": kind["Gsid"],
                "ReasonId": reason["Gsid"], "StatusId": status["Gsid"], "PriorityId": priority["Gsid"],
                "OwnerId": plan["OwnerId"], "PlaybookId": playbook and playbook["Gsid"], "DueDate": due,
                "OriginalDueDate": due, "IsClosed": status["OpenStatusType"] is False, "IsImportant": False,
                "ClosedDate": instant if status["OpenStatusType"] is False else None, "Source": "Success Plan",
                "CtaGroupId": plan["Gsid"],
            })  # fmt: skip
            if playbook:
                add_tasks(self.env, cta, playbook, self.due)


class CreatePlan(Plan):
    def __init__(self, env: Env) -> None:
        super().__init__(env)
        self.entity = Entity(env)
        self.name = Tokens(env, env.action["name"])
        self.identifiers = [i.lower() for i in env.action.get("identifiers", ["type", "status", "name"])]
        if not set(self.identifiers) <= {"type", "status", "name"}:
            raise RefusedError("GS-*", "the key has type, status and name")
        self.mapper = env.mapper("cta_group")
        self.mappings = self.mapper.bind(env.action.get("fields", {}), OWN_PARAMETERS)

    def run(self, rows: list[Staged]) -> None:
        ready: list[tuple[Staged, Record, str]] = []
        for staged in rows:
            entity = attempt(staged, self.entity.of, staged.source)
            name = attempt(staged, self.checked_name, staged)
            self.mapper.stage(staged, self.mappings)
            ready.append((staged, entity, name))
        for staged, entity, name in ready:
            if not staged.codes:
                staged.extra["owner"] = self.owner.of(staged)
                self.decide(staged, entity, name)

    def checked_name(self, staged: Staged) -> str:
        name = self.name.of(staged)
        if not name.strip():
            raise RowError("REQUIRED_MISSING")
        if len(name) > 250:
            raise RowError("STRING_TOO_LONG")
        return name

    def decide(self, staged: Staged, entity: Record, name: str) -> None:
        found = [p for p in self.tenant.records("cta_group") if self.same_key(p, entity, name)]
        if found:
            newest = max(found, key=lambda p: (p["CreatedDate"] is not None and p["CreatedDate"], self.place(p)))
            self.hit(staged, newest)
        else:
            self.create(staged, entity, name)

    def place(self, plan: Record) -> int:
        return self.tenant.place("cta_group", plan)

    def same_key(self, plan: Record, entity: Record, name: str) -> bool:
        ids = self.entity.ids(entity)
        if self.entity.kind == "company" and plan["CompanyId"] != ids["CompanyId"]:
            return False
        if plan["RelationshipId"] != ids["RelationshipId"]:
            return False
        wanted = {"type": ("SuccessPlanTypeId", self.type["Gsid"]), "status": ("StatusId", self.status["Gsid"]),
                  "name": ("Name", name)}  # fmt: skip
        return all(plan[wanted[i][0]] == wanted[i][1] for i in self.identifiers)

    def hit(self, staged: Staged, plan: Record) -> None:
        members = self.env.profile["plan.on_existing"]
        changes: Record = dict(staged.values) if "fields" in members else {}
        applies = "template" in members and self.template is not None and plan["TemplateId"] is None
        if applies and self.template:
            changes["TemplateId"] = self.template["Gsid"]
        if "due_date" in members:
            changes["DueDate"] = self.due.date()
        if "owner" in members and (owner := staged.extra["owner"]):
            changes["OwnerId"] = owner
        changed = touch(plan, changes, self.context)
        if applies:
            self.objectives(plan)
        if changed:
            staged.gsids.append(plan["Gsid"])
        staged.outcome = "updated" if changed else "unchanged"

    def create(self, staged: Staged, entity: Record, name: str) -> None:
        owner = staged.extra["owner"]
        if owner is None:
            if self.env.profile["plan.owner_missing"] == "error":
                staged.fail("ENTITY_NOT_FOUND")
                return
            staged.warnings.append("OWNER_UNRESOLVED")
        closed = self.status["OpenStatusType"] is False
        plan = self.tenant.insert("cta_group", staged.values | {
            "Name": name, **self.entity.ids(entity), "SuccessPlanTypeId": self.type["Gsid"],
            "StatusId": self.status["Gsid"], "OwnerId": owner, "DueDate": self.due.date(), "IsClosed": closed,
            "TemplateId": self.template and self.template["Gsid"],
            "ClosedDate": utc_midnight(self.context) if closed else None,
        })  # fmt: skip
        self.objectives(plan)
        staged.gsids.append(plan["Gsid"])
        staged.outcome = "created"


class UpdatePlan(Plan):
    def __init__(self, env: Env) -> None:
        super().__init__(env)
        self.plan = subject(env, env.action["plan"], "cta_group")

    def run(self, rows: list[Staged]) -> None:
        ready: list[tuple[Staged, Record]] = []
        for staged in rows:
            try:
                plan = self.tenant.by_gsid("cta_group", gsid_of(self.plan(staged)))
                if plan is None:
                    raise RowError("PLAN_NOT_FOUND")
                ready.append((staged, plan))
            except RowError as found:
                staged.codes.append(found.code)
        for staged, plan in ready:
            self.change(staged, plan)

    def change(self, staged: Staged, plan: Record) -> None:
        changes: Record = {"SuccessPlanTypeId": self.type["Gsid"], "StatusId": self.status["Gsid"]}
        changes |= status_class(plan, self.status, self.context, source=False)
        applies = self.template is not None and plan["TemplateId"] != self.template["Gsid"]
        if self.template is not None:
            changes["TemplateId"] = self.template["Gsid"]
        if self.owner.stated:
            owner = self.owner.of(staged)
            if owner is None:
                staged.warnings.append("OWNER_UNRESOLVED")
            else:
                changes["OwnerId"] = owner
        changed = touch(plan, changes, self.context)
        if applies:
            self.objectives(plan)
        if changed:
            staged.gsids.append(plan["Gsid"])
        staged.outcome = "updated" if changed else "unchanged"
