"""Cockpit picklists and playbooks: the seeds of a new tenant with the project's laid over.

Source: platform.md §3.5; rule-language.md §2.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from gsrules.catalogue.gsids import stable_gsid
from gsrules.catalogue.model import CockpitItem, PlaybookDef, PlaybookTask
from gsrules.catalogue.plan_templates import TemplateDef, TemplateOption, build_templates
from gsrules.catalogue.standard import seeds
from gsrules.dataclass import dataclass
from gsrules.errors import Place, Problem, nearest

CTA_TYPE = "CTA_TYPE"
CTA_STATUS = "CTA_STATUS"
CTA_REASON = "CTA_REASON"
CTA_PRIORITY = "CTA_PRIORITY"
SUCCESS_PLAN_TYPE = "SUCCESS_PLAN_TYPE"
SUCCESS_PLAN_STATUS = "SUCCESS_PLAN_STATUS"

PLAYBOOK_FAMILY = "1S04"


@dataclass(frozen=True, slots=True)
class StatusOption:
    """A status with its class, of one type or of all."""

    name: str
    open: bool
    type: str | None = None


@dataclass(frozen=True, slots=True)
class PlaybookOption:
    """A playbook as picklists.yml states it."""

    name: str
    type: str | None
    tasks: tuple[PlaybookTask, ...] = ()
    active: bool = True
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class CockpitOptions:
    """What a picklists.yml adds to the standard cockpit; texts keep their places."""

    types: Sequence[str] = ()
    reasons: Sequence[tuple[str, Sequence[str]]] = ()
    statuses: Sequence[StatusOption] = ()
    priorities: Sequence[str] = ()
    plan_types: Sequence[str] = ()
    plan_statuses: Sequence[StatusOption] = ()
    templates: Sequence[TemplateOption] = ()
    playbooks: Sequence[PlaybookOption] = ()


@dataclass(frozen=True, slots=True)
class Cockpit:
    """Every cockpit picklist record and playbook of the tenant."""

    items: tuple[CockpitItem, ...]
    playbooks: Mapping[str, PlaybookDef]
    templates: Mapping[str, TemplateDef]


class _Builder:
    def __init__(self, tenant_id: str) -> None:
        self._tenant_id = tenant_id
        self._items: dict[tuple[str, str | None, str], CockpitItem] = {}
        self._counts: dict[str, int] = {}

    def add(
        self, category: str, names: Iterable[str], cta_type: CockpitItem | None = None, *, is_open: bool | None = None
    ) -> None:
        """Adds what is not there yet, in order."""
        for given in names:
            name = str(given)
            type_name = cta_type.name if cta_type else None
            if (category, type_name, name) in self._items:
                continue
            order = self._counts[category] = self._counts.get(category, 0) + 1
            self._items[category, type_name, name] = CockpitItem(
                gsid=stable_gsid(self._tenant_id, "cockpit", category, type_name or "", name),
                name=name,
                category=category,
                cta_type=type_name,
                cta_type_gsid=cta_type.gsid if cta_type else None,
                open=is_open,
                order=order,
            )

    def type(self, name: str, category: str = CTA_TYPE) -> CockpitItem | None:
        return self._items.get((category, None, str(name)))

    def find(self, category: str, name: str, cta_type: str | None) -> CockpitItem | None:
        """The option of that name which the type allows."""
        return self._items.get((category, cta_type, name)) or self._items.get((category, None, name))

    def names(self, category: str, cta_type: str | None = None) -> tuple[str, ...]:
        """The names in a category; those of one type if it is named."""
        return tuple(
            name for of, kind, name in self._items if of == category and (cta_type is None or kind in (None, cta_type))
        )

    @property
    def items(self) -> tuple[CockpitItem, ...]:
        return tuple(self._items.values())


def build_cockpit(options: CockpitOptions, tenant_id: str, problems: list[Problem]) -> Cockpit:
    """The cockpit of a tenant; an unknown CTA type or priority becomes a problem."""
    standard = seeds()
    builder = _Builder(tenant_id)
    builder.add(CTA_TYPE, [*standard["cta_types"], *options.types])
    _add_statuses(builder, CTA_STATUS, CTA_TYPE, (*_statuses(standard["cta_statuses"]), *options.statuses), problems)
    for type_name, names in options.reasons:
        cta_type = _known_type(builder, type_name, getattr(type_name, "place", None), "cta_reasons", problems)
        if cta_type:
            builder.add(CTA_REASON, names, cta_type)
    builder.add(CTA_REASON, standard["cta_reasons_of_all_types"])
    builder.add(CTA_PRIORITY, [*standard["cta_priorities"], *options.priorities])
    builder.add(SUCCESS_PLAN_TYPE, [*standard["success_plan_types"], *options.plan_types])
    plan_statuses = (*_statuses(standard["success_plan_statuses"]), *options.plan_statuses)
    _add_statuses(builder, SUCCESS_PLAN_STATUS, SUCCESS_PLAN_TYPE, plan_statuses, problems)
    playbooks = _playbooks(options.playbooks, builder, tenant_id, problems)
    templates = build_templates(options.templates, builder.find, builder.names, playbooks, tenant_id, problems)
    return Cockpit(builder.items, playbooks, templates)


def _add_statuses(
    builder: _Builder, category: str, types: str, options: Iterable[StatusOption], problems: list[Problem]
) -> None:
    for option in options:
        kind = None
        if option.type is not None:
            place = getattr(option.type, "place", None)
            kind = _known_type(builder, option.type, place, category.lower() + "es", problems, types)
        if option.type is None or kind is not None:
            builder.add(category, [option.name], kind, is_open=option.open)


def _statuses(entries: Iterable[Mapping[str, object]]) -> list[StatusOption]:
    return [StatusOption(str(entry["name"]), bool(entry["open"])) for entry in entries]


def _known_type(
    builder: _Builder, name: str, place: Place | None, where: str, problems: list[Problem], category: str = CTA_TYPE
) -> CockpitItem | None:
    found = builder.type(name, category)
    if found is None:
        word, key = ("CTA type", "cta_types") if category == CTA_TYPE else ("success plan type", "success_plan_types")
        known = builder.names(category)
        problems.append(
            Problem(
                "GS-NAME",
                f"there is no {word} “{name}”",
                place,
                where=where,
                value=str(name),
                nearest=nearest(name, known),
                hint=f"{word}s: {', '.join(known)}; add your own under {key}",
            )
        )
    return found


def _playbooks(
    options: Iterable[PlaybookOption], builder: _Builder, tenant_id: str, problems: list[Problem]
) -> dict[str, PlaybookDef]:
    found: dict[str, PlaybookDef] = {}
    for option in options:
        cta_type = None
        if option.type is not None:
            place = getattr(option.type, "place", None) or option.place
            cta_type = _known_type(builder, option.type, place, f"playbooks.{option.name}", problems)
        name = str(option.name)
        found[name] = PlaybookDef(
            gsid=stable_gsid(tenant_id, "playbook", name, family=PLAYBOOK_FAMILY),
            name=name,
            cta_type=cta_type.name if cta_type else None,
            cta_type_gsid=cta_type.gsid if cta_type else None,
            tasks=tuple(_known_priority(builder, option, task, problems) for task in option.tasks),
            active=option.active,
        )
    return found


def _known_priority(
    builder: _Builder, option: PlaybookOption, task: PlaybookTask, problems: list[Problem]
) -> PlaybookTask:
    """The task with its priority checked: an unknown one becomes a problem."""
    given = task.priority
    if given is None:
        return task
    known = builder.names(CTA_PRIORITY)
    if given not in known:
        problems.append(
            Problem(
                "GS-NAME",
                f"there is no CTA priority “{given}”",
                getattr(given, "place", None) or option.place,
                where=f"playbooks.{option.name}",
                value=str(given),
                nearest=nearest(given, known),
                hint=f"CTA priorities: {', '.join(known)}; add your own under cta_priorities",
            )
        )
    return replace(task, priority=str(given))
