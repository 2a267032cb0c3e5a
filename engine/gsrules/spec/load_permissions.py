"""The file load_permissions.yml: which objects and fields loads may write (actions.md §3.1)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from gsrules.spec.base import Name, Spec

Permitted = Literal["all"] | Annotated[tuple[Name, ...], Field(min_length=1)]
"""All fields of an object, or those named."""


class LoadPermissionsSpec(Spec):
    """The file load_permissions.yml, as the page Permissions – Rules Load Actions."""

    permissions: dict[Name, Permitted] = Field(
        default_factory=dict, description="Object → its fields that loads may write, or all. Other objects: none."
    )

    @model_validator(mode="before")
    @classmethod
    def _empty(cls, data: Any) -> Any:
        return {} if data is None else data
