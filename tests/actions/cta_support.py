"""CTAs, tasks and plans that tests of cockpit actions find in the tenant."""

from __future__ import annotations

from typing import Any

from tests.actions.support import World, company

COLUMNS = {"C": "id", "N": "text", "O": "text", "X": "text"}


def cta_id(number: int) -> str:
    return f"1S0100000000LOCAL0{number:018d}"


def task_id(number: int) -> str:
    return f"1S0200000000LOCAL0{number:018d}"


def gsid_of(world: World, category: str, name: str, cta_type: str | None = None) -> str:
    """The GSID of a cockpit option, or of a playbook."""
    found = world.catalogue.playbook(name) if category == "PLAYBOOK" else None
    option = world.catalogue.cockpit(category, name, cta_type)
    made = found or option
    assert made is not None
    return made.gsid


def stored(world: World, number: int, **values: object) -> None:
    """A CTA of company 1 with the key of the risk CTAs of these tests."""
    row: dict[str, Any] = {
        "Gsid": cta_id(number),
        "Name": "Drop at C1",
        "CompanyId": company(1),
        "EntityType": "COMPANY",
        "TypeId": gsid_of(world, "CTA_TYPE", "Risk"),
        "ReasonId": gsid_of(world, "CTA_REASON", "Usage Drop", "Risk"),
        "IsClosed": values.get("ClosedDate") is not None,
        "Source": "Rules",
        "Comments": "old",
    } | values
    world.seed("call_to_action", [row])


def create_cta(more: str = "", **keys: str) -> str:
    """A create_cta action; an empty text leaves a parameter out."""
    lines = {
        "company": "C",
        "name": "Drop at ${N}",
        "type": "Risk",
        "reason": "Usage Drop",
        "priority": "High",
        "status": "New",
        "owner": "{column: O}",
        "comments": '{text: "Said ${X}"}',
    } | keys
    body = "".join(f"    {key}: {value}\n" for key, value in lines.items() if value)
    return f"  - action: create_cta\n    from: Rows\n{body}{more}"


def one(world: World, owner: object = "u1@example.com") -> None:
    """A dataset of one row, for company 1."""
    world.dataset(COLUMNS, [[company(1), "C1", owner, "x"]])
