"""The pieces that tasks and actions share: conditions, mappings, owners, due dates, comments."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    Field,
    GetJsonSchemaHandler,
    ModelWrapValidatorHandler,
    ValidationInfo,
    WrapValidator,
    model_validator,
)
from pydantic_core import CoreSchema

from gsrules.errors import Place, Problem
from gsrules.spec.base import Name, NotNegative, Positive, Scalar, Spec, refusal, report
from gsrules.spec.text import Text, YamlMapping, mapping_of

_LETTERS = re.compile(r"[A-Z]{1,2}")


def letters() -> Iterator[str]:
    """A, B, … Z, AA, AB, …: the letters of conditions (actions.md §2)."""
    alphabet = [chr(code) for code in range(ord("A"), ord("Z") + 1)]
    yield from alphabet
    for first in alphabet:
        for second in alphabet:
            yield first + second


class WhereSpec(Spec):
    """Conditions by letter, and the Advanced Logic over the letters (None: all must hold).

    Read from one text, a list of texts, or letters with `logic` (rule-language §4).
    """

    conditions: dict[Text, Name]
    logic: Name | None = None

    @model_validator(mode="before")
    @classmethod
    def _normalise(cls, data: Any, info: ValidationInfo) -> Any:
        if isinstance(data, str):
            place = getattr(data, "place", None)
            return mapping_of({"conditions": mapping_of({"A": data}, place)}, place)
        if isinstance(data, list):
            return _lettered_list(data)
        if isinstance(data, YamlMapping) or (isinstance(data, Mapping) and "conditions" not in data):
            return _lettered(data, info)
        return _text_or_mapping(data, "a condition, a list of conditions, or conditions with letters", "")

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        condition = {"type": "string", "description": "A condition, such as: Status in ('Active')"}
        logic = {"type": "string", "description": "Advanced Logic over the letters, such as: A and (B or C)"}
        return {
            "description": "Conditions: one text, a list (all must hold), or letters A, B, … with their logic.",
            "anyOf": [
                condition,
                {"type": "array", "items": condition, "minItems": 1},
                {
                    "type": "object",
                    "properties": {"logic": logic},
                    "patternProperties": {"^[A-Za-z]{1,2}$": condition},
                    "additionalProperties": False,
                    "minProperties": 1,
                },
            ],
        }


def _text_or_mapping(data: Any, expected: str, hint: str) -> Any:
    """`data` if a piece with a short form can be made of it."""
    if isinstance(data, Mapping | Spec):
        return data
    scalar = isinstance(data, bool | int | float)
    shown = str(data).lower() if isinstance(data, bool) else str(data)
    raise refusal(
        "shorthand_type",
        f"{expected} is expected",
        hint=(hint or "a text that looks like a number needs quotes: '{}'").format(shown) if scalar else "",
    )


def _lettered_list(data: list[Any]) -> YamlMapping:
    if not data:
        raise refusal("GS-SPEC-EMPTY", "an empty list of conditions", hint="leave the key out, or write a condition")
    places = getattr(data, "places", None) or [None] * len(data)
    conditions = dict(zip(letters(), data, strict=False))
    if len(conditions) < len(data):
        raise refusal("GS-SPEC-LENGTH", f"{len(data)} conditions are more than there are letters (A to ZZ)")
    where_each = dict(zip(conditions, places, strict=False))
    inner = YamlMapping(conditions, place=places[0], places=where_each, key_places=where_each)
    return mapping_of({"conditions": inner}, getattr(data, "place", None))


def _lettered(data: Mapping[str, Any], info: ValidationInfo) -> YamlMapping:
    place: Place | None = getattr(data, "place", None)
    places: Mapping[str, Place | None] = getattr(data, "places", {})
    key_places: Mapping[str, Place | None] = getattr(data, "key_places", {})
    found = YamlMapping(place=place)
    for key, value in data.items():
        letter = key.upper()
        if letter == "LOGIC":
            continue
        if not _LETTERS.fullmatch(letter):
            message = f"`{key}` is not the letter of a condition"
            hint = "conditions have the letters A, B, C, …; beside them only `logic` is known"
            report(info, Problem("GS-SPEC-KEY", message, key_places.get(key), value=key, hint=hint))
        elif letter in found:
            message = f"the letter {letter} stands for two conditions"
            report(info, Problem("GS-SPEC-DUPLICATE", message, key_places.get(key), value=key))
        else:
            found[Text(letter, key_places.get(key))] = value
            found.places[letter], found.key_places[letter] = places.get(key), key_places.get(key)
    if not found and not any(key.upper() != "LOGIC" for key in data):
        raise refusal("GS-SPEC-EMPTY", "no condition", hint="write at least `A: …`")
    made = YamlMapping({"conditions": found}, place=place, places={"conditions": place})
    for key in data:
        if key.upper() == "LOGIC":
            made["logic"], made.places["logic"] = data[key], places.get(key)
    return made


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
        return _text_or_mapping(data, "a column or a mapping", "for a constant write {{value: {}}}")

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
        made = _or_text(handler(schema), handler, "A column of the dataset, written as in a show item.")
        for key in cls.null_keys:
            made["anyOf"][1]["properties"][key].pop("default")  # null is a value here, not only absence
        return made


def _or_text(made: dict[str, Any], handler: GetJsonSchemaHandler, description: str) -> dict[str, Any]:
    """The schema of a model for which a single text may stand."""
    full = handler.resolve_ref_schema(made)
    described = full.pop("description", "")
    return {"description": described, "anyOf": [{"type": "string", "description": description}, full]}


class ColumnOrText(Spec):
    """Base of pieces for which a single text may stand, as the key `shorthand`."""

    shorthand: ClassVar[str]

    @model_validator(mode="before")
    @classmethod
    def _normalise(cls, data: Any) -> Any:
        if isinstance(data, str):
            return mapping_of({cls.shorthand: data}, getattr(data, "place", None))
        return _text_or_mapping(data, f"a text (short for {{{cls.shorthand}: …}}) or a mapping", "")

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return _or_text(handler(schema), handler, f"Short for {{{cls.shorthand}: …}}.")


class OwnerSpec(ColumnOrText):
    """Who owns the record: the user of `column`, else `default` (a GSID or an e-mail address; actions.md §6.5)."""

    shorthand: ClassVar[str] = "column"

    column: Name | None = Field(None, description="A column with the GSID or the e-mail address of a user.")
    default: Name | None = Field(None, description="The user when the column names none: GSID or e-mail address.")

    @model_validator(mode="after")
    def _check(self) -> OwnerSpec:
        if self.column is None and self.default is None:
            raise refusal("GS-SPEC-ONE-OF", "an owner needs `column` or `default`, or both")
        return self


class DueSpec(Spec):
    """The due date: the rule date plus `days`, of which the skipped days do not count (actions.md §6.4)."""

    days: NotNegative = Field(5, description="Days after the rule date.")
    skip: Literal["weekends", "saturday", "sunday", "nothing"] = Field("weekends", description="Days not counted.")


class CommentsSpec(ColumnOrText):
    """A comment with ${…} tokens; `repeat` when creating and closing, `mode` when updating (actions.md §6)."""

    shorthand: ClassVar[str] = "text"

    text: Name = Field(description="The comment; ${…} inserts a column or an expression.")
    repeat: Literal["always", "once", "never"] = Field("always", description="Whether a found CTA gets it again.")
    mode: Literal["append", "replace"] = Field("append", description="Behind the comment that is there, or instead.")

    @model_validator(mode="after")
    def _check(self) -> CommentsSpec:
        if {"repeat", "mode"} <= self.model_fields_set:
            raise refusal("GS-SPEC-ONE-OF", "`repeat` and `mode` exclude each other", key="mode")
        return self


class TimeFrame(Spec):
    """Days in which a closed CTA with the same key still counts (actions.md §6.3)."""

    days: Positive = Field(7, description="Days back from the rule date.")


def _time_frame(value: Any, handler: ModelWrapValidatorHandler[TimeFrame], info: ValidationInfo) -> Any:
    if value is False:
        return False
    if not isinstance(value, Mapping | TimeFrame):
        raise refusal("GS-SPEC-TYPE", "`{days: N}` or false is expected", hint="for example: {days: 7}")
    return TimeFrame.model_validate(value, context=info.context)


TimeFrameOrNone = Annotated[TimeFrame | Literal[False], WrapValidator(_time_frame)]
"""`{days: N}` or `false`."""

Fields = dict[Name, MappingSpec]
"""Target fields → what they get."""
