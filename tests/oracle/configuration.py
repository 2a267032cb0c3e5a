"""What a project defines beside its objects: picklists, playbooks, templates, scorecards, callouts, permissions."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.oracle import standard
from tests.oracle.values import RefusedError
from tests.oracle.yamlfile import load_rule_file

if TYPE_CHECKING:
    from tests.oracle.tenant import Record, Tenant

Page = dict[str, Any]


def configure(tenant: Tenant, datasets: Path) -> None:
    """Fills the configuration records, before the seeds."""
    page = load_rule_file(datasets / "picklists.yml") or {}
    add_cockpit(tenant, page)
    for category, items in page.get("fields", {}).items():
        tenant.items[category] = tenant.items.get(category, []) + items
    for name, given in (page.get("success_plan_templates") or {}).items():
        add_template(tenant, name, given)
    add_scorecards(tenant, load_rule_file(datasets / "scorecards.yml") or {})
    tenant.callouts = (load_rule_file(datasets / "callouts.yml") or {}).get("callouts", {})
    tenant.permissions = (load_rule_file(datasets / "load_permissions.yml") or {}).get("permissions", {})


def add_cockpit(tenant: Tenant, page: Page) -> None:
    order = 0

    def add(category: str, name: str, cta_type: str | None = None, is_open: bool | None = None) -> Record:
        nonlocal order
        order += 1
        return tenant.create("cockpit_picklist", {"Category": category, "Name": name, "CtaType": cta_type,
                             "OpenStatusType": is_open, "IsActive": True, "DisplayOrder": Decimal(order)})  # fmt: skip

    for name in standard.CTA_TYPES + page.get("cta_types", []):
        add("CTA_TYPE", name)
    for name, is_open in standard.CTA_STATUSES:
        add("CTA_STATUS", name, None, is_open)
    for status in named(page.get("cta_statuses", [])):
        add("CTA_STATUS", status["name"], status.get("type"), status.get("open", True))
    for name in standard.CTA_PRIORITIES + page.get("cta_priorities", []):
        add("CTA_PRIORITY", name)
    for cta_type in [r["Name"] for r in tenant.records("cockpit_picklist") if r["Category"] == "CTA_TYPE"]:
        for name in [*page.get("cta_reasons", {}).get(cta_type, []), "Other"]:
            add("CTA_REASON", name, cta_type)
    for name in standard.PLAN_TYPES + page.get("success_plan_types", []):
        add("SUCCESS_PLAN_TYPE", name)
    for name, is_open in standard.PLAN_STATUSES:
        add("SUCCESS_PLAN_STATUS", name, None, is_open)
    for status in named(page.get("success_plan_statuses", [])):
        add("SUCCESS_PLAN_STATUS", status["name"], status.get("type"), status.get("open", True))
    for name, spec in page.get("playbooks", {}).items():
        cta_type = tenant.cockpit("CTA_TYPE", spec["type"])["Gsid"] if spec.get("type") else None
        tenant.create("playbook", {"Name": name, "CtaTypeId": cta_type, "IsActive": spec.get("active", True)})
        tenant.playbook_tasks[name] = named(spec.get("tasks", []))


def named(items: list[Any]) -> list[Page]:
    """Items of which a plain text is the name."""
    return [{"name": item} if isinstance(item, str) else item for item in items]


def add_template(tenant: Tenant, name: str, given: Page) -> None:
    """A success plan template with its objectives, of one plan type or of all."""
    kind = tenant.cockpit("SUCCESS_PLAN_TYPE", given["type"])["Gsid"] if given.get("type") else None
    record = tenant.create("cockpit_template", {"Name": name, "TemplateType": "SUCCESS_PLAN",
                           "IsActive": given.get("active", True), "Deleted": False})  # fmt: skip
    tenant.templates[record["Gsid"]] = (kind, given.get("objectives", []))


def add_scorecards(tenant: Tenant, page: Page) -> None:
    schemes = dict(standard.SCHEMES)
    for kind, ranges in page.get("schemes", {}).items():
        schemes[kind.upper()] = [
            (r["label"], Decimal(r.get("score", (r["from"] + r["to"]) // 2)), int(r["from"]), int(r["to"]))
            for r in ranges
        ]
    for kind, listed in schemes.items():
        for label, score, low, high in listed:
            tenant.create("scorecard_scheme_definition", {
                "SchemeType": kind, "Name": label, "Label": label, "Score": score,
                "RangeFrom": Decimal(low), "RangeTo": Decimal(high),
            })  # fmt: skip
    for name, given in page.get("scorecards", {}).items():
        add_scorecard(tenant, name, given)


def add_scorecard(tenant: Tenant, name: str, given: Page) -> None:
    entity = {"company": "ACCOUNT", "account": "ACCOUNT", "relationship": "RELATIONSHIP"}[
        given.get("entity", "company").lower()
    ]
    scheme = given.get("scheme", "numeric").upper()
    card = tenant.create("scorecard_master", {"Name": name, "EntityType": entity, "SchemeType": scheme,
                         "IsActive": given.get("active", True)})  # fmt: skip
    measures = given["measures"]
    specs = {m: {} for m in measures} if isinstance(measures, list) else measures
    specs = {m: s if isinstance(s, dict) else {"weight": s} for m, s in specs.items()}
    groups = given.get("groups", {})
    groups = dict.fromkeys(groups) if isinstance(groups, list) else dict(groups)
    for spec in specs.values():
        if spec.get("group") and spec["group"] not in groups:
            groups[spec["group"]] = None
    added = {}
    for group, weight in groups.items():
        added[group] = _measure(tenant, card, group, "GROUP", None, weight)
    for measure, spec in specs.items():
        parent = added[spec["group"]]["Gsid"] if spec.get("group") else None
        _measure(tenant, card, measure, "MEASURE", parent, spec.get("weight"))


def _measure(tenant: Tenant, card: Record, name: str, level: str, parent: str | None, weight: Any) -> Record:
    if weight is not None and not 0 <= Decimal(weight) <= 100:
        raise RefusedError("GS-*", f"the weight of {name}")
    return tenant.create("scorecard_measure", {
        "Name": name, "LevelType": level, "ScorecardId": card["Gsid"], "ParentId": parent,
        "Weight": None if weight is None else Decimal(weight), "InputType": "CALCULATED",
    })  # fmt: skip
