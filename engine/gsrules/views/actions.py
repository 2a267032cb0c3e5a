"""The kinds of actions for people and programs: the list, and one kind with its parameters, from its registration."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any, Final

from gsrules.actions.changes.messages import ROWS
from gsrules.actions.kind import ActionKind
from gsrules.actions.registry import action_kinds
from gsrules.dataclass import dataclass
from gsrules.errors import InputError, Problem, nearest
from gsrules.spec.schema import tidied
from gsrules.views.functions import EVIDENCE

_WIDTH: Final = 100
_EVERY: Final = ("action", "id", "from", "when", "expect", "description")
"""What every action has; the page tells it once."""
_WORDS: Final = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}
_PLAIN: Final = {"WhereSpec": "conditions", "MappingSpec": "column or mapping"}


@dataclass(frozen=True, slots=True)
class Param:
    """A key of an action, or of a piece of one: `takes` in words, `default` as YAML; empty if there is none."""

    name: str
    takes: str
    required: bool
    default: str
    description: str


@dataclass(frozen=True, slots=True)
class Piece:
    """A mapping that stands for a parameter, such as an owner; `short` says what one text means in its place."""

    name: str
    description: str
    short: str
    params: tuple[Param, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """A kind as it is shown, with the pieces that its parameters name."""

    kind: ActionKind
    params: tuple[Param, ...]
    pieces: tuple[Piece, ...]


def entries() -> tuple[Shown, ...]:
    """All kinds, in the order of the language."""
    return tuple(shown(kind) for kind in action_kinds().values())


def entry(name: str) -> Shown:
    """The kind of that name, or of that title, in any letter case; raises InputError (GS-NAME) with the nearest."""
    kinds = action_kinds()
    wanted = name.strip().lower()
    for kind in kinds.values():
        if kind.name == wanted.replace(" ", "_") or wanted in (kind.title.lower(), kind.short.lower()):
            return shown(kind)
    hint = "gsrules actions lists them all"
    message = f"there is no action {name!r}"
    raise InputError(Problem("GS-NAME", message, value=name, hint=hint, nearest=nearest(wanted, list(kinds))))


def shown(kind: ActionKind) -> Shown:
    """A kind with what its model says."""
    schema = tidied(kind.model.model_json_schema(by_alias=True))
    pieces = {name: part for name, part in schema.get("$defs", {}).items() if name not in _PLAIN}
    params = tuple(each for each in _params(schema) if each.name not in _EVERY)
    return Shown(kind, params, tuple(_piece(name, part) for name, part in pieces.items()))


def every_action() -> tuple[Param, ...]:
    """The keys that every action has."""
    from gsrules.spec import ActionSpec

    found = {each.name: each for each in _params(tidied(ActionSpec.model_json_schema(by_alias=True)))}
    return tuple(found[name] for name in _EVERY)


def mapping_piece() -> Piece:
    """What a target field gets, as a mapping."""
    from gsrules.spec import MappingSpec

    return _piece("MappingSpec", tidied(MappingSpec.model_json_schema(by_alias=True)))


def piece_name(name: str) -> str:
    """`CommentsSpec` is comments."""
    return name.removesuffix("Spec").lower()


def _piece(name: str, schema: Mapping[str, Any]) -> Piece:
    forms = schema.get("anyOf", [schema])
    text = next((each.get("description", "") for each in forms if each.get("type") == "string"), "")
    mapping = next((each for each in forms if "properties" in each), schema)
    words = schema.get("description", "").split("  ")[0].strip()
    return Piece(piece_name(name), words, text, tuple(_params(mapping)))


def _params(schema: Mapping[str, Any]) -> Iterator[Param]:
    required = schema.get("required", ())
    for name, part in schema.get("properties", {}).items():
        default = _yaml(part["default"]) if part.get("default") not in (None, "-", {}, []) else ""
        yield Param(name, _takes(part), name in required, default, part.get("description", ""))


def _takes(part: Mapping[str, Any]) -> str:
    """What a key takes, in words."""
    if "$ref" in part:
        name = part["$ref"].rpartition("/")[2]
        return _PLAIN.get(name, piece_name(name))
    if "enum" in part:
        return " \\| ".join(map(str, part["enum"]))
    if "const" in part:
        return _yaml(part["const"])
    if "anyOf" in part or "allOf" in part:
        return _choices([_takes(each) for each in part.get("anyOf", part.get("allOf", ())) if each != {"type": "null"}])
    kind = part.get("type")
    if isinstance(kind, list):
        return _choices([_WORDS.get(each, str(each)) for each in kind])
    if kind == "array":
        return f"list of {_takes(part.get('items', {}))}"
    if kind == "object":
        return f"names → {_takes(part.get('additionalProperties') or {})}"
    return _WORDS.get(str(kind), "any value")


def _choices(words: list[str]) -> str:
    found = list(dict.fromkeys(words))
    for each in found:
        rest = " or ".join(other for other in found if other is not each)
        if rest and each == f"list of {rest}":
            return f"{rest}, or a list"
    return " or ".join(found)


def _yaml(value: Any) -> str:
    """A default as a file has it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_yaml(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_yaml, value)) + "]"
    return str(value)


