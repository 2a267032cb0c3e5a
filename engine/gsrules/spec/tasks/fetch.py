"""The dataset task (data-setup.md §4)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from gsrules.spec.base import Bool, Name, Names, ShowList, refusal
from gsrules.spec.pieces import WhereSpec
from gsrules.spec.tasks.task import TaskSpec


class FetchTask(TaskSpec):
    """Reads the records of an object (data-setup.md §4)."""

    type: Literal["fetch"] = "fetch"
    object: Name = Field(description="The object: company, or a Salesforce object with source: salesforce.")
    source: Literal["tenant", "salesforce"] = Field("tenant", description="Where the object lives.")
    show: ShowList | None = Field(None, description="The fields to show; absent: all.")
    where: WhereSpec | None = None
    group_by: Names | None = Field(None, description="The groups; must agree with the plain fields of show.")
    customers_only: Bool = Field(False, description="Only records of accounts that are companies (Salesforce).")

    @model_validator(mode="after")
    def _check(self) -> FetchTask:
        if self.customers_only and self.source != "salesforce":
            raise refusal(
                "GS-SPEC-ONE-OF",
                "`customers_only` belongs to `source: salesforce`",
                hint="remove customers_only, or add source: salesforce",
                key="customers_only",
            )
        return self
