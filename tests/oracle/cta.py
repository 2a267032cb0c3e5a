"""`create_cta` and `close_cta`, row by row (actions.md §6)."""

from __future__ import annotations

import html
from datetime import timedelta
from typing import Any

from tests.oracle import days
from tests.oracle.binding import template
from tests.oracle.mapping import Mapper, RowError, Staged
from tests.oracle.scopes import ColumnScope
from tests.oracle.shows import plain
from tests.oracle.tenant import GSID, Record, Tenant, utc_midnight
from tests.oracle.values import Context, RefusedError, Row


def entity_of(staged: Staged, value: Any, tenant: Tenant) -> Record:
    """The company that a row is about (§1.11)."""
    if value is None or value == "":
        raise RowError("IDENTIFIER_NULL")
    if not GSID.fullmatch(value):
        raise RowError("VALUE_INVALID")
    found = tenant.by_gsid("company", value)
    if found is None:
        raise RowError("ENTITY_NOT_FOUND")
    return found


class CreateCta:
    def __init__(self, action: dict[str, Any], scope: ColumnScope, tenant: Tenant, context: Context) -> None:
        self.action, self.tenant, self.context = action, tenant, context
        kind = action["type"]
        self.company = plain(action["company"], scope)[2].compute
        self.name = template(action["name"], scope, context)
        comments = action.get("comments", {})
        comments = {"text": comments} if isinstance(comments, str) else comments
        self.repeat = comments.get("repeat", "always")
        self.comment = template(comments.get("text", ""), scope, context, html.escape)
        self.type = tenant.cockpit("CTA_TYPE", kind)
        self.reason = tenant.cockpit("CTA_REASON", action["reason"], kind)
        self.priority = tenant.cockpit("CTA_PRIORITY", action["priority"], kind)
        self.status = tenant.cockpit("CTA_STATUS", action["status"], kind)
        self.playbook = self.find_playbook(action.get("playbook"))
        owner = action.get("owner", {})
        owner = {"column": owner} if isinstance(owner, str) else owner
        self.owner_column = plain(owner["column"], scope)[2].compute if "column" in owner else lambda row: None
        self.owner_default = owner.get("default")
        due = action.get("due", {})
        self.days, self.skip = int(due.get("days", 5)), due.get("skip", "weekends")
        self.identifiers = action.get("identifiers", ["type", "reason", "name"])
        frame = action.get("time_frame", {"days": 7})
        self.frame = None if frame is False else int(frame["days"])
        self.mapper = Mapper(tenant, tenant.object("call_to_action"), scope, context)
        self.mappings = self.mapper.bind(action.get("fields", {}))

    def find_playbook(self, name: str | None) -> Record | None:
        if name is None:
            return None
        for record in self.tenant.records("playbook"):
            if record["Name"] == name:
                return record
        raise RefusedError("GS-*", f"no playbook {name}")

    def run(self, rows: list[Staged]) -> None:
        named: list[tuple[Staged, Record, str]] = []
        for staged in rows:
            try:
                company = entity_of(staged, self.company(staged.source), self.tenant)
                named.append((staged, company, self.checked_name(staged)))
            except RowError as found:
                staged.codes.append(found.code)
            self.mapper.stage(staged, self.mappings)
        for staged, company, name in named:
            if not staged.codes:
                self.decide(staged, company, name)

    def checked_name(self, staged: Staged) -> str:
        name = str(self.name(staged.source))
        if not name.strip():
            raise RowError("REQUIRED_MISSING")
        if len(name) > int(self.context.profile["cta.name_max"]):
            staged.warnings.append("CTA_NAME_OVER_MAX")
            if self.context.profile["cta.name_overflow"] == "cut":
                name = name[: int(self.context.profile["cta.name_max"])]
        if len(name) > 250:
            raise RowError("STRING_TOO_LONG")
        return name

    # -- the decision of §6.3 -------------------------------------------------------------------------------------
    def decide(self, staged: Staged, company: Record, name: str) -> None:
        alike = [c for c in self.tenant.records("call_to_action") if self.same_key(c, company, name)]
        opened = [c for c in alike if not c["IsClosed"]]
        if self.action.get("check_open", True) and opened:
            if len(opened) > 1:
                staged.warnings.append("CTA_OPEN_TWINS")
            self.touch(staged, self.newest(opened))
        elif self.frame is not None and any(self.recent(c) for c in alike):
            staged.codes.append("CTA_RECENT")
            staged.outcome = "skipped"
        else:
            self.create(staged, company, name)

    def same_key(self, cta: Record, company: Record, name: str) -> bool:
        wanted = {"type": ("TypeId", self.type["Gsid"]), "reason": ("ReasonId", self.reason["Gsid"]),
                  "priority": ("PriorityId", self.priority["Gsid"]), "name": ("Name", name)}  # fmt: skip
        mine = cta["EntityType"] == "COMPANY" and cta["CompanyId"] == company["Gsid"]
        return mine and all(cta[wanted[i][0]] == wanted[i][1] for i in self.identifiers)

    def newest(self, ctas: list[Record]) -> Record:
        records = self.tenant.records("call_to_action")
        return max(ctas, key=lambda c: (c["CreatedDate"], next(i for i, r in enumerate(records) if r is c)))

    def recent(self, cta: Record) -> bool:
        basis = "ClosedDate" if self.context.profile["cta.time_frame_basis"] == "closed" else "CreatedDate"
        instant = cta[basis]
        if instant is None or self.frame is None:
            return False
        return self.context.local_date(instant) >= self.context.rule_date - timedelta(days=self.frame)

    def touch(self, staged: Staged, cta: Record) -> None:
        """Applies `cta.on_existing` to an open CTA."""
        members = self.context.profile["cta.on_existing"]
        changes: Record = dict(staged.values) if "fields" in members else {}
        text = self.comment(staged.source)
        if "comments" in members and text and self.appends(cta, text):
            changes["Comments"] = f"{cta['Comments']}<br/>{text}" if cta["Comments"] else text
        if "playbook" in members and self.playbook and cta["PlaybookId"] is None:
            changes["PlaybookId"] = self.playbook["Gsid"]
        if "priority" in members:
            changes["PriorityId"] = self.priority["Gsid"]
        if "status" in members:
            changes["StatusId"] = self.status["Gsid"]
        if "due_date" in members:
            changes["DueDate"] = self.due(self.days)
        if "owner" in members and (owner := self.owner(staged)):
            changes["OwnerId"] = owner
        differing = {k: v for k, v in changes.items() if cta[k] != v}
        if differing:
            cta.update(differing, ModifiedDate=utc_midnight(self.context))
        if "Comments" in differing:
            cta["_written"] = True
        staged.outcome = "updated" if differing else "unchanged"

    def appends(self, cta: Record, text: str) -> bool:
        if self.repeat == "once":
            return not cta.get("_written") and text not in (cta["Comments"] or "")
        return bool(self.repeat == "always")

    def owner(self, staged: Staged) -> str | None:
        """§6.5; an unknown GSID counts as null."""
        for value in (self.owner_column(staged.source), self.owner_default):
            if value is None:
                continue
            field = "Email" if "@" in value else "Gsid"
            for user in self.tenant.records("gsuser"):
                if user[field] and user[field].lower() == value.lower():
                    if user["IsActiveUser"] is False:
                        staged.warnings.append("USER_INACTIVE")
                    return str(user["Gsid"])
            staged.warnings.append("REFERENCE_NOT_FOUND")
        return None

    def due(self, count: int) -> Any:
        return days.due_date(self.context.rule_date, count, self.skip, self.context.profile["cta.weekend_mode"])

    def create(self, staged: Staged, company: Record, name: str) -> None:
        owner = self.owner(staged)
        if owner is None and self.context.profile["cta.owner_missing"] == "error":
            staged.codes.append("CTA_OWNER_UNRESOLVED")
            return
        limit = self.context.profile["cta.max_count"]
        if limit is not None and len(self.tenant.records("call_to_action")) >= int(limit):
            staged.codes.append("CTA_LIMIT_REACHED")
            return
        instant, closed = utc_midnight(self.context), self.status["OpenStatusType"] is False
        silent = self.repeat == "never" and self.context.profile["cta.never_includes_create"]
        due = self.due(self.days)
        cta = self.tenant.create("call_to_action", staged.values | {
            "Name": name, "CompanyId": company["Gsid"], "EntityType": "COMPANY", "TypeId": self.type["Gsid"],
            "StatusId": self.status["Gsid"], "ReasonId": self.reason["Gsid"], "PriorityId": self.priority["Gsid"],
            "OwnerId": owner, "PlaybookId": self.playbook and self.playbook["Gsid"],
            "Comments": None if silent else self.comment(staged.source) or None, "DueDate": due,
            "OriginalDueDate": due, "IsClosed": closed, "ClosedDate": instant if closed else None,
            "IsImportant": False, "Source": "Rules", "CreatedDate": instant, "ModifiedDate": instant,
            "_written": True,
        })  # fmt: skip
        if self.playbook and self.context.profile["cta.playbook_tasks"] == "create":
            self.add_tasks(cta, owner)
        staged.outcome = "created"

    def add_tasks(self, cta: Record, owner: str | None) -> None:
        assert self.playbook is not None
        for task in self.tenant.playbook_tasks[self.playbook["Name"]]:
            due = self.due(int(task["days"]))
            self.tenant.create("cs_task", {"Name": task["name"], "CtaId": cta["Gsid"], "OwnerId": owner,
                                           "DueDate": due, "IsClosed": False})  # fmt: skip
            if self.context.profile["cta.playbook_due_date"] == "extend":
                cta["DueDate"] = max(cta["DueDate"], due)


