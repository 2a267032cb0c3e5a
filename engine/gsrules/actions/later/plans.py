"""Updating CTAs, success plans, the outbox (actions.md §6.6, §8, §9)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from gsrules.actions.later.records import EntitySpec
from gsrules.actions.later.refusing import BIONIC_LACKS, not_yet
from gsrules.spec import ActionSpec, DueSpec, Fields, MappingSpec, Names, OwnerSpec
from gsrules.spec.base import Name


class CreateSuccessPlanSpec(EntitySpec):
    """Creates a success plan for each row, or updates the one with the key."""

    action: Literal["create_success_plan"] = "create_success_plan"
    name: Name = Field(description="The plan's name; ${…} inserts a column.")
    type: Name = Field(description="The plan type.")
    status: Name = Field(description="A status of the type.")
    template: Name | None = Field(None, description="A template of the type.")
    owner: OwnerSpec | None = Field(None, description="The owner.")
    due: DueSpec = Field(default_factory=DueSpec, description="The due date.")
    identifiers: Names = Field(
        ("type", "status", "name"), description="The key beside the entity.", validate_default=True
    )
    fields: Fields = Field(default_factory=dict, description="Further fields of the plan.")


class UpdateSuccessPlanSpec(ActionSpec):
    """Changes success plans found by id."""

    action: Literal["update_success_plan"] = "update_success_plan"
    plan: MappingSpec = Field(description="The column with the plan's GSID, or a lookup to cta_group.")
    type: Name = Field(description="The plan type.")
    status: Name = Field(description="A status of the type.")
    template: Name | None = Field(None, description="A template of the type.")
    owner: OwnerSpec | None = Field(None, description="The owner.")


KINDS = (
    not_yet(
        "create_success_plan",
        "Success Plan › Create",
        CreateSuccessPlanSpec,
        "Creates a success plan for each row, or updates the one with the key.",
        "actions.md §8 [cli] [doc]",
        "- action: create_success_plan\n  from: Rows\n  company: Company GSID\n  name: Plan of ${Name}\n"
        "  type: Objectives\n  status: Draft\n",
    ),
    not_yet(
        "update_success_plan",
        "Success Plan › Update",
        UpdateSuccessPlanSpec,
        "Changes success plans found by id.",
        "actions.md §8 [cli]",
        "- action: update_success_plan\n  from: Rows\n  plan: Plan GSID\n  type: Objectives\n  status: Active\n",
        engines=BIONIC_LACKS,
    ),
)
