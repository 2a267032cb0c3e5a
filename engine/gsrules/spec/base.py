"""The base of all models of the rule language, and the small value types that they share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainValidator,
    PrivateAttr,
    StrictBool,
    StrictInt,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from gsrules.dataclass import dataclass
from gsrules.errors import Place, Problem
from gsrules.spec.text import Text, YamlList, YamlMapping

if TYPE_CHECKING:
    from gsrules.spec.kinds import Kinds


@dataclass(slots=True)
class Loading:
    """What validators share while one file is loaded: the known kinds, and the problems found beside pydantic's."""

    kinds: Kinds | None = None
    problems: list[Problem] = field(default_factory=list)


def refusal(
    code: str, message: str, *, hint: str = "", nearest: str = "", value: str = "", key: str = ""
) -> PydanticCustomError:
    """An exception for validators to raise: becomes a `Problem` with these texts at the validated value.

    `key` moves the place to that key of the validated mapping.
    """
    words = {"message": message, "hint": hint, "nearest": nearest, "value": value, "key": key}
    return PydanticCustomError(code, "{message}", words)


def report(info: ValidationInfo, problem: Problem) -> None:
    """Adds a problem without ending the validation; without a loading under way it is raised instead."""
    if isinstance(info.context, Loading):
        info.context.problems.append(problem)
        return
    raise refusal(problem.code, problem.message, hint=problem.hint, nearest=problem.nearest, value=problem.value)


class Spec(BaseModel):
    """A frozen piece of a file of a project. `place` is where it stands; `place_of(key)` where a key's value does."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, defer_build=True)

    null_keys: ClassVar[frozenset[str]] = frozenset()
    """Keys that may be written with no value (null)."""

    _place: Place | None = PrivateAttr(default=None)
    _places: Mapping[str, Place | None] = PrivateAttr(default_factory=dict)

    @property
    def place(self) -> Place | None:
        return self._place

    def place_of(self, key: str) -> Place | None:
        """Where the value of `key` (as the file spells it) stands, else the place of the whole."""
        return self._places.get(key) or self._place

    @classmethod
    def known_keys(cls) -> tuple[str, ...]:
        """The keys as files spell them."""
        return tuple(found.alias or name for name, found in cls.model_fields.items())

    @model_validator(mode="wrap")
    @classmethod
    def _keep_place(cls, data: Any, handler: Callable[[Any], Any], info: ValidationInfo) -> Any:
        if not isinstance(data, YamlMapping):
            return handler(data)
        data.model = cls
        for key in [key for key, value in data.items() if value is None and key not in cls.null_keys]:
            if key in cls.known_keys():
                report(info, _no_value(cls, key, data.places.get(key)))
        for name, alias in ((name, found.alias) for name, found in cls.model_fields.items()):
            # Python's names of keys (`from_`) are accepted from Python only.
            if name in data and alias is not None and name != alias:
                report(info, _python_name(name, alias, data.key_places.get(name)))
        made = handler(_without_nulls(data, cls))
        if isinstance(made, Spec):
            made._place = data.place
            made._places = data.places
        return made


def _python_name(name: str, alias: str, place: Place | None) -> Problem:
    message = f"`{name}` is not known here"
    return Problem("GS-SPEC-KEY", message, place, value=name, hint=f"write `{alias}`", nearest=alias)


def _no_value(model: type[Spec], key: str, place: Place | None) -> Problem:
    required = any(found.is_required() for name, found in model.model_fields.items() if key in (name, found.alias))
    hint = f"give `{key}` a value" + ("" if required else " or leave the line out")
    return Problem("GS-SPEC-EMPTY", f"`{key}` has no value", place, hint=hint)


def _without_nulls(data: YamlMapping, model: type[Spec]) -> YamlMapping:
    """The mapping without the keys that have no value, so that one mistake makes one problem."""
    optional = {
        found.alias or name for name, found in model.model_fields.items() if not found.is_required()
    } - model.null_keys
    if not any(value is None and key in optional for key, value in data.items()):
        return data
    kept = {key: value for key, value in data.items() if value is not None or key not in optional}
    made = YamlMapping(kept, place=data.place, places=data.places, key_places=data.key_places)
    made.model = data.model
    return made


def _not_blank(value: Text) -> Text:
    if not value.strip():
        raise refusal("GS-SPEC-EMPTY", "an empty text", hint="write something, or leave the key out")
    return value


def _scalar(value: object) -> Text | int | float | bool:
    if isinstance(value, bool | int | float | Text):
        return value
    if isinstance(value, str):
        return Text(value)
    raise refusal("scalar_type", "a text, a number, true or false is expected")


class _OneAsMany:
    """Marks a list for which a single text may stand."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(_one_as_many, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        many = handler(schema)
        return {"anyOf": [many, many["items"]]}


def _one_as_many(value: object) -> object:
    if isinstance(value, str):
        return YamlList([value], places=[getattr(value, "place", None)])
    return value


class Later:
    """Marks a value of a model that is loaded only when a file has one: `Annotated[Any, Later(module, name)]`."""

    def __init__(self, module: str, name: str) -> None:
        self._module, self._name = module, name

    def _model(self) -> type[Spec]:
        found: type[Spec] = getattr(import_module(self._module), self._name)
        return found

    def _read(self, value: object, info: ValidationInfo) -> Spec:
        return value if isinstance(value, Spec) else self._model().model_validate(value, context=info.context)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(self._read)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        model = self._model()
        model.model_rebuild()
        return handler(model.__pydantic_core_schema__)


T = TypeVar("T")

Name = Annotated[Text, AfterValidator(_not_blank)]
"""A text that is not blank."""


def _at_most(characters: int) -> AfterValidator:
    def check(value: Text) -> Text:
        if len(value) > characters:
            message = f"the text has {len(value)} characters; at most {characters} are allowed"
            raise refusal("GS-SPEC-LENGTH", message, hint="Gainsight refuses longer ones")
        return value

    return AfterValidator(check)


ActionDescription = Annotated[Name, _at_most(500)]

Bool = StrictBool
Whole = StrictInt
NotNegative = Annotated[StrictInt, Field(ge=0)]
Positive = Annotated[StrictInt, Field(ge=1)]
Decimals = Annotated[StrictInt, Field(ge=0, le=9)]

Scalar = Annotated[
    Text | int | float | bool,
    PlainValidator(_scalar),
    WithJsonSchema({"type": ["string", "number", "boolean"]}),
]
"""A text, a number, true or false, as the file has it."""

OneOrMany = Annotated[tuple[T, ...], Field(min_length=1), _OneAsMany()]
"""A list that is not empty; a single text stands for a list of one."""

Names = OneOrMany[Name]
ShowList = OneOrMany[Name]
"""Show items as written (rule-language §4)."""
