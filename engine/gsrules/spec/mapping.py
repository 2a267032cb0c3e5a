"""What the target fields of an action get, as written (actions.md §3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, GetJsonSchemaHandler, model_validator
from pydantic_core import CoreSchema

from gsrules.spec.base import Name, Scalar, Spec, refusal
from gsrules.spec.pieces import or_text, text_or_mapping
from gsrules.spec.text import YamlMapping, mapping_of

Match = Annotated[dict[Name, Name], Field(min_length=1, max_length=6)]
"""Fields of the looked-up object → columns (show items); 1 to 6 (actions.md §3.3)."""


class MappingSpec(Spec):
    """What a target field gets: exactly one of a column, a constant, a lookup, an expression (actions.md §3.1).

    A plain text is a column, written as in a show item.
    """

    null_keys: ClassVar[frozenset[str]] = frozenset({"value", "none"})

    column: Name | None = Field(None, description="A column of the dataset, written as in a show item.")
    value: Scalar | None = Field(None, description="A constant.")
    lookup: Name | None = Field(None, description="The object in which a record is looked up; its GSID is taken.")
    expression: Name | None = Field(None, description="An expression over the dataset's columns (extension).")
    default: Scalar | None = Field(None, description="Used when the source value is null or does not fit the field.")
    on_null: Literal["write", "skip"] | None = Field(
        None, description="A null value: write stores it, skip leaves the stored value alone."
    )
    map: dict[Name, Scalar] | None = Field(None, description="Customise mapping: source option → target option.")
    match: Match | None = Field(
        None, description="Of a lookup: its fields → columns of the dataset; all must be equal."
    )
    multiple: Literal["any_one", "error"] | None = Field(None, description="Of a lookup: what several matches do.")
    none: Literal["null", "error"] | None = Field(None, description="Of a lookup: what no match does.")

    @model_validator(mode="before")
    @classmethod
    def _normalise(cls, data: Any) -> Any:
        if isinstance(data, str):
            return mapping_of({"column": data}, getattr(data, "place", None))
        if isinstance(data, YamlMapping) and "none" in data and data["none"] is None:
            # `none: null` can only mean 'null': YAML takes the quotes' absence for no value.
            spelled = YamlMapping(data, place=data.place, places=data.places, key_places=data.key_places)
            spelled["none"] = "null"
            return spelled
        return text_or_mapping(data, "a column or a mapping", "for a constant write {{value: {}}}")

    @model_validator(mode="after")
    def _check(self) -> MappingSpec:
        given = [key for key in ("column", "value", "lookup", "expression") if key in self.model_fields_set]
        if len(given) != 1:
            found = "it has " + " and ".join(f"`{key}`" for key in given) if given else "it has none of them"
            raise refusal(
                "GS-SPEC-ONE-OF",
                f"a mapping needs exactly one of `column`, `value`, `lookup`, `expression`; {found}",
                hint="for example: {column: Logins}",
            )
        of_lookup = [key for key in ("match", "multiple", "none") if key in self.model_fields_set]
        if given == ["lookup"]:
            self._check_lookup(of_lookup)
        elif of_lookup:
            raise refusal(
                "GS-SPEC-ONE-OF", f"`{of_lookup[0]}` belongs to a `lookup`, and there is none", key=of_lookup[0]
            )
        return self

    def _check_lookup(self, stated: Sequence[str]) -> None:
        missing = [key for key in ("match", "multiple", "none") if key not in stated]
        if missing:
            hints = {
                "match": "match: {Email: CSM Email}",
                "multiple": "multiple: any_one | error",
                "none": "none: 'null' | error",
            }
            raise refusal(
                "GS-SPEC-MISSING",
                "a lookup must state " + " and ".join(f"`{key}`" for key in missing),
                hint="add " + ", ".join(hints[key] for key in missing),
            )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        made = or_text(handler(schema), handler, "A column of the dataset, written as in a show item.")
        for key in cls.null_keys:
            made["anyOf"][1]["properties"][key].pop("default")  # null is a value here, not only absence
        return made


Fields = dict[Name, MappingSpec]
"""Target fields → what they get."""
