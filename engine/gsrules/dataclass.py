"""Dataclasses that are quick to define: what `dataclasses.dataclass` makes, but nothing is made before it is needed.

`dataclasses.dataclass` writes and compiles up to six methods for every class. A command defines some two hundred
classes and makes few objects of most of them: here the classes share their methods, the fields are gathered when
they are first asked for, and only a class of many objects gets an `__init__` of its own. `field`, `fields` and
`replace` of `dataclasses` work with these classes as with any dataclass, and a type checker sees the original.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, FrozenInstanceError, field, fields
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:

    def dataclass(*, frozen=False, slots=False):
        """The decorator; the arguments are those of `dataclasses.dataclass`."""
        methods = _METHODS | _FROZEN if frozen else _METHODS

        def decorate(cls):
            members = dict(vars(cls))
            names = members.get("__annotations__", {})
            defaults = {name: members[name] for name in names if name in members}
            missing = {name: method for name, method in methods.items() if name not in members}
            missing |= {"__dataclass_fields__": _Fields(names, defaults), "__match_args__": _MATCH_ARGS}
            if slots:
                return _with_slots(cls, members, names, missing)
            for name, member in missing.items():
                setattr(cls, name, member)
            return cls

        return decorate


def _with_slots(cls: type, members: dict[str, Any], names: Mapping[str, Any], missing: dict[str, Any]) -> type:
    """The class once more: `__slots__` have to be there when a class is made."""
    inherited = {name for base in cls.__mro__[1:] for name in getattr(base, "__slots__", ())}
    for name in (*names, "__dict__", "__weakref__"):
        members.pop(name, None)
    slots = tuple(name for name in names if name not in inherited)
    return type(cls)(cls.__name__, cls.__bases__, members | missing | {"__slots__": slots})


class _Fields:
    """Stands for the fields of a class until somebody asks for them."""

    def __init__(self, annotations: Mapping[str, Any], defaults: Mapping[str, Any]) -> None:
        self.annotations, self.defaults = annotations, defaults

    def __get__(self, _object: object, owner: Any) -> dict[str, Field[Any]]:
        cls = next(each for each in owner.__mro__ if vars(each).get("__dataclass_fields__") is self)
        found: dict[str, Field[Any]] = {}
        for base in reversed(cls.__mro__[1:]):
            found |= getattr(base, "__dataclass_fields__", {})
        for name, annotation in self.annotations.items():
            default = self.defaults.get(name, MISSING)
            made: Any = default if isinstance(default, Field) else field(default=default)
            made.name, made.type, made._field_type = name, annotation, _FIELD
            found[name] = made
        cls.__dataclass_fields__ = found
        return found


class _MatchArgs:
    """Stands for the names that a `case` with positions needs."""

    def __get__(self, _object: object, owner: Any) -> tuple[str, ...]:
        return tuple(_wanted(owner))


_MATCH_ARGS = _MatchArgs()

# What tells `dataclasses` that a field is no class variable: it has no name there.
_FIELD: Any = dataclasses._FIELD  # type: ignore[attr-defined]

# So many objects of a class are filled field by field: compiling takes as long as that.
_FEW = 20


@cache
def _owner_of_init(cls: Any) -> Any:
    return next(each for each in cls.__mro__ if "__init__" in vars(each))


def _first_init(self: Any, *values: Any, **named: Any) -> None:
    """Fills the object; puts a compiled `__init__` in its own place if objects are many or the arguments are wrong."""
    kind: Any = type(self)
    cls = _owner_of_init(kind)
    made = _made[cls] = _made.get(cls, 0) + 1
    if made > _FEW or not _filled(self, cls, values, named):
        cls.__init__ = _init_of(cls)
        cls.__init__(self, *values, **named)


_made: dict[type, int] = {}


def _filled(self: Any, cls: Any, values: tuple[Any, ...], named: dict[str, Any]) -> bool:
    """Whether the arguments fit the fields; if so, the object has them."""
    wanted = _wanted(cls)
    given = dict(zip(wanted, values, strict=False)) | named
    if len(given) < len(values) + len(named) or not given.keys() <= wanted.keys():
        return False
    for name, each in wanted.items():
        if name in given:
            value = given[name]
        elif each.default is not MISSING:
            value = each.default
        elif each.default_factory is not MISSING:
            value = each.default_factory()
        else:
            return False
        object.__setattr__(self, name, value)
    if hasattr(cls, "__post_init__"):
        self.__post_init__()
    return True


@cache
def _wanted(cls: Any) -> Mapping[str, Field[Any]]:
    """The fields that are arguments."""
    return {each.name: each for each in fields(cls) if each.init}


def _init_of(cls: type) -> Any:
    known: dict[str, Any] = {"_put": object.__setattr__, "_missing": MISSING}
    parameters, body = ["self"], []
    for name, each in _wanted(cls).items():
        value = name
        if each.default is not MISSING:
            known[f"_default_{name}"] = each.default
            parameters.append(f"{name}=_default_{name}")
        elif each.default_factory is not MISSING:
            known[f"_make_{name}"] = each.default_factory
            parameters.append(f"{name}=_missing")
            value = f"_make_{name}() if {name} is _missing else {name}"
        else:
            parameters.append(name)
        body.append(f" _put(self, {name!r}, {value})")
    if hasattr(cls, "__post_init__"):
        body.append(" self.__post_init__()")
    exec(f"def __init__({', '.join(parameters)}):\n" + "\n".join(body or [" pass"]), known)
    return known["__init__"]


@cache
def _key_of(cls: Any) -> Callable[[Any], object]:
    """Reads what the objects of a class are compared by."""
    names = [each.name for each in fields(cls) if each.compare]
    return attrgetter(*names) if names else type


def _eq(self: Any, other: Any) -> Any:
    if type(self) is not type(other):
        return NotImplemented
    key = _key_of(self.__class__)
    return key(self) == key(other)


def _hash(self: Any) -> int:
    return hash(_key_of(self.__class__)(self))


def _repr(self: Any) -> str:
    shown = (f"{each.name}={getattr(self, each.name)!r}" for each in fields(self) if each.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _refuse_to_set(_self: Any, name: str, _value: Any) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(_self: Any, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[Any]:
    return [getattr(self, each.name) for each in fields(self)]


def _set_state(self: Any, state: list[Any]) -> None:
    for each, value in zip(fields(self), state, strict=True):
        object.__setattr__(self, each.name, value)


_METHODS: dict[str, Any] = {"__init__": _first_init, "__repr__": _repr, "__eq__": _eq, "__hash__": None}
_FROZEN: dict[str, Any] = {
    "__hash__": _hash,
    "__setattr__": _refuse_to_set,
    "__delattr__": _refuse_to_delete,
    "__getstate__": _state,
    "__setstate__": _set_state,
}
