"""Reads the project's object files, picklists.yml, scorecards.yml, callouts.yml and load_permissions.yml."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gsrules.catalogue.cockpit import CockpitOptions, PlaybookOption, StatusOption
from gsrules.catalogue.model import PlaybookTask
from gsrules.catalogue.plan_templates import ObjectiveOption, TemplateOption
from gsrules.catalogue.scorecards import CARDS, MEASURES, Scorecards, build_scorecards
from gsrules.errors import InputError, Problem
from gsrules.spec import load_object_file, load_picklists

if TYPE_CHECKING:
    from gsrules.catalogue.callouts import CalloutDef
    from gsrules.catalogue.model import ObjectDef
    from gsrules.catalogue.permissions import LoadPermissions
    from gsrules.catalogue.salesforce import SalesforceObjects
    from gsrules.spec import ObjectSpec, PicklistsSpec
    from gsrules.spec.objects import PlanTemplateSpec


DEFINITIONS: Final = ("picklists.yml", "scorecards.yml", "callouts.yml", "load_permissions.yml")
"""The files in datasets/ that say what the tenant has beside objects."""


def read_object_files(folder: Path, problems: list[Problem]) -> list[ObjectSpec]:
    """The object files of a folder in order of their names; problems are added to `problems`."""
    if not folder.is_dir():
        return []
    found: list[ObjectSpec] = []
    for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".yml", ".yaml") and p.is_file()):
        try:
            found.append(load_object_file(path))
        except InputError as error:
            problems.extend(error.problems)
    return found


def read_callouts(path: Path, problems: list[Problem]) -> dict[str, CalloutDef]:
    """The callouts of callouts.yml by name."""
    if not path.is_file():
        return {}
    from gsrules.catalogue.callouts import callouts_of
    from gsrules.spec.load import load_callouts

    try:
        return callouts_of(load_callouts(path).callouts, problems)
    except InputError as error:
        problems.extend(error.problems)
        return {}


def read_load_permissions(
    path: Path, objects: Mapping[str, ObjectDef], salesforce: SalesforceObjects, problems: list[Problem]
) -> LoadPermissions | None:
    """The list of load_permissions.yml; None where a project has no list."""
    if not path.is_file():
        return None
    from gsrules.catalogue.permissions import permissions_of
    from gsrules.spec.load import load_load_permissions

    try:
        return permissions_of(load_load_permissions(path), objects, salesforce, problems)
    except InputError as error:
        problems.extend(error.problems)
        return None


def read_scorecards(datasets: Path, tenant_id: str, problems: list[Problem]) -> Scorecards:
    """The scorecards of scorecards.yml, with the names in the seed files of scorecards and measures."""
    path, spec = datasets / "scorecards.yml", None
    if path.is_file():
        from gsrules.spec.load import load_scorecards

        try:
            spec = load_scorecards(path)
        except InputError as error:
            problems.extend(error.problems)
    seeded = {name: _seeded_names(datasets / "records" / f"{name}.csv") for name in (CARDS, MEASURES)}
    return build_scorecards(spec, seeded, tenant_id, problems)


def _seeded_names(path: Path) -> tuple[str, ...]:
    """What the column Name of a seed file holds; what is wrong with the file, seeding says."""
    if not path.is_file():
        return ()
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            key = next((each for each in rows.fieldnames or () if each.strip().lower() == "name"), None)
            return tuple(dict.fromkeys(row[key].strip() for row in rows if key is not None and row.get(key)))
    except (OSError, UnicodeDecodeError, csv.Error):
        return ()


def read_options(path: Path, problems: list[Problem]) -> tuple[CockpitOptions, Sequence[tuple[str, Iterable[str]]]]:
    """The cockpit options and the options of dropdown fields that picklists.yml adds."""
    if not path.is_file():
        return CockpitOptions(), ()
    try:
        spec = load_picklists(path)
    except InputError as error:
        problems.extend(error.problems)
        return CockpitOptions(), ()
    return _cockpit_options(spec), tuple(spec.fields.items())


def _cockpit_options(spec: PicklistsSpec) -> CockpitOptions:
    return CockpitOptions(
        types=spec.cta_types,
        reasons=tuple(spec.cta_reasons.items()),
        statuses=[StatusOption(status.name, status.open, status.type) for status in spec.cta_statuses],
        priorities=spec.cta_priorities,
        plan_types=spec.success_plan_types,
        plan_statuses=[StatusOption(status.name, status.open, status.type) for status in spec.success_plan_statuses],
        templates=[_template(name, given) for name, given in spec.success_plan_templates.items()],
        playbooks=[
            PlaybookOption(
                name=name,
                type=playbook.type,
                tasks=tuple(PlaybookTask(str(task.name), task.days, task.priority) for task in playbook.tasks),
                active=playbook.active,
                place=playbook.place,
            )
            for name, playbook in spec.playbooks.items()
        ],
    )


def _template(name: str, given: PlanTemplateSpec) -> TemplateOption:
    objectives = tuple(
        ObjectiveOption(
            each.name, each.type, each.reason, each.status, each.priority, each.playbook, each.days, each.place
        )
        for each in given.objectives
    )
    return TemplateOption(name, given.type, given.active, objectives, given.place)
