"""The pieces that tasks and actions share: conditions, and whatever may be written as a single text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from pydantic import Field, GetJsonSchemaHandler, ValidationInfo, model_validator
from pydantic_core import CoreSchema

from gsrules.errors import Place, Problem
from gsrules.spec.base import Bool, Name, Spec, refusal, report
from gsrules.spec.text import Text, YamlMapping, mapping_of

_LETTERS = r"[A-Z]{1,2}"


def letters() -> Iterator[str]:
    """A, B, … Z, AA, AB, …: the letters of conditions (actions.md §2)."""
    alphabet = [chr(code) for code in range(ord("A"), ord("Z") + 1)]
    yield from alphabet
    for first in alphabet:
        for second in alphabet:
            yield first + second


class ConditionSettings(Spec):
    """What one condition decides for itself; None: as the behaviour profile says (data-setup.md §5.3, §5.4)."""

    include_nulls: Bool | None = None
    ignore_case: Bool | None = None


class WhereSpec(Spec):
    """Conditions by letter, and the Advanced Logic over the letters (None: all must hold).

    Read from one text, a list of texts, or letters with `logic` (rule-language §4). In a list and behind a letter a
    condition may be a mapping; what it says beside `condition` is in `settings`, by the same letter.
    """

    conditions: dict[Text, Name]
    settings: dict[Text, ConditionSettings] = Field(default_factory=dict)
    logic: Name | None = None

    @property
    def written(self) -> dict[Text, Text]:
        """The conditions on one line each, with their settings: `{condition: …, include_nulls: true}`."""
        return {letter: _on_one_line(text, self.settings.get(letter)) for letter, text in self.conditions.items()}

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
        return text_or_mapping(data, "a condition, a list of conditions, or conditions with letters", "")

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        text = {"type": "string", "description": "A condition, such as: Status in ('Active')"}
        condition = {"anyOf": [text, _settled_schema(text)]}
        logic = {"type": "string", "description": "Advanced Logic over the letters, such as: A and (B or C)"}
        return {
            "description": "Conditions: one text, a list (all must hold), or letters A, B, … with their logic.",
            "anyOf": [
                text,
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


def text_or_mapping(data: Any, expected: str, hint: str) -> Any:
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


def _settled_schema(text: dict[str, Any]) -> dict[str, Any]:
    nulls = "Whether rows pass whose left side is null; absent: filter.null_rows."
    case = "Whether letter case is ignored; absent: filter.equality_case, filter.text_match_case."
    return {
        "type": "object",
        "properties": {
            "condition": text,
            "include_nulls": {"type": "boolean", "description": nulls},
            "ignore_case": {"type": "boolean", "description": case},
        },
        "required": ["condition"],
        "additionalProperties": False,
    }


def _on_one_line(condition: Text, settings: ConditionSettings | None) -> Text:
    if settings is None:
        return condition
    said = [
        f"{key}: {str(value).lower()}"
        for key in ConditionSettings.model_fields
        if (value := getattr(settings, key)) is not None
    ]
    quoted = '"' + condition.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return Text("{" + ", ".join([f"condition: {quoted}", *said]) + "}", condition.place)


def _with_settings(conditions: YamlMapping) -> dict[str, Any]:
    """Texts and settings by letter, out of conditions that are texts or mappings."""
    settings = YamlMapping(place=conditions.place)
    for letter, value in conditions.items():
        if not isinstance(value, YamlMapping):
            continue
        if "condition" not in value:
            message = f"the condition {letter} has no `condition`"
            hint = "write {condition: \"Status != 'Active'\", include_nulls: true, ignore_case: false}"
            raise refusal("GS-SPEC-MISSING", message, hint=hint, key=letter)
        value.model = ConditionSettings
        conditions[letter], conditions.places[letter] = value["condition"], value.places.get("condition")
        rest = {key: each for key, each in value.items() if key != "condition"}
        settings[letter] = YamlMapping(rest, place=value.place, places=value.places, key_places=value.key_places)
        settings.places[letter] = value.place
    return {"conditions": conditions, "settings": settings} if settings else {"conditions": conditions}


def _lettered_list(data: list[Any]) -> YamlMapping:
    if not data:
        raise refusal("GS-SPEC-EMPTY", "an empty list of conditions", hint="leave the key out, or write a condition")
    places = getattr(data, "places", None) or [None] * len(data)
    conditions = dict(zip(letters(), data, strict=False))
    if len(conditions) < len(data):
        raise refusal("GS-SPEC-LENGTH", f"{len(data)} conditions are more than there are letters (A to ZZ)")
    where_each = dict(zip(conditions, places, strict=False))
    inner = YamlMapping(conditions, place=places[0], places=where_each, key_places=where_each)
    return mapping_of(_with_settings(inner), getattr(data, "place", None))


def _lettered(data: Mapping[str, Any], info: ValidationInfo) -> YamlMapping:
    place: Place | None = getattr(data, "place", None)
    places: Mapping[str, Place | None] = getattr(data, "places", {})
    key_places: Mapping[str, Place | None] = getattr(data, "key_places", {})
    found = YamlMapping(place=place)
    for key, value in data.items():
        letter = key.upper()
        if letter == "LOGIC":
            continue
        if not re.fullmatch(_LETTERS, letter):
            message = f"`{key}` is not the letter of a condition"
            hint = "conditions have the letters A, B, C, …; beside them only `logic` is known"
            if key in ("condition", *ConditionSettings.model_fields):
                hint = "put it behind a letter: A: {condition: …, include_nulls: true}"
            report(info, Problem("GS-SPEC-KEY", message, key_places.get(key), value=key, hint=hint))
        elif letter in found:
            message = f"the letter {letter} stands for two conditions"
            report(info, Problem("GS-SPEC-DUPLICATE", message, key_places.get(key), value=key))
        else:
            found[Text(letter, key_places.get(key))] = value
            found.places[letter], found.key_places[letter] = places.get(key), key_places.get(key)
    if not found and not any(key.upper() != "LOGIC" for key in data):
        raise refusal("GS-SPEC-EMPTY", "no condition", hint="write at least `A: …`")
    made = YamlMapping(_with_settings(found), place=place, places={"conditions": place})
    for key in data:
        if key.upper() == "LOGIC":
            made["logic"], made.places["logic"] = data[key], places.get(key)
    return made


def or_text(made: dict[str, Any], handler: GetJsonSchemaHandler, description: str) -> dict[str, Any]:
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
        return text_or_mapping(data, f"a text (short for {{{cls.shorthand}: …}}) or a mapping", "")

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return or_text(handler(schema), handler, f"Short for {{{cls.shorthand}: …}}.")
