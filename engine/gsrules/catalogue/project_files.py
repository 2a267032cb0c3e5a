"""Reads the project's object files and picklists.yml for the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gsrules.catalogue.cockpit import CockpitOptions, PlaybookOption, StatusOption
from gsrules.catalogue.model import PlaybookTask
from gsrules.errors import InputError, Problem
from gsrules.spec import load_object_file, load_picklists

if TYPE_CHECKING:
    from gsrules.spec import ObjectSpec, PicklistsSpec


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
        statuses=[StatusOption(status.name, status.open) for status in spec.cta_statuses],
        priorities=spec.cta_priorities,
        plan_types=spec.success_plan_types,
        playbooks=[
            PlaybookOption(
                name=name,
                type=playbook.type,
                tasks=tuple(PlaybookTask(str(task.name), task.days, task.priority) for task in playbook.tasks),
                place=playbook.place,
            )
            for name, playbook in spec.playbooks.items()
        ],
    )
