"""What pydantic found, as `Problem`s in the words of the people who write rules."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from gsrules.dataclass import dataclass
from gsrules.errors import Place, Problem
from gsrules.spec.base import Spec
from gsrules.spec.text import Text, YamlList, YamlMapping
from gsrules.spec.words import meant

_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'")


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where an error lies: the value, its place, the mapping that holds it and the path in words."""

    value: Any
    place: Place | None
    holder: YamlMapping | None
    key: str
    path: str


def problems_of(error: ValidationError, root: Any, place: Place | None) -> list[Problem]:
    """One problem for each error, in the order of the file; `root` is what was validated."""
    found: list[Problem] = []
    for spot, alternatives in _by_spot(error.errors(include_url=False), root, place):
        made = [_problem(details, spot) for details in alternatives]
        if len(alternatives) > 1 and all(details["type"] in _ALTERNATIVES for details in alternatives):
            made = [_none_of(alternatives, spot)]
        found.extend(problem for problem in made if problem is not None)
    return in_order(found)


def _by_spot(
    errors: Iterable[ErrorDetails], root: Any, place: Place | None
) -> Iterable[tuple[_Spot, list[ErrorDetails]]]:
    """Errors of one value together: a value that may be of several sorts has one error for each."""
    groups: dict[tuple[str, Place | None], tuple[_Spot, list[ErrorDetails]]] = {}
    for details in errors:
        spot = _spot(details["loc"], root, place)
        groups.setdefault((spot.path, spot.place), (spot, []))[1].append(details)
    return groups.values()


