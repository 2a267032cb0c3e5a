"""`create_cta`, row by row (actions.md §6.1–§6.5)."""

from __future__ import annotations

import html
from datetime import date, timedelta
from typing import Any

from tests.oracle import days
from tests.oracle.entities import Entity, Env, Owner, Tokens, touch
from tests.oracle.mapping import RowError, Staged, attempt
from tests.oracle.tenant import Record, Tenant, utc_midnight
from tests.oracle.values import RefusedError

OWN_PARAMETERS = (
    "Name", "TypeId", "PriorityId", "StatusId", "ReasonId", "OwnerId", "CompanyId", "Comments", "PlaybookId",
)  # fmt: skip
IDENTIFIERS = {"type": "TypeId", "reason": "ReasonId", "priority": "PriorityId", "status": "StatusId"}


class Due:
    """§6.4: days from the rule date, some days of the week skipped."""

    def __init__(self, env: Env, given: Any) -> None:
        self.context = env.context
        given = given or {}
        self.days, self.skip = int(given.get("days", 5)), given.get("skip", "weekends")
        if self.days < 0:
            raise RefusedError("GS-*", "a negative number of days")

    def date(self, count: int | None = None) -> date:
        count = self.days if count is None else count
        return days.due_date(self.context.rule_date, count, self.skip, self.context.profile["cta.weekend_mode"])


def comments_of(env: Env) -> dict[str, Any]:
    given = env.action.get("comments") or {}
    return {"text": given} if isinstance(given, str) else given


def playbook_named(tenant: Tenant, name: Any, cta_type: Record) -> Record | None:
    """An active playbook of the type, by name or GSID."""
    for record in tenant.records("playbook"):
        if name in (record["Name"], record["Gsid"]) and record["CtaTypeId"] in (None, cta_type["Gsid"]):
            return record if record["IsActive"] is not False else None
    return None


def add_tasks(env: Env, cta: Record, playbook: Record, due: Due) -> None:
    """The tasks of a playbook, and the due date that follows them (§6.3)."""
    if env.profile["cta.playbook_tasks"] != "create":
        return
    for task in env.tenant.playbook_tasks.get(playbook["Name"], []):
        day = due.date(int(task.get("days", 0)))
        priority = env.tenant.find_cockpit("CTA_PRIORITY", task["priority"]) if task.get("priority") else None
        opened = env.tenant.find_cockpit("CTA_STATUS", "New")
        env.tenant.insert("cs_task", {
            "Name": task["name"], "CtaId": cta["Gsid"], "OwnerId": cta["OwnerId"], "DueDate": day, "IsClosed": False,
            "PriorityId": priority["Gsid"] if priority else cta["PriorityId"], "StatusId": opened and opened["Gsid"],
        })  # fmt: skip
        if env.profile["cta.playbook_due_date"] == "extend" and (cta["DueDate"] is None or cta["DueDate"] < day):
            cta["DueDate"] = day


