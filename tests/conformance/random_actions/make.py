"""A random rule: one to three actions of any kind over the rows of a file, with random profile keys."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

Page = dict[str, Any]
TEXTS = ["Key", "Text", "Tier", "Mail", "Flag", "Label"]
COLUMNS = ["Key", "Text", "Amount", "Day", "Tier", "Mail", "Flag", "Label", "At"]
VALUES = {
    "Key": ["A", "B", "C", "D", "a", ""],
    "Text": ["Drop", "drop", "A name that is too long", "<b>", "", "Old"],
    "Amount": ["1", "-2", "50", "74.5", "101", "", "7"],
    "Day": ["2026-11-01", "2026-12-01", ""],
    "Tier": ["Gold", "gold", "Silver", "Bronze", ""],
    "Mail": ["cem@example.com", "CEM@example.com", "new@example.com", "ada@example.com", "mia@example.com", "bad", ""],
    "Flag": ["true", "TRUE", "false", "no", ""],
    "Label": ["Red", "Green", "A", "b", "80", "120", "High", "Usage Drop", "New", "Closed Success", ""],
    "At": ["2026-11-03 10:00:00", "2026-11-22 23:30:00", ""],
}
KEYS: Page = {
    "load.on_null": ["write", "skip"], "load.overlength": ["error", "truncate"],
    "load.multiselect": ["replace", "append"],
    "load.lookup_case": ["insensitive", "sensitive"], "load.identifier_case": ["sensitive", "insensitive"],
    "load.match_null": ["error", "null_equals_null"], "load.duplicate_keys": ["last", "first", "error"],
    "load.multi_match": ["all", "first", "error"], "load.update_no_match": ["error", "skip"],
    "load.dangling_reference": ["warn", "error", "allow"], "load.coerce": ["strict", "lenient"],
    "people.conflict": ["error", "first_key"], "people.company_missing": ["person_only", "error"],
    "people.survey_person": ["error", "null"], "cta.time_frame_basis": ["closed", "created"],
    "cta.on_existing": [["comments"], ["priority", "status", "owner", "due_date"], ["fields", "playbook"]],
    "cta.never_includes_create": [True, False], "cta.weekend_mode": ["count", "shift"],
    "cta.owner_missing": ["error", "none"], "cta.null_token": ["empty", "error"], "cta.name_max": [4, 80],
    "cta.name_overflow": ["warn", "cut", "error"], "cta.company_scope": ["own_entity", "all"],
    "cta.close_default_status": ["Closed Success", "Closed Invalid", "Gone"], "cta.close_tasks": [True, False],
    "cta.playbook_tasks": ["create", "ignore"], "cta.playbook_due_date": ["extend", "keep"], "cta.max_count": [6],
    "score.out_of_range": ["error", "clamp"], "score.null_as_na": [True, False], "score.rollup": ["on", "off"],
    "plan.on_existing": [["template"], ["owner", "due_date"]], "plan.owner_missing": ["none", "error"],
    "plan.template_objectives": ["create", "ignore"],
    "object.picklist_case": ["insensitive", "sensitive"],
    "run.action_visibility": ["sequential", "snapshot"],
    "run.criteria_case": ["as_filters", "sensitive", "insensitive"],
    "run.zero_rows": ["success", "partial_success"],
    "people.match_criteria": [["Email"], ["Email", "ExternalRecordID"]],
}  # fmt: skip
CRITERIA = ["Amount > 0", "Tier ~ 'gold'", "Key != 'A'", "Text is not null", "Amount <= 50 or Text = 'Drop'"]
KINDS = (
    "load_to_object", "load_to_object", "load_to_company", "load_to_relationship", "load_to_user", "load_to_people",
    "load_to_company_team", "load_to_lead", "load_to_cases", "load_to_survey", "load_to_activity", "create_cta",
    "create_cta", "create_cta", "update_cta", "close_cta", "close_cta", "set_score", "set_score", "load_to_history",
    "create_success_plan", "create_success_plan", "update_success_plan",
)  # fmt: skip


@dataclass
class Made:
    """A rule, its profile and the rows of each run."""

    rule: Page
    profile: Page
    runs: list[tuple[str, list[dict[str, str]]]] = field(default_factory=list)


class Maker:
    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.kind = self.random.choice(["company", "company", "relationship"])

    def pick(self, options: Any) -> Any:
        return self.random.choice(list(options))

    def chance(self, part: float) -> bool:
        return self.random.random() < part

    def make(self) -> Made:
        profile = {key: self.pick(values) for key, values in KEYS.items() if self.chance(0.08)}
        rule: Page = {"rule": "Random actions", "for": self.kind}
        if self.kind == "relationship":
            rule["relationship_types"] = self.pick([["Product"], ["Product", "Other"]])
        rule["tasks"] = self.tasks()
        rule["actions"] = [self.action(f"Act {n}") for n in range(1, self.random.randint(2, 4))]
        days = [f"2026-11-{self.random.randint(20, 30)}" for _ in range(self.random.randint(1, 2))]
        return Made(rule, profile, [(day, self.rows()) for day in days])

    def rows(self) -> list[dict[str, str]]:
        return [{c: self.pick(VALUES[c]) for c in COLUMNS} for _ in range(self.random.randint(0, 7))]

    def tasks(self) -> Page:
        columns: Page = dict.fromkeys(TEXTS, "string") | {"Amount": "number"}
        columns["Day"] = {"type": "date", "format": "yyyy-MM-dd"}
        columns["At"] = {"type": "datetime", "format": "yyyy-MM-dd HH:mm:ss"}
        entity = "ExternalId as Code"
        return {
            "Rows": {"type": "s3", "path": "rows.csv", "columns": {c: columns[c] for c in COLUMNS}},
            "Entities": {"type": "fetch", "object": self.kind, "show": ["Gsid as Entity", entity, "Csm as CSM"]},
            "Joined": {"type": "merge", "from": "Rows",
                       "join": [{"dataset": "Entities", "keep": "left", "on": "Key = Code"}]},
            "CTAs": {"type": "fetch", "object": "call_to_action",
                     "show": ["Gsid as CTA", "Name", "OwnerId as Owner", "DueDate as Due"]},
            "Plans": {"type": "fetch", "object": "cta_group", "show": ["Gsid as Plan", "OwnerId as Owner"]},
            "Users": {"type": "fetch", "object": "gsuser", "show": ["Gsid as User", "Email as Mail"]},
        }  # fmt: skip

    # -- actions ------------------------------------------------------------------------------------------------------
    def action(self, name: str) -> Page:
        kind = self.pick(KINDS)
        if self.kind == "relationship" and kind == "load_to_company_team":
            kind = "load_to_relationship_team"
        made: Page = {"action": kind, "id": name, "from": "Joined"}
        if self.chance(0.3):
            made["when"] = self.pick(CRITERIA)
        return made | getattr(self, f"_{kind}")()

    def mapped(self, *sources: Any) -> Any:
        """One of the sources, sometimes with a default or what a null means."""
        found = self.pick(sources)
        spec: Page = dict(found) if isinstance(found, dict) else {"column": found}
        if self.chance(0.25):
            spec["on_null"] = self.pick(["write", "skip"])
        return spec

    def defaulted(self, spec: Page, default: Any) -> Page:
        return spec | {"default": default} if self.chance(0.3) else spec

    def user(self) -> Page:
        return {"lookup": "gsuser", "match": {"Email": "Mail"}, "multiple": self.pick(["any_one", "error"]),
                "none": self.pick(["null", "error"])}  # fmt: skip

    def company(self) -> Page:
        return {"lookup": "company", "match": {"ExternalId": "Key"}, "multiple": self.pick(["any_one", "error"]),
                "none": self.pick(["null", "error"])}  # fmt: skip

    def some(self, fields: Page, always: tuple[str, ...] = ()) -> Page:
        return {k: v for k, v in fields.items() if k in always or self.chance(0.6)}

    def _load_to_object(self) -> Page:
        fields = self.some({
            "Company__gc": self.mapped(self.company(), self.company()),
            "Month__gc": self.mapped("Day", {"value": "2026-11-05"}, "Text"),
            "Logins__gc": self.defaulted(self.mapped("Amount", {"expression": "Amount * 2"}), 3),
            "Tier__gc": self.defaulted(
                self.mapped("Tier", {"column": "Tier", "map": {"Gold": "Silver", "silver": "Gold"}}), "Gold"),
            "Tags__gc": self.mapped({"value": "A;B"}, {"expression": "Label"}, "Label"),
            "Note__gc": self.defaulted(self.mapped("Text", "Amount", "Day", "At"), "none"),
            "Flag__gc": self.mapped("Flag", {"value": True}), "At__gc": self.mapped("At", "Text"),
            "Mail__gc": self.mapped("Mail"), "Owner__gc": self.mapped(self.user()),
        }, ("Company__gc",))  # fmt: skip
        operation = self.pick(["insert", "update", "upsert", "upsert"])
        made: Page = {"object": "usage__gc", "operation": operation, "fields": fields}
        if operation != "insert":
            usable = [k for k in fields if k not in ("Tags__gc", "Flag__gc")]
            made["identifiers"] = self.random.sample(usable, min(len(usable), self.random.randint(1, 2)))
        return made

    def _load_to_company(self) -> Page:
        fields = {"Name": self.defaulted(self.mapped("Text"), "Unnamed")} | self.some({
            "ExternalId": self.mapped("Key"), "Arr": self.mapped("Amount"), "Industry": self.mapped("Label", "Day"),
            "Status": self.mapped({"column": "Tier", "map": {"Gold": "Active", "Silver": "Churn"}}),
            "Csm": self.mapped(self.user()), "ParentCompany": self.mapped(self.company()),
            "RenewalDate": self.mapped("Day"),
        })  # fmt: skip
        keys = ["ExternalId"] if "ExternalId" in fields else ["Name"]
        return {"operation": self.pick(["update", "upsert"]), "identifiers": keys, "fields": fields}

    def _load_to_relationship(self) -> Page:
        fields = {"Name": self.mapped("Text"), "CompanyId": self.mapped(self.company())} | self.some({
            "ExternalId": self.mapped("Key"), "Arr": self.mapped("Amount"), "Csm": self.mapped(self.user()),
        })  # fmt: skip
        keys = ["ExternalId"] if "ExternalId" in fields else ["CompanyId", "Name"]
        return {"operation": self.pick(["update", "upsert"]), "relationship_type": self.pick(["Product", "Other"]),
                "identifiers": keys, "fields": fields}  # fmt: skip

    def _load_to_user(self) -> Page:
        fields = {"Email": self.mapped("Mail")} | self.some({
            "Title": self.mapped("Text"), "IsActiveUser": self.mapped("Flag"), "Manager": self.mapped(self.user()),
        })  # fmt: skip
        return {"identifiers": ["Email"], "fields": fields}

    def _load_to_people(self) -> Page:
        person = {"Email": self.mapped("Mail"), "ExternalRecordID": self.mapped("Key")} | self.some({
            "FirstName": self.mapped("Text"), "LastName": self.mapped("Tier"), "Location": self.mapped("Label"),
        })  # fmt: skip
        made: Page = {"operation": self.pick(["update", "upsert", "upsert"]), "person": person}
        if self.chance(0.6):
            fields = self.some({"Title": self.mapped("Text"), "IsPrimaryCompany": self.mapped("Flag")})
            made["company_person"] = {"company": self.company() if self.kind != "company" else "Entity",
                                      "fields": fields}  # fmt: skip
        if self.kind == "relationship" and self.chance(0.7):
            made["relationship_person"] = {"relationship": "Entity", "fields": self.some({"Role": self.mapped("Text")})}
        return made

    def _load_to_company_team(self) -> Page:
        fields = {"CompanyId": self.mapped(self.company()), "UserId": self.mapped(self.user())}
        fields |= self.some({"Role": self.mapped("Text"), "Delete": self.mapped("Flag")})
        return {"fields": fields}

    def _load_to_relationship_team(self) -> Page:
        fields = {"RelationshipId": "Entity", "UserId": self.mapped(self.user())}
        return {"fields": fields | self.some({"Role": self.mapped("Text"), "Delete": self.mapped("Flag")})}

    def _load_to_lead(self) -> Page:
        fields = {"Name": self.mapped("Key")} | self.some({
            "Email": self.mapped("Mail"), "Amount": self.mapped("Amount"), "CompanyId": self.mapped(self.company()),
        })  # fmt: skip
        return {"operation": self.pick(["update", "upsert"]), "identifiers": ["Name"], "fields": fields}

    def _load_to_cases(self) -> Page:
        fields = {"CaseNumber": self.mapped("Key"), "CompanyId": self.mapped(self.company())}
        fields |= self.some({"Subject": self.mapped("Text"), "OpenedDate": self.mapped("At")})
        return {"operation": self.pick(["update", "upsert"]), "identifiers": ["CaseNumber"], "fields": fields}

    def _load_to_survey(self) -> Page:
        made: Page = {"survey": "Yearly", "kind": self.pick(["nps", "csat"]), self.kind: "Entity", "score": "Amount"}
        made |= self.pick([{"person_email": "Mail"}, {"person_name": "Text"}])
        return made | self.some({
            "comment": self.mapped("Text"), "response_date": self.mapped("Day"), "external_id": self.mapped("Tier"),
            "channel": self.mapped("Label"),
        })  # fmt: skip

    def _load_to_activity(self) -> Page:
        entity = "GsCompanyId" if self.kind == "company" else "GsRelationshipId"
        fields = {
            "Subject": self.mapped("Text"), "Notes": self.mapped("Text", {"value": "T"}), entity: "Entity",
            "TypeName": self.pick(["Label", {"value": "Call"}]), "AuthorId": self.pick(["Mail", self.user()]),
            "ExternalId": self.mapped("Key"),
        } | self.some({"ActivityDate": self.mapped("At"), "InternalAttendees": self.mapped("Mail")})  # fmt: skip
        return {"operation": self.pick(["insert", "upsert"]), "fields": fields}

    # -- cockpit ------------------------------------------------------------------------------------------------------
    def owner(self) -> Page:
        return self.pick([
            {"column": "CSM"}, {"column": "CSM", "default": "cem@example.com"}, {"default": "mia@example.com"},
            {"column": "Mail"}, {"column": "Mail", "default": "nobody@example.com"},
        ])  # fmt: skip

    def due(self) -> Page:
        return {"days": self.random.randint(0, 9), "skip": self.pick(["weekends", "saturday", "sunday", "nothing"])}

    def _create_cta(self) -> Page:
        made: Page = {
            self.kind: "Entity", "name": self.pick(["${Text}", "Drop", "Old", "${Text} at ${Code}", "${Amount}"]),
            "type": "Risk", "reason": self.pick(["Usage Drop", "Sponsor Left"]), "priority": self.pick(["High", "Low"]),
            "status": self.pick(["New", "New", "Work In Progress", "Closed Success"]),
        }  # fmt: skip
        return made | self.some({
            "owner": self.owner(), "due": self.due(), "check_open": self.chance(0.7),
            "comments": {"text": self.pick(["Now ${Amount}", "<i>${Text}</i>", "Fixed"]),
                         "repeat": self.pick(["always", "once", "never"])},
            "time_frame": self.pick([False, {"days": 7}, {"days": 1}, {"days": 400}]),
            "identifiers": self.pick([["type", "reason"], ["type", "reason", "name"], ["name"]]),
            "playbook": "Usage Recovery",
            "fields": {"Score__gc": self.mapped("Amount"), "Pick__gc": self.mapped("Tier")},
        })  # fmt: skip

    def _update_cta(self) -> Page:
        made: Page = {"from": "CTAs", "when": self.pick(["Name = 'Old'", "Name is not null"]), "cta": "CTA"}
        typed = self.some({
            "status": self.pick(["Closed Success", "New"]), "reason": "Sponsor Left",
            "priority": self.pick(["Low", "High"]), "playbook": "Usage Recovery",
        })  # fmt: skip
        if typed or self.chance(0.3):
            typed["type"] = "Risk"
        rest = self.some({
            "owner": self.pick([{"column": "Owner"}, {"default": "mia@example.com"}, {"default": "no@example.com"}]),
            "comments": {"text": "Seen ${Name}", "mode": self.pick(["append", "replace"])}, "due": self.due(),
            "reassign_tasks": self.chance(0.5),
        })  # fmt: skip
        if "owner" not in rest:
            rest.pop("reassign_tasks", None)
        made |= typed | rest
        return made if len(made) > 3 else made | {"due": self.due()}

    def _close_cta(self) -> Page:
        comments = {"text": self.pick(["done", "${Text}"]), "repeat": self.pick(["always", "once", "never"])}
        if self.chance(0.3):
            return {"from": "CTAs", "when": "Name is not null", "cta": "CTA"} | self.some({"comments": "over"})
        made: Page = {
            self.kind: "Entity", "type": "Risk", "reason": self.pick(["Usage Drop", "Sponsor Left"]),
            "sources": self.pick([["rules"], ["Rules", "manual"], ["program"]]), "status": "Closed No Action",
        }  # fmt: skip
        return made | self.some({"comments": comments})

    def _create_success_plan(self) -> Page:
        made: Page = {self.kind: "Entity", "name": self.pick(["Plan ${Code}", "${Text}"]), "type": "Retention Plan",
                      "status": self.pick(["Draft", "Active", "Closed"])}  # fmt: skip
        return made | self.some({
            "owner": self.owner(), "due": self.due(), "template": "Standard",
            "identifiers": self.pick([["type", "status"], ["type", "status", "name"], ["name"]]),
        })  # fmt: skip

    def _update_success_plan(self) -> Page:
        made: Page = {"from": "Plans", "when": "Plan is not null", "plan": "Plan", "type": "Retention Plan",
                      "status": self.pick(["Active", "Cancelled"])}  # fmt: skip
        return made | self.some({"template": "Standard", "owner": {"default": "cem@example.com"}})

    # -- scores -------------------------------------------------------------------------------------------------------
    def _set_score(self) -> Page:
        made: Page = {self.kind: "Entity", "measure": self.pick(["Usage", "Support"])}
        cards = ["Numbers", "Grades", "Colours"] if self.kind == "company" else ["Projects"]
        if self.chance(0.3):
            made["scores"] = {card: self.pick(["Label", "Amount"]) for card in cards}
        else:
            made |= {"scorecard": self.pick(cards), "score": self.pick(["Amount", "Label", {"value": 80}])}
        return made | self.some({"comment": self.pick(["Said ${Text}", "Fixed"])})

    def _load_to_history(self) -> Page:
        made: Page = {"action": "load_to_scorecard_history", self.kind: "Entity",
                      "operation": self.pick(["insert", "upsert"]), "measures": {"Usage": "Amount"}}  # fmt: skip
        return made | self.some({"overall": "Amount", "snapshot_date": self.mapped("Day", {"value": "2026-10-01"})})
