"""Text that knows where it was written, and the nodes of a loaded YAML file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from gsrules.errors import Place

if TYPE_CHECKING:
    from gsrules.spec.base import Spec

_ESCAPED_LENGTHS = {"x": 4, "u": 6, "U": 10}


class Text(str):
    """A text of a file with its place: where its first character stands (None: not from a file).

    Slices and the like are plain `str`; use `at` for the place of a part.
    """

    __slots__ = ("lines", "place")

    place: Place | None
    lines: tuple[Place, ...]

    def __new__(cls, value: str = "", place: Place | None = None, lines: Iterable[Place] = ()) -> Text:
        """`lines`: of a text written on several lines, the place where each source line's content begins."""
        made = super().__new__(cls, value)
        made.place = place
        made.lines = tuple(lines)
        return made

    def __getnewargs__(self) -> tuple[str, Place | None, tuple[Place, ...]]:  # type: ignore[override]
        return (str(self), self.place, self.lines)

    def at(self, offset: int, length: int = 1) -> Place | None:
        """The place of the character at `offset`, also in block texts and behind quotes and escapes."""
        if self.place is None:
            return None
        if self.lines:
            return self._at_line(offset, length)
        return self.place.shifted(_source_offset(self, self.place, offset), length)

    def _at_line(self, offset: int, length: int) -> Place | None:
        """Finds the source line that holds `offset`, whatever way the lines were joined."""
        cursor = 0
        found = self.place
        for line in self.lines:
            content = line.text[line.column - 1 : line.column - 1 + line.length]
            start = self.find(content, cursor) if content else -1
            if start < 0:
                continue
            if start > offset:
                break
            cursor = start + len(content)
            found = line.shifted(min(offset - start, len(content)), length)
        return found

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(_as_text, serialization=core_schema.to_string_ser_schema())

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string"}


def _as_text(value: object) -> Text:
    if isinstance(value, Text):
        return value
    if isinstance(value, str):
        return Text(value)
    raise PydanticCustomError("string_type", "a text is expected")


def _source_offset(text: str, place: Place, offset: int) -> int:
    """How far from `place` the character at `offset` stands in the source line, escapes counted in."""
    source, start = place.text, place.column - 1
    if source.startswith(text, start):
        return offset
    quote = source[start - 1 : start]
    at = start
    for _ in range(offset):
        if quote == "'" and source.startswith("''", at):
            at += 2
        elif quote == '"' and source.startswith("\\", at):
            at += _ESCAPED_LENGTHS.get(source[at + 1 : at + 2], 2)
        else:
            at += 1
    return min(at, len(source)) - start


class YamlMapping(dict[str, Any]):
    """A mapping of a file: `places` and `key_places` tell where each value and each key stands."""

    def __init__(
        self,
        items: Mapping[str, Any] | None = None,
        *,
        place: Place | None = None,
        places: Mapping[str, Place | None] | None = None,
        key_places: Mapping[str, Place | None] | None = None,
    ) -> None:
        super().__init__(items or {})
        self.place = place
        self.places: dict[str, Place | None] = dict(places or {})
        self.key_places: dict[str, Place | None] = dict(key_places or {})
        self.model: type[Spec] | None = None
        """The model that the mapping was read as; tells the known keys when problems are put into words."""


class YamlList(list[Any]):
    """A list of a file: `places` tells where each item stands."""

    def __init__(
        self, items: Iterable[Any] = (), *, place: Place | None = None, places: Sequence[Place | None] = ()
    ) -> None:
        super().__init__(items)
        self.place = place
        self.places: list[Place | None] = list(places)


def mapping_of(items: Mapping[str, Any], place: Place | None) -> YamlMapping:
    """A mapping that stands for a shorthand; everything in it is at `place`."""
    everywhere = dict.fromkeys(items, place)
    return YamlMapping(items, place=place, places=everywhere, key_places=everywhere)
