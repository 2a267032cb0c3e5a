"""The union task (data-setup.md §9)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, GetJsonSchemaHandler, model_validator
from pydantic_core import CoreSchema

from gsrules.spec.base import Decimals, Name, Spec, refusal
from gsrules.spec.tasks.task import TaskSpec
from gsrules.spec.text import Text, mapping_of


class UnionColumn(Spec):
    """An output column of a union: the column that each dataset gives; a dataset left out gives null.

    `type` absent: the one that the columns have in common.
    """

    from_: dict[Name, Name] = Field(alias="from", description="Dataset → its column.")
    type: Literal["string", "number", "boolean", "date", "datetime", "gsid"] | None = Field(
        None, description="The type of the column; absent: that of the columns it is made of."
    )
    decimals: Decimals | None = Field(None, description="Decimal places of a number, 0 to 9.")

    @model_validator(mode="before")
    @classmethod
    def _normalise(cls, data: Any) -> Any:
        """`{CRM contacts: Email}` is short for `{from: {CRM contacts: Email}}`."""
        if not isinstance(data, Mapping):
            hint = "write {First dataset: its column, Second dataset: its column}"
            raise refusal("mapping_type", "the columns of the datasets are expected", hint=hint)
        if isinstance(data.get("from"), Mapping) or "from_" in data:
            return data
        return mapping_of({"from": data}, getattr(data, "place", None))

    @model_validator(mode="after")
    def _check(self) -> UnionColumn:
        if self.decimals is not None and self.type not in ("number", None):
            message = f"`decimals` belongs to numbers; this column is a {self.type}"
            raise refusal("GS-SPEC-ONE-OF", message, hint="remove decimals, or write type: number", key="decimals")
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        full = handler.resolve_ref_schema(handler(schema))
        short = {
            "type": "object",
            "description": "Dataset → its column.",
            "additionalProperties": {"type": "string"},
            "minProperties": 1,
        }
        return {"anyOf": [short, full]}


class UnionTask(TaskSpec):
    """Puts the rows of datasets below one another (data-setup.md §9)."""

    type: Literal["union"] = "union"
    from_: tuple[Name, ...] = Field(alias="from", min_length=2, description="The datasets.")
    columns: dict[Name, UnionColumn] | None = Field(
        None, description="Output column → {dataset: its column}; absent: by column name."
    )

    @property
    def inputs(self) -> tuple[Text, ...]:
        return self.from_
