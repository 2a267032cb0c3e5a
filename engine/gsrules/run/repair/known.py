"""The names that a project knows beside those of one file."""

from __future__ import annotations

from collections.abc import Iterator

from gsrules.expressions.functions import AGGREGATES, FUNCTIONS
from gsrules.run.workspace import Workspace


def known_names(workspace: Workspace) -> frozenset[str]:
    """Objects, fields, options, functions and rules, in lower case."""
    return frozenset(name.lower() for name in _names(workspace))


def _names(workspace: Workspace) -> Iterator[str]:
    catalogue = workspace.catalogue
    for definition in catalogue.objects.values():
        yield from (definition.name, definition.label, *definition.known_names)
    for category in catalogue.categories.values():
        yield from (item.name for item in category.items)
    yield from (item.name for item in catalogue.cockpit_items)
    yield from catalogue.playbooks
    yield from catalogue.salesforce_names
    yield from FUNCTIONS
    yield from AGGREGATES
    yield from workspace.project.profile
    yield from workspace.rule_ids()