class CloseCta:
    def __init__(self, action: dict[str, Any], scope: ColumnScope, tenant: Tenant, context: Context) -> None:
        self.action, self.tenant, self.context = action, tenant, context
        self.by_id = "cta" in action
        self.subject = plain(action["cta"] if self.by_id else action["company"], scope)[2].compute
        comments = action.get("comments", {})
        comments = {"text": comments} if isinstance(comments, str) else comments
        self.repeat = comments.get("repeat", "always")
        self.comment = template(comments.get("text", ""), scope, context, html.escape)
        if not self.by_id:
            self.type = tenant.cockpit("CTA_TYPE", action["type"])["Gsid"]
            self.reason = tenant.cockpit("CTA_REASON", action["reason"], action["type"])["Gsid"]
            self.status = tenant.cockpit("CTA_STATUS", action["status"], action["type"])
            self.sources = [s.lower() for s in action["sources"]]
            if self.status["OpenStatusType"] is not False:
                raise RefusedError("GS-*", "the status is not a closed one")

    def run(self, rows: list[Staged]) -> None:
        for staged in rows:
            try:
                (self.close_one if self.by_id else self.close_all)(staged, self.subject(staged.source))
            except RowError as found:
                staged.codes.append(found.code)

    def close_all(self, staged: Staged, value: Any) -> None:
        company = entity_of(staged, value, self.tenant)
        hits = [c for c in self.tenant.records("call_to_action") if self.meant(c, company)]
        if not hits:
            staged.codes.append("NO_OPEN_CTA")
            staged.outcome = "skipped"
            return
        for cta in hits:
            self.close(cta, self.status, staged.source)
        staged.outcome = "closed"

    def meant(self, cta: Record, company: Record) -> bool:
        """An open CTA of the company with the type, the reason and a listed source."""
        mine = cta["EntityType"] == "COMPANY" and cta["CompanyId"] == company["Gsid"] and not cta["IsClosed"]
        source = (cta["Source"] or "").lower()
        return mine and cta["TypeId"] == self.type and cta["ReasonId"] == self.reason and source in self.sources

    def close_one(self, staged: Staged, value: Any) -> None:
        if value is None or value == "":
            raise RowError("IDENTIFIER_NULL")
        cta = self.tenant.by_gsid("call_to_action", value)
        if cta is None:
            raise RowError("CTA_NOT_FOUND")
        if cta["IsClosed"]:
            staged.outcome = "unchanged"
            return
        status = self.tenant.cockpit("CTA_STATUS", self.context.profile["cta.close_default_status"])
        self.close(cta, status, staged.source)
        staged.outcome = "closed"

    def close(self, cta: Record, status: Record, source: Row) -> None:
        text = self.comment(source)
        if text and self.repeat != "never":
            cta["Comments"] = f"{cta['Comments']}<br/>{text}" if cta["Comments"] else text
        instant = utc_midnight(self.context)
        cta.update(
            StatusId=status["Gsid"], IsClosed=True, ClosedDate=instant, CloseSource="Rules", ModifiedDate=instant
        )
