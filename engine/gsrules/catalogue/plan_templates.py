"""Templates of success plans, with their objectives, as picklists.yml states them (actions.md §8)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from gsrules.catalogue.gsids import stable_gsid
from gsrules.catalogue.model import CockpitItem, PlaybookDef
from gsrules.dataclass import dataclass
from gsrules.errors import Place, Problem, nearest

TEMPLATE_FAMILY = "1S05"
OBJECTIVE_TYPE, OBJECTIVE_REASON, OBJECTIVE_PRIORITY = "Objective", "Other", "Medium"
"""What an objective is that says nothing else."""

Find = Callable[[str, str, str | None], CockpitItem | None]
"""A cockpit option by category, name and type."""


@dataclass(frozen=True, slots=True)
class ObjectiveOption:
    """An objective as picklists.yml states it; texts keep their places."""

    name: str
    type: str | None = None
    reason: str | None = None
    status: str | None = None
    priority: str | None = None
    playbook: str | None = None
    days: int | None = None
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class TemplateOption:
    """A template as picklists.yml states it."""

    name: str
    type: str | None
    active: bool
    objectives: tuple[ObjectiveOption, ...] = ()
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class ObjectiveDef:
    """What becomes a CTA of the plan; due `days` after the rule date, or with the plan if None."""

    gsid: str
    name: str
    type: CockpitItem
    reason: CockpitItem
    status: CockpitItem
    priority: CockpitItem
    playbook: PlaybookDef | None
    days: int | None


@dataclass(frozen=True, slots=True)
class TemplateDef:
    """A template of success plans; `type` is the plan type, None for all."""

    gsid: str
    name: str
    type: CockpitItem | None
    active: bool
    objectives: tuple[ObjectiveDef, ...]


@dataclass(frozen=True, slots=True)
class _Makers:
    """What names in templates may mean."""

    find: Find
    names: Callable[[str, str | None], Sequence[str]]
    playbooks: Mapping[str, PlaybookDef]
    tenant_id: str
    problems: list[Problem]

    def option(
        self, category: str, word: str, name: str, kind: CockpitItem | None, where: str, place: Place | None
    ) -> CockpitItem | None:
        """The option, or None after a problem."""
        found = self.find(category, str(name), kind.name if kind else None)
        if found is None:
            known = self.names(category, kind.name if kind else None)
            of_type = f" of the type {kind.name}" if kind else ""
            message = f"there is no {word} “{name}”{of_type}"
            hint = f"one of {', '.join(known)}" if known else ""
            self.problems.append(
                Problem("GS-NAME", message, place, where=where, value=name, nearest=nearest(name, known), hint=hint)
            )
        return found

    def playbook(self, name: str, kind: CockpitItem | None, where: str, place: Place | None) -> PlaybookDef | None:
        found = self.playbooks.get(str(name))
        message = ""
        if found is None:
            message = f"there is no playbook “{name}”"
        elif kind is not None and found.cta_type_gsid not in (None, kind.gsid):
            message = f"the playbook “{name}” is for CTAs of the type {found.cta_type}, not {kind.name}"
        if message:
            near = nearest(name, self.playbooks)
            hint = "playbooks are under `playbooks` of this file"
            problem = Problem("GS-NAME", message, place, where=where, value=name, nearest=near, hint=hint)
            self.problems.append(problem)
        return found


def build_templates(
    options: Iterable[TemplateOption],
    find: Find,
    names: Callable[[str, str | None], Sequence[str]],
    playbooks: Mapping[str, PlaybookDef],
    tenant_id: str,
    problems: list[Problem],
) -> dict[str, TemplateDef]:
    """The templates by name; what they name and is not there becomes a problem."""
    makers = _Makers(find, names, playbooks, tenant_id, problems)
    found: dict[str, TemplateDef] = {}
    for option in options:
        name = str(option.name)
        where = f"success_plan_templates.{name}"
        kind = None
        if option.type is not None:
            place = _place(option.type, option.place)
            kind = makers.option("SUCCESS_PLAN_TYPE", "success plan type", option.type, None, where, place)
        made = [_objective(makers, name, i, given) for i, given in enumerate(option.objectives, start=1)]
        objectives = tuple(each for each in made if each is not None)
        gsid = stable_gsid(tenant_id, "plan template", name, family=TEMPLATE_FAMILY)
        found[name] = TemplateDef(gsid, name, kind, option.active, objectives)
    return found


def _objective(makers: _Makers, template: str, number: int, given: ObjectiveOption) -> ObjectiveDef | None:
    where = f"success_plan_templates.{template}.objectives[{number}]"

    def option(category: str, word: str, name: str, kind: CockpitItem | None) -> CockpitItem | None:
        return makers.option(category, word, name, kind, where, _place(name, given.place))

    kind = option("CTA_TYPE", "CTA type", given.type or OBJECTIVE_TYPE, None)
    if kind is None:
        return None
    reason = option("CTA_REASON", "reason", given.reason or OBJECTIVE_REASON, kind)
    priority = option("CTA_PRIORITY", "priority", given.priority or OBJECTIVE_PRIORITY, kind)
    status = option("CTA_STATUS", "status", given.status or "New", kind)
    playbook = None
    if given.playbook is not None:
        playbook = makers.playbook(given.playbook, kind, where, _place(given.playbook, given.place))
    if reason is None or priority is None or status is None:
        return None
    gsid = stable_gsid(makers.tenant_id, "objective", template, str(number), given.name, family=TEMPLATE_FAMILY)
    return ObjectiveDef(gsid, str(given.name), kind, reason, status, priority, playbook, given.days)


def _place(word: str, otherwise: Place | None) -> Place | None:
    return getattr(word, "place", None) or otherwise
