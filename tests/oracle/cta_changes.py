"""`update_cta` and `close_cta`, row by row (actions.md §6.6, §6.7)."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

from tests.oracle.binding import Compute
from tests.oracle.cta import Due, add_tasks, comments_of, of_entity, playbook_named
from tests.oracle.entities import Entity, Env, Owner, Tokens, status_class, touch
from tests.oracle.mapping import RowError, Staged, attempt, gsid_of
from tests.oracle.tenant import Field, Record, utc_midnight
from tests.oracle.values import Context, RefusedError, Row

ITEMS = {"status": ("CTA_STATUS", "StatusId"), "reason": ("CTA_REASON", "ReasonId"),
         "priority": ("CTA_PRIORITY", "PriorityId")}  # fmt: skip
SOURCES = {"manual", "rules", "program", "api", "success plan", "import"}
NOT_FIELDS = ("Gsid", "TypeId", "StatusId", "ReasonId", "PriorityId", "PlaybookId", "Comments")


def subject(env: Env, given: Any, target: str) -> Callable[[Staged], Any]:
    """The id of a record that a row acts on: a column, or a lookup."""
    mapper = env.mapper(target)
    mapping = mapper.mapping(Field("Gsid", "gsid", "GSID"), given)

    def compute(staged: Staged) -> Any:
        if "lookup" in mapping.spec or "default" in mapping.spec:
            return mapper.value(staged, mapping)
        return mapping.bound.compute(staged.source)

    return compute


def column_or_label(env: Env, given: Any) -> tuple[Compute | None, str]:
    """A parameter takes a label or a column."""
    if isinstance(given, dict):
        return (env.column(given["column"]), "") if "column" in given else (None, str(given["value"]))
    return None, str(given)


class UpdateCta:
    def __init__(self, env: Env) -> None:
        self.env, self.action, self.tenant, self.context = env, env.action, env.tenant, env.context
        self.cta = subject(env, env.action["cta"], "call_to_action")
        needy = [k for k in (*ITEMS, "playbook") if env.action.get(k) is not None]
        if needy and env.action.get("type") is None:
            raise RefusedError("GS-*", f"{needy} without type")
        self.given = {k: column_or_label(env, env.action[k]) for k in ("type", *needy) if env.action.get(k) is not None}
        self.check_labels()
        self.owner = Owner(env, env.action.get("owner"))
        comments = comments_of(env)
        self.mode = comments.get("mode", "append")
        self.comment = Tokens(env, comments["text"], html.escape) if comments else None
        self.due_given = env.action.get("due") is not None
        self.due = Due(env, env.action.get("due"))
        self.mapper = env.mapper("call_to_action")
        self.mappings = self.mapper.bind(env.action.get("fields", {}), NOT_FIELDS)

    def check_labels(self) -> None:
        """Labels are checked when the rule is: the type, and what it allows."""
        column, label = self.given.get("type", (None, ""))
        if column or not label:
            return
        kind = self.tenant.cockpit("CTA_TYPE", label)
        for name, (category, _) in ITEMS.items():
            if name in self.given and self.given[name][0] is None:
                self.tenant.cockpit(category, self.given[name][1], kind["Name"])
        column, label = self.given.get("playbook", (None, ""))
        if label and not playbook_named(self.tenant, label, kind):
            raise RefusedError("GS-*", f"no playbook {label}")

    def run(self, rows: list[Staged]) -> None:
        ready: list[tuple[Staged, Record]] = []
        for staged in rows:
            cta = attempt(staged, self.meant, staged)
            self.items(staged)
            if self.comment:
                staged.extra["text"] = attempt(staged, self.comment.of, staged)
            self.mapper.stage(staged, self.mappings)
            ready.append((staged, cta))
        for staged, cta in ready:
            if not staged.codes:
                self.change(staged, cta)

    def meant(self, staged: Staged) -> Record:
        cta = self.tenant.by_gsid("call_to_action", gsid_of(self.cta(staged)))
        if cta is None:
            raise RowError("CTA_NOT_FOUND")
        return cta

    def items(self, staged: Staged) -> None:
        """What type, status, reason, priority and playbook the row asks for."""
        if "type" not in self.given:
            return
        kind = staged.extra["type"] = attempt(staged, self.item, staged, "type", "CTA_TYPE", None)
        if kind is None:
            return
        for name, (category, _) in ITEMS.items():
            if name in self.given:
                staged.extra[name] = attempt(staged, self.item, staged, name, category, kind)
        if "playbook" in self.given:
            staged.extra["playbook"] = attempt(staged, self.playbook, staged, kind)

    def playbook(self, staged: Staged, kind: Record) -> Record | None:
        column, label = self.given["playbook"]
        value = column(staged.source) if column else label
        if value is None:
            return None
        found = playbook_named(self.tenant, value, kind)
        if found is None:
            raise RowError("PICKLIST_UNKNOWN")
        return found

    def item(self, staged: Staged, name: str, category: str, kind: Record | None) -> Record | None:
        column, label = self.given[name]
        value = column(staged.source) if column else label
        if value is None or value == "":
            raise RowError("REQUIRED_MISSING")
        found = self.tenant.find_cockpit(category, value, None if kind is None else str(kind["Name"]))
        if found is None:
            raise RowError("PICKLIST_UNKNOWN")
        if found["IsActive"] is False:
            raise RowError("PICKLIST_INACTIVE")
        if value not in (found["Name"], found["Gsid"]):
            staged.warnings.append("LABEL_CASE_DIFFERS")
        return found

    def change(self, staged: Staged, cta: Record) -> None:
        changes: Record = dict(staged.values)
        self.mapper.warn_of_nulls(staged, cta, self.mappings)
        if staged.extra.get("type"):
            changes["TypeId"] = staged.extra["type"]["Gsid"]
        for name, (_, field) in ITEMS.items():
            if staged.extra.get(name):
                changes[field] = staged.extra[name]["Gsid"]
        if staged.extra.get("status"):
            changes |= status_class(cta, staged.extra["status"], self.context, source=True)
        playbook = staged.extra.get("playbook")
        applies = playbook is not None and cta["PlaybookId"] != playbook["Gsid"]
        if playbook is not None:
            changes["PlaybookId"] = playbook["Gsid"]
        if self.due_given:
            changes["DueDate"] = self.due.date()
        text = staged.extra.get("text")
        if text and self.mode == "append":
            text = f"{cta['Comments']}<br/>{text}" if cta["Comments"] else text
        if text:
            changes["Comments"] = text
        reassigned = self.own(staged, changes)
        changed = touch(cta, changes, self.context)
        changed = self.reassign(cta, reassigned) or changed
        if applies and playbook is not None:
            add_tasks(self.env, cta, playbook, self.due)
        if changed:
            staged.gsids.append(cta["Gsid"])
        staged.outcome = "updated" if changed else "unchanged"

    def own(self, staged: Staged, changes: Record) -> str | None:
        if not self.owner.stated:
            return None
        owner = self.owner.of(staged)
        if owner is None:
            staged.warnings.append("OWNER_UNRESOLVED")
            return None
        changes["OwnerId"] = owner
        return owner

    def reassign(self, cta: Record, owner: str | None) -> bool:
        """Open tasks of the CTA follow its owner."""
        if owner is None or not self.action.get("reassign_tasks"):
            return False
        tasks = [t for t in self.tenant.records("cs_task") if t["CtaId"] == cta["Gsid"] and not t["IsClosed"]]
        written = [touch(task, {"OwnerId": owner}, self.context) for task in tasks]
        return any(written)


class CloseCta:
    def __init__(self, env: Env) -> None:
        action = env.action
        self.env, self.action, self.tenant, self.context = env, action, env.tenant, env.context
        self.by_id = "cta" in action
        if self.by_id and any(action.get(k) for k in ("type", "reason", "sources", "status")):
            raise RefusedError("GS-*", "by id type, source, reason and status are not editable")
        comments = comments_of(env)
        self.repeat = comments.get("repeat", "always")
        self.comment = Tokens(env, comments.get("text", ""), html.escape)
        if self.by_id:
            self.cta = subject(env, action["cta"], "call_to_action")
            return
        self.entity = Entity(env)
        self.type = env.tenant.cockpit("CTA_TYPE", action["type"])
        self.reason = env.tenant.cockpit("CTA_REASON", action["reason"], self.type["Name"])
        self.status = env.tenant.cockpit("CTA_STATUS", action["status"], self.type["Name"])
        sources = action["sources"]
        self.sources = [s.lower() for s in ([sources] if isinstance(sources, str) else sources)]
        if not set(self.sources) <= SOURCES:
            raise RefusedError("GS-*", "a source that is not known")
        if self.status["OpenStatusType"] is not False:
            raise RefusedError("GS-*", "the status is not a closed one")

    def run(self, rows: list[Staged]) -> None:
        for staged in rows:
            try:
                text = self.comment.of(staged)
                (self.close_one if self.by_id else self.close_all)(staged, text)
            except RowError as found:
                staged.codes.append(found.code)

    def close_all(self, staged: Staged, text: str) -> None:
        entity = self.entity.of(staged.source)
        hits = [c for c in self.tenant.records("call_to_action") if self.meant(c, entity)]
        if not hits:
            staged.fail("NO_OPEN_CTA", "skipped")
            return
        for cta in hits:
            self.close(staged, cta, self.status, text)
        staged.outcome = "closed"

    def meant(self, cta: Record, entity: Record) -> bool:
        """An open CTA of the entity with the type, the reason and a listed source."""
        mine = of_entity(self.env, self.entity, cta, entity) and not cta["IsClosed"]
        alike = cta["TypeId"] == self.type["Gsid"] and cta["ReasonId"] == self.reason["Gsid"]
        return mine and alike and (cta["Source"] or "").lower() in self.sources

    def close_one(self, staged: Staged, text: str) -> None:
        cta = self.tenant.by_gsid("call_to_action", gsid_of(self.cta(staged)))
        if cta is None:
            raise RowError("CTA_NOT_FOUND")
        if cta["IsClosed"]:
            staged.outcome = "unchanged"
            return
        self.close(staged, cta, self.default_status(cta), text)
        staged.outcome = "closed"

    def default_status(self, cta: Record) -> Record:
        """The profile's status if the type has it, else the type's first closed one."""
        kind = self.tenant.by_gsid("cockpit_picklist", cta["TypeId"])
        statuses = [
            r for r in self.tenant.records("cockpit_picklist")
            if r["Category"] == "CTA_STATUS" and r["CtaType"] in (None, kind and kind["Name"])
            and r["OpenStatusType"] is False
        ]  # fmt: skip
        wanted = self.context.profile["cta.close_default_status"]
        return next((r for r in statuses if r["Name"] == wanted), min(statuses, key=lambda r: r["DisplayOrder"]))

    def close(self, staged: Staged, cta: Record, status: Record, text: str) -> None:
        changes: Record = {"StatusId": status["Gsid"], **closing(self.context), "CloseSource": "Rules"}
        if text and (self.by_id or self.repeat != "never"):
            changes["Comments"] = f"{cta['Comments']}<br/>{text}" if cta["Comments"] else text
        touch(cta, changes, self.context)
        staged.gsids.append(cta["Gsid"])
        if self.context.profile["cta.close_tasks"]:
            for task in self.tenant.records("cs_task"):
                if task["CtaId"] == cta["Gsid"] and not task["IsClosed"]:
                    touch(task, {"StatusId": status["Gsid"], **closing(self.context)}, self.context)


def closing(context: Context) -> Row:
    return {"IsClosed": True, "ClosedDate": utc_midnight(context)}
