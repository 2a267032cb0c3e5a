"""The file callouts.yml: the requests that `call_external_api` makes, defined once for all rules (actions.md §9.1)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from gsrules.spec.base import Bool, Name, Spec
from gsrules.spec.text import Text, YamlList, YamlMapping

FieldType = Literal["string", "number", "boolean", "date", "datetime"]


def _named(fields: Any) -> Any:
    """A list of names is a mapping of texts; a name that stands twice is told by the mapping's own check."""
    if not isinstance(fields, YamlList) or not all(isinstance(each, str) for each in fields):
        return fields
    made = YamlMapping(dict.fromkeys(fields, "string"), place=fields.place)
    for name, place in zip(fields, fields.places, strict=True):
        made.places[name] = made.key_places[name] = place
    return made


class CalloutSpec(Spec):
    """A request of another system. `${field}` or `{{field}}` in URL, headers and body stands for a field."""

    connection: Name = Field(description="The connection that it belongs to.")
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = Field("POST", description="The HTTP method.")
    url: Name = Field(description="The URL; values of fields are percent-encoded in it.")
    headers: dict[Name, Text] = Field(
        default_factory=dict, description="Headers; ${env:NAME} takes a secret from the environment."
    )
    body: Text | None = Field(None, description="The body; in JSON the values of fields are escaped.")
    fields: Annotated[dict[Name, FieldType], BeforeValidator(_named)] = Field(
        default_factory=dict, description="The names of the fields, or name → type."
    )
    active: Bool = Field(True, description="false: it was deleted; rules that use it are refused.")


class CalloutsSpec(Spec):
    """The file callouts.yml."""

    callouts: dict[Name, CalloutSpec] = Field(default_factory=dict, description="Name → callout.")

    @model_validator(mode="before")
    @classmethod
    def _empty(cls, data: Any) -> Any:
        return {} if data is None else data