def _none_of(alternatives: Sequence[ErrorDetails], spot: _Spot) -> Problem:
    """One problem for a value that is of none of the sorts that it may be of."""
    beyond = [details for details in alternatives if details["type"] in _BOUNDS]
    if beyond:
        bound = _value_words(beyond[0]["type"], beyond[0].get("ctx") or {}, spot)
        if bound is not None:
            return bound
    sorts: list[str] = []
    for details in alternatives:
        known = _EXPECTED.get(details["type"])
        sorts.extend([known[0]] if known else _allowed(details.get("ctx") or {}))
    message = f"{_what(spot)} must be {' or '.join(dict.fromkeys(sorts))}, not {_sort(spot.value)}"
    return Problem("GS-SPEC-TYPE", message, spot.place, spot.path, _shown(spot.value))


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Sorted by place, each once; what has no value is not also of a wrong type."""
    kept: dict[tuple[str, int, int, str], Problem] = {}
    found = list(problems)
    empty = {p.place for p in found if p.code == "GS-SPEC-EMPTY"}
    for problem in found:
        at = problem.place
        key = (at.file, at.line, at.column, problem.message) if at else ("", 0, 0, problem.message)
        if at is not None and at in empty and problem.code != "GS-SPEC-EMPTY":
            continue
        kept.setdefault(key, problem)
    return sorted(kept.values(), key=lambda p: (p.place.line, p.place.column) if p.place else (0, 0))


def _problem(details: ErrorDetails, spot: _Spot) -> Problem | None:
    kind, context = details["type"], details.get("ctx") or {}
    if "message" in context and "key" in context:
        return _own(kind, context, spot)
    if kind == "extra_forbidden":
        return _unknown_key(str(details["loc"][-1]), spot)
    if kind == "too_short" and len(spot.value or ()) >= context.get("min_length", 1):
        return None  # pydantic counts only the items that are right
    if kind == "missing":
        return _missing(str(details["loc"][-1]), spot)
    for words in (_type_words, _value_words):
        made = words(kind, context, spot)
        if made is not None:
            return made
    return Problem("GS-SPEC-VALUE", "this value is not allowed here", spot.place, spot.path, _shown(spot.value))


def _own(kind: str, context: Mapping[str, Any], spot: _Spot) -> Problem:
    """A problem that one of our validators stated; a code of ours, or a kind of pydantic with our words."""
    code = kind if kind.startswith("GS-") else "GS-SPEC-TYPE"
    place = spot.place
    key = context["key"]
    if key and isinstance(spot.value, YamlMapping):
        place = spot.value.places.get(key) or spot.value.key_places.get(key) or place
    message = context["message"]
    value = context["value"] or (_shown(spot.value) if code == "GS-SPEC-TYPE" else "")
    if code == "GS-SPEC-TYPE" and not kind.startswith("GS-"):
        message = f"{message}, not {_sort(spot.value)}"
    return Problem(code, message, place, spot.path, value, context["hint"], context["nearest"])


def _spot(loc: Sequence[int | str], root: Any, place: Place | None) -> _Spot:
    """Walks from the root along `loc`; parts that are names of union members or validators are passed over."""
    value, holder, key = root, None, ""
    at = place
    named: list[str] = []
    in_list = False
    of_key = bool(loc) and loc[-1] == "[key]"
    for part in loc:
        if isinstance(value, YamlMapping) and isinstance(part, str) and part in value:
            holder, key = value, part
            at = value.places.get(part) or at
            value, in_list = value[part], False
            named.append(part)
        elif isinstance(value, YamlList) and isinstance(part, int) and part < len(value):
            at = (value.places[part] if part < len(value.places) else None) or at
            value, in_list = value[part], True
            named.append(f"item {part + 1}")
        elif isinstance(value, list | dict | str) and isinstance(part, int | str):
            at = getattr(value, "place", None) or at
    if of_key and holder is not None:
        at, value = holder.key_places.get(key) or at, key
    elif isinstance(value, YamlMapping) and holder is not None and not in_list:
        # A mapping is best shown by its key, not by the first key in it.
        at = holder.key_places.get(key) or at
    if isinstance(value, Text) and value.place is not None and not of_key:
        at = value.place
    return _Spot(value, at, holder, key, " › ".join(named))


def _unknown_key(key: str, spot: _Spot) -> Problem:
    holder = spot.holder
    known = holder.model.known_keys() if holder is not None and holder.model is not None else ()
    place = holder.key_places.get(key) if holder is not None else None
    like = meant(key, known)
    before, colon, after = key.partition(":")
    hint = f"write `{like}`" if like else ("known here: " + ", ".join(known) if known else "")
    if colon and before in known:
        hint, like = f"write a space behind the colon: {before}: {after}", ""
    where = spot.path.rpartition(" › ")[0]
    return Problem("GS-SPEC-KEY", f"`{_short(key)}` is not known here", place or spot.place, where, key, hint, like)


def _missing(key: str, spot: _Spot) -> Problem:
    model = spot.value.model if isinstance(spot.value, YamlMapping) else None
    meaning = ""
    if model is not None:
        for name, found in model.model_fields.items():
            if key in (name, found.alias):
                key, meaning = found.alias or name, found.description or ""
    hint = f"add `{key}: …`" + (f" ({meaning.rstrip('.')})" if meaning else "")
    return Problem("GS-SPEC-MISSING", f"`{key}` is missing", spot.place, spot.path, "", hint)


_EXPECTED: Mapping[str, tuple[str, str]] = {
    "string_type": ("a text", "put quotes around it: '{value}'"),
    "int_type": ("a whole number", ""),
    "int_from_float": ("a whole number", ""),
    "float_type": ("a number", ""),
    "bool_type": ("true or false", ""),
    "tuple_type": ("a list", "write it as [first, second], or one item a line: - first"),
    "list_type": ("a list", "write it as [first, second], or one item a line: - first"),
    "dict_type": ("a mapping of keys and values", "write it as {{key: value}}, or one `key: value` a line"),
    "mapping_type": ("a mapping of keys and values", "write it as {{key: value}}, or one `key: value` a line"),
    "model_type": ("a mapping of keys and values", ""),
}


def _type_words(kind: str, context: Mapping[str, Any], spot: _Spot) -> Problem | None:
    if kind not in _EXPECTED:
        return None
    expected, hint = _EXPECTED[kind]
    if kind == "bool_type" and isinstance(spot.value, str):
        hint = _boolean_hint(spot.value)
    elif kind == "string_type" and isinstance(spot.value, list | dict):
        hint = "a text that begins with [ or { needs quotes"
    elif kind == "model_type":
        hint = _keys_hint(str(context.get("class_name", "")))
    elif hint:
        hint = hint.format(value=_shown(spot.value))
    message = f"{_what(spot)} must be {expected}, not {_sort(spot.value)}"
    if not spot.path:
        message = f"the file must hold {expected}, not {_sort(spot.value)}"
    return Problem("GS-SPEC-TYPE", message, spot.place, spot.path, _shown(spot.value), hint)


def _keys_hint(model_name: str) -> str:
    """What a mapping for the model of that name looks like."""
    pending: list[type[Spec]] = [Spec]
    while pending:
        model = pending.pop()
        if model.__name__ == model_name and model.model_fields:
            needed = [f.alias or name for name, f in model.model_fields.items() if f.is_required()]
            keys = needed or list(model.known_keys())
            return "write it as {" + ", ".join(f"{key}: …" for key in keys) + "}"
        pending.extend(model.__subclasses__())
    return "write it as {key: value}, or one `key: value` a line"


def _boolean_hint(value: str) -> str:
    words = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}
    meant = words.get(value.lower()) or (value.lower() if value.lower() in ("true", "false") else "")
    return f"write {meant} (without quotes)" if meant else "write true or false"


def _value_words(kind: str, context: Mapping[str, Any], spot: _Spot) -> Problem | None:
    shown = _shown(spot.value)
    what = _what(spot)
    if kind in ("literal_error", "enum"):
        allowed = _allowed(context)
        like = meant(spot.value, allowed) if isinstance(spot.value, str) else ""
        message = f"{what} cannot be {_value(spot.value)}"
        return Problem("GS-SPEC-VALUE", message, spot.place, spot.path, shown, f"one of {', '.join(allowed)}", like)
    if kind in _BOUNDS:
        words = _BOUNDS[kind](context)
        return Problem("GS-SPEC-VALUE", f"{what} must be {words}, not {shown}", spot.place, spot.path, shown)
    if kind == "too_short":
        least = context.get("min_length", 1)
        if not context.get("actual_length"):
            return Problem("GS-SPEC-EMPTY", f"{what} is empty", spot.place, spot.path, hint="add at least one item")
        return Problem("GS-SPEC-VALUE", f"{what} needs at least {least} items", spot.place, spot.path)
    if kind == "too_long":
        message = f"{what} has {context.get('actual_length')} items; at most {context.get('max_length')} are allowed"
        return Problem("GS-SPEC-VALUE", message, spot.place, spot.path)
    return None


def _what(spot: _Spot) -> str:
    """What a message speaks of."""
    last = spot.path.rpartition(" › ")[2]
    if last.startswith("item ") and not (spot.holder is not None and last in spot.holder):
        return last + (f" of `{spot.key}`" if spot.key else "")
    return f"`{spot.key}`" if spot.key else "this"


def _allowed(context: Mapping[str, Any]) -> list[str]:
    """The words that pydantic names as allowed."""
    expected = str(context.get("expected", ""))
    return _QUOTED.findall(expected) or [expected.replace("False", "false").replace("True", "true")]


_BOUNDS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "greater_than_equal": lambda context: f"at least {context['ge']}",
    "greater_than": lambda context: f"more than {context['gt']}",
    "less_than_equal": lambda context: f"at most {context['le']}",
    "less_than": lambda context: f"less than {context['lt']}",
}


def _sort(value: object) -> str:
    """What sort of thing a value is, in words."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return f"the word {str(value).lower()}"
    if isinstance(value, int | float):
        return f"the number {_shown(value)}"
    if isinstance(value, str):
        return f"the text '{_short(value)}'" if value else "an empty text"
    if isinstance(value, list):
        return "a list"
    return "a mapping of keys and values"


def _value(value: object) -> str:
    return f"`{_short(value)}`" if isinstance(value, str) else _sort(value)


def _shown(value: object) -> str:
    if value is None or isinstance(value, list | dict):
        return ""
    return _short(str(value).lower() if isinstance(value, bool) else str(value))


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:77] + "…"


_ALTERNATIVES = frozenset((*_EXPECTED, *_BOUNDS, "literal_error", "enum"))