def code_words(code: str) -> str:
    """What a row code says, without the values."""
    return re.sub(r"'?\{\w+\}'?", "…", ROWS.get(code, ""))


def evidence_words(kind: ActionKind) -> str:
    """What stands behind a kind, in words."""
    marks = re.findall(r"\[(\w+)\]", kind.evidence)
    return ", ".join(EVIDENCE[mark] for mark in dict.fromkeys(marks) if mark in EVIDENCE)


def list_text() -> str:
    """Every kind on a line."""
    kinds = action_kinds()
    width = max(map(len, kinds))
    lines = [f"{kind.name:<{width}}  {kind.description}" for kind in kinds.values()]
    return "\n".join([*lines, "", f"{len(kinds)} kinds of actions; gsrules actions NAME tells all about one"])


def entry_text(each: Shown) -> str:
    """One kind in full."""
    return "\n".join(_lines(each))


def _lines(each: Shown) -> Iterator[str]:
    kind = each.kind
    yield f"{kind.name}: {kind.title}"
    yield ""
    yield from textwrap.wrap(kind.description, _WIDTH, initial_indent="  ", subsequent_indent="  ")
    yield f"  For {' and '.join(kind.entities)} rules; {evidence_words(kind)}."
    yield ""
    yield from _param_lines(each.params)
    for piece in each.pieces:
        yield ""
        yield f"  {piece.name}: {piece.description}{f' {piece.short}' if piece.short else ''}"
        yield from (f"  {line}" for line in _param_lines(piece.params))
    if kind.codes:
        yield ""
        yield "  Row codes"
        yield from (f"    {code:<26}{code_words(code)}".rstrip() for code in kind.codes)
    yield ""
    yield from (f"  {line}" for line in kind.example.rstrip().splitlines())


def _param_lines(params: tuple[Param, ...]) -> Iterator[str]:
    for param in params:
        note = "required" if param.required else f"default {param.default}" if param.default else ""
        takes = param.takes.replace("\\|", "|")
        head = f"  {param.name:<18}{takes}{f' ({note})' if note else ''}"
        yield head.rstrip()
        yield from textwrap.wrap(param.description, _WIDTH, initial_indent=" " * 20, subsequent_indent=" " * 20)


def entry_json(each: Shown) -> dict[str, Any]:
    """One kind as data."""
    return {
        **summary_json(each.kind),
        "evidence": evidence_words(each.kind),
        "parameters": [_param_json(param) for param in each.params],
        "pieces": {piece.name: [_param_json(param) for param in piece.params] for piece in each.pieces},
        "codes": [{"code": code, "words": code_words(code)} for code in each.kind.codes],
        "example": each.kind.example,
    }


def _param_json(param: Param) -> dict[str, Any]:
    return {
        "name": param.name,
        "takes": param.takes.replace("\\|", "|"),
        "required": param.required,
        "default": param.default or None,
        "description": param.description,
    }


def summary_json(kind: ActionKind) -> dict[str, Any]:
    """One kind as data, in short."""
    return {
        "name": kind.name,
        "title": kind.title,
        "description": kind.description,
        "rules_for": list(kind.entities),
    }


def list_json() -> dict[str, Any]:
    """All kinds as data, in short."""
    return {"actions": [summary_json(kind) for kind in action_kinds().values()]}