class CreateCta:
    def __init__(self, env: Env) -> None:
        self.env, self.action, self.tenant, self.context = env, env.action, env.tenant, env.context
        action, kind = env.action, env.action["type"]
        self.entity = Entity(env)
        self.name = Tokens(env, action["name"])
        comments = comments_of(env)
        self.repeat = comments.get("repeat", "always")
        self.comment = Tokens(env, comments.get("text", ""), html.escape)
        self.type = env.tenant.cockpit("CTA_TYPE", kind)
        self.reason = env.tenant.cockpit("CTA_REASON", action["reason"], self.type["Name"])
        self.priority = env.tenant.cockpit("CTA_PRIORITY", action["priority"], self.type["Name"])
        self.status = env.tenant.cockpit("CTA_STATUS", action["status"], self.type["Name"])
        self.playbook = playbook_named(env.tenant, action["playbook"], self.type) if action.get("playbook") else None
        if action.get("playbook") and self.playbook is None:
            raise RefusedError("GS-*", f"no playbook {action['playbook']}")
        self.owner = Owner(env, action.get("owner"))
        self.due = Due(env, action.get("due"))
        self.identifiers = [i.lower() for i in action.get("identifiers", ["type", "reason", "name"])]
        frame = action.get("time_frame", {"days": 7})
        self.frame = None if frame is False else int((frame or {}).get("days", 7))
        self.mapper = env.mapper("call_to_action")
        self.mappings = self.mapper.bind(action.get("fields", {}), OWN_PARAMETERS)
        linked = (action.get("linked") or {}).items()
        self.linked = {env.tenant.object(name).name: env.column(column) for name, column in linked}
        self.mark = f"written by {env.rule['rule']}/{env.action.get('id')}"

    def run(self, rows: list[Staged]) -> None:
        ready: list[tuple[Staged, Record, str, str]] = []
        for staged in rows:
            entity = attempt(staged, self.entity.of, staged.source)
            name = attempt(staged, self.checked_name, staged)
            text = attempt(staged, self.comment.of, staged)
            self.mapper.stage(staged, self.mappings)
            ready.append((staged, entity, name, text))
        for staged, entity, name, text in ready:
            if not staged.codes:
                staged.extra["owner"] = self.owner.of(staged)
                self.decide(staged, entity, name, text)

    def checked_name(self, staged: Staged) -> str:
        name, most = self.name.of(staged), int(self.context.profile["cta.name_max"])
        if not name.strip():
            raise RowError("REQUIRED_MISSING")
        if len(name) > most:
            rule = self.context.profile["cta.name_overflow"]
            if rule == "error":
                raise RowError("STRING_TOO_LONG")
            staged.warnings.append("CTA_NAME_OVER_MAX")
            name = name[:most] if rule == "cut" else name
        if len(name) > 250:
            raise RowError("STRING_TOO_LONG")
        return name

    # -- the decision of §6.3 -------------------------------------------------------------------------------------
    def decide(self, staged: Staged, entity: Record, name: str, text: str) -> None:
        alike = [c for c in self.tenant.records("call_to_action") if self.same_key(c, entity, name)]
        opened = [c for c in alike if not c["IsClosed"]]
        if self.action.get("check_open", True) and opened:
            if len(opened) > 1:
                staged.warnings.append("CTA_OPEN_TWINS")
            self.hit(staged, self.newest(opened), text)
        elif self.frame is not None and any(self.recent(c) for c in alike):
            staged.fail("CTA_RECENT", "skipped")
        else:
            self.create(staged, entity, name, text)

    def same_key(self, cta: Record, entity: Record, name: str) -> bool:
        values = {"type": self.type, "reason": self.reason, "priority": self.priority, "status": self.status}
        if any(i != "name" and cta[IDENTIFIERS[i]] != values[i]["Gsid"] for i in self.identifiers):
            return False
        if "name" in self.identifiers and cta["Name"] != name:
            return False
        return of_entity(self.env, self.entity, cta, entity)

    def newest(self, ctas: list[Record]) -> Record:
        return max(ctas, key=lambda c: (c["CreatedDate"], self.tenant.place("call_to_action", c)))

    def recent(self, cta: Record) -> bool:
        basis = "ClosedDate" if self.context.profile["cta.time_frame_basis"] == "closed" else "CreatedDate"
        instant = cta[basis]
        if instant is None or self.frame is None:
            return False
        return self.context.local_date(instant) >= self.context.rule_date - timedelta(days=self.frame)

    def hit(self, staged: Staged, cta: Record, text: str) -> None:
        """Applies `cta.on_existing` to an open CTA."""
        members = self.context.profile["cta.on_existing"]
        changes: Record = dict(staged.values) if "fields" in members else {}
        if "fields" in members:
            self.mapper.warn_of_nulls(staged, cta, self.mappings)
        if "comments" in members and text and self.appends(cta, text):
            changes["Comments"] = f"{cta['Comments']}<br/>{text}" if cta["Comments"] else text
        applies = "playbook" in members and self.playbook is not None and cta["PlaybookId"] is None
        if applies and self.playbook:
            changes["PlaybookId"] = self.playbook["Gsid"]
        if "priority" in members:
            changes["PriorityId"] = self.priority["Gsid"]
        if "status" in members:
            changes["StatusId"] = self.status["Gsid"]
            if self.status["OpenStatusType"] is False:
                closed = {"IsClosed": True, "ClosedDate": utc_midnight(self.context), "CloseSource": "Rules"}
                changes |= closed
        if "due_date" in members:
            changes["DueDate"] = self.due.date()
        if "owner" in members and (owner := staged.extra["owner"]):
            changes["OwnerId"] = owner
        if "Comments" in changes and changes["Comments"] != cta["Comments"]:
            cta[self.mark] = True
        changed = touch(cta, changes, self.context)
        if applies and self.playbook:
            add_tasks(self.env, cta, self.playbook, self.due)
        if changed:
            staged.gsids.append(cta["Gsid"])
        added = "linked" in members and self.link(staged, cta)
        staged.outcome = "updated" if changed or added else "unchanged"

    def link(self, staged: Staged, cta: Record) -> bool:
        """Links the records that the row names and the CTA has not yet."""
        links = self.tenant.records("cta_linked_object")
        known = {(r["ObjectName"], r["RecordId"]) for r in links if r["CtaId"] == cta["Gsid"]}
        count = len(links)
        for name, column in self.linked.items():
            value = column(staged.source)
            if value is not None and value != "" and (name, value) not in known:
                link = {"CtaId": cta["Gsid"], "ObjectName": name, "RecordId": value}
                self.tenant.insert("cta_linked_object", link)
        return len(links) > count

    def appends(self, cta: Record, text: str) -> bool:
        if self.repeat == "once":
            return not cta.get(self.mark) and text not in (cta["Comments"] or "")
        return bool(self.repeat == "always")

    def create(self, staged: Staged, entity: Record, name: str, text: str) -> None:
        owner = staged.extra["owner"]
        if owner is None and self.context.profile["cta.owner_missing"] == "error":
            staged.fail("CTA_OWNER_UNRESOLVED")
            return
        if owner is None:
            staged.warnings.append("OWNER_UNRESOLVED")
        limit = self.context.profile["cta.max_count"]
        if limit is not None and len(self.tenant.records("call_to_action")) >= int(limit):
            staged.fail("CTA_LIMIT_REACHED")
            return
        instant, closed = utc_midnight(self.context), self.status["OpenStatusType"] is False
        silent = self.repeat == "never" and self.context.profile["cta.never_includes_create"]
        due = self.due.date()
        cta = self.tenant.insert("call_to_action", {"IsImportant": False} | staged.values | {
            "Name": name, **self.entity.ids(entity), "EntityType": self.entity.upper, "TypeId": self.type["Gsid"],
            "StatusId": self.status["Gsid"], "ReasonId": self.reason["Gsid"], "PriorityId": self.priority["Gsid"],
            "OwnerId": owner, "PlaybookId": self.playbook and self.playbook["Gsid"],
            "Comments": None if silent else text or None, "DueDate": due, "OriginalDueDate": due, "IsClosed": closed,
            "ClosedDate": instant if closed else None, "Source": "Rules", self.mark: True,
        })  # fmt: skip
        if self.playbook:
            add_tasks(self.env, cta, self.playbook, self.due)
        self.link(staged, cta)
        staged.gsids.append(cta["Gsid"])
        staged.outcome = "created"


def of_entity(env: Env, entity: Entity, cta: Record, found: Record) -> bool:
    """The scope of §6.3: CTAs of the company alone, or with those of its relationships."""
    if entity.kind == "relationship":
        return bool(cta["EntityType"] == "RELATIONSHIP" and cta["RelationshipId"] == found["Gsid"])
    whole = env.profile["cta.company_scope"] == "all"
    return bool(cta["CompanyId"] == found["Gsid"] and (whole or cta["EntityType"] == "COMPANY"))
