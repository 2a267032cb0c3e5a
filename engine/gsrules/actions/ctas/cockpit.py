"""Types, reasons, priorities, statuses, playbooks and templates of an action (actions.md §6.1, §8)."""

from __future__ import annotations

from typing import Final

from gsrules.actions.kind import BindEnv, Findings
from gsrules.catalogue import CockpitItem, PlaybookDef
from gsrules.catalogue.plan_templates import TemplateDef
from gsrules.dataclass import dataclass
from gsrules.errors import nearest
from gsrules.spec.text import Text

_WORDS: Final = {
    "CTA_TYPE": "CTA type",
    "CTA_REASON": "reason",
    "CTA_PRIORITY": "priority",
    "CTA_STATUS": "status",
    "SUCCESS_PLAN_TYPE": "success plan type",
    "SUCCESS_PLAN_STATUS": "status",
}


@dataclass(frozen=True, slots=True)
class CockpitBinder:
    """Finds cockpit options by label or GSID; what fails goes to the findings and gives None."""

    env: BindEnv
    findings: Findings

    def type(self, name: Text) -> CockpitItem | None:
        return self._option("CTA_TYPE", name, None)

    def of_type(self, category: str, name: Text, cta_type: CockpitItem | None) -> CockpitItem | None:
        """A reason, priority or status that the type allows."""
        if cta_type is None:
            return None
        return self._option(category, name, cta_type)

    def of_some_type(self, category: str, name: Text, cta_type: CockpitItem | None) -> CockpitItem | None:
        """As `of_type`; where the type is known row by row only, an option of any type will do."""
        return self._option(category, name, cta_type)

    def closed_status(self, name: Text, cta_type: CockpitItem | None) -> CockpitItem | None:
        found = self.of_type("CTA_STATUS", name, cta_type)
        if found is None or found.open is False:
            return found
        closed = [o.name for o in self.env.catalogue.cockpit_options("CTA_STATUS") if o.open is False]
        self.findings.error(
            "GS-ACTION-CTA",
            f"the status '{name}' is an open one; closing needs a closed status",
            name.place,
            value=name,
            hint="one of " + ", ".join(closed),
        )
        return None

    def playbook(self, name: Text, cta_type: CockpitItem | None) -> PlaybookDef | None:
        found = self.env.catalogue.playbook(name)
        if found is None:
            known = list(self.env.catalogue.playbooks)
            hint = "playbooks: " + ", ".join(known) if known else "add it to playbooks in datasets/picklists.yml"
            self.findings.error(
                "GS-ACTION-CTA",
                f"there is no playbook '{name}'",
                name.place,
                value=name,
                hint=hint,
                near=nearest(name, known),
            )
        elif not found.active:
            self.findings.error("GS-ACTION-CTA", f"the playbook '{name}' is inactive", name.place, value=name)
        elif cta_type is not None and found.cta_type_gsid not in (None, cta_type.gsid):
            message = f"the playbook '{name}' is for CTAs of the type {found.cta_type}, not {cta_type.name}"
            self.findings.error(
                "GS-ACTION-CTA", message, name.place, value=name, hint="choose another, or another type"
            )
        return found

    def plan_type(self, name: Text) -> CockpitItem | None:
        return self._option("SUCCESS_PLAN_TYPE", name, None)

    def plan_status(self, name: Text, plan_type: CockpitItem | None) -> CockpitItem | None:
        """A status that the plan type allows."""
        if plan_type is None:
            return None
        return self._option("SUCCESS_PLAN_STATUS", name, plan_type)

    def template(self, name: Text, plan_type: CockpitItem | None) -> TemplateDef | None:
        """A template of success plans that the plan type allows."""
        found = self.env.catalogue.template(name)
        known = list(self.env.catalogue.templates)
        if found is None:
            hint = "templates: " + ", ".join(known)
            if not known:
                hint = "add it to success_plan_templates in datasets/picklists.yml"
            message = f"there is no success plan template '{name}'"
            near = nearest(name, known)
            self.findings.error("GS-ACTION-CTA", message, name.place, value=name, hint=hint, near=near)
        elif not found.active:
            self.findings.error("GS-ACTION-CTA", f"the template '{name}' is inactive", name.place, value=name)
        elif plan_type is not None and found.type is not None and found.type.gsid != plan_type.gsid:
            message = f"the template '{name}' is for plans of the type {found.type.name}, not {plan_type.name}"
            hint = "choose another, or another type"
            self.findings.error("GS-ACTION-CTA", message, name.place, value=name, hint=hint)
        return found

    def _option(self, category: str, name: Text, cta_type: CockpitItem | None) -> CockpitItem | None:
        catalogue = self.env.catalogue
        word = _WORDS[category]
        type_name = cta_type.name if cta_type else None
        found = catalogue.cockpit(category, name, type_name)
        if found is None:
            known = [o.name for o in catalogue.cockpit_options(category, type_name) if o.active]
            kind = "plan" if category.startswith("SUCCESS_PLAN") else "CTA"
            of_type = f" of the {kind} type {type_name}" if type_name else ""
            self.findings.error(
                "GS-ACTION-CTA",
                f"there is no {word} '{name}'{of_type}",
                name.place,
                value=name,
                hint=f"one of {', '.join(known)}" if known else "",
                near=nearest(name, known),
            )
            return None
        if not found.active:
            self.findings.error("GS-ACTION-CTA", f"the {word} '{name}' is inactive", name.place, value=name)
            return None
        if name not in (found.name, found.gsid):
            message = f"'{name}' differs from the {word} '{found.name}' in letter case"
            self.findings.warn("GS-ACTION-CTA", message, name.place, value=name)
        return found
