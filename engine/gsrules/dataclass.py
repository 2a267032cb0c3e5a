"""Dataclasses that are quick to define: `dataclasses.dataclass`, but nothing is compiled before it is needed.

`dataclasses.dataclass` writes and compiles up to six methods for every class. A command defines some two hundred
classes and makes objects of few of them: here the classes share their methods, and `__init__` is compiled when the
first object of a class is made. `field`, `fields` and `replace` of `dataclasses` work with these classes as with
any dataclass, and a type checker sees the original.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, FrozenInstanceError, fields
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:
    from dataclasses import dataclass as _bare

    def dataclass(*, frozen=False, slots=False):
        """The decorator; the arguments are those of `dataclasses.dataclass`."""
        methods = _METHODS | _FROZEN if frozen else _METHODS

        def decorate(cls):
            cls.__doc__ = cls.__doc__ or cls.__name__  # else `dataclasses` works out the signature, at length
            own = set(vars(cls))
            made = _bare(init=False, repr=False, eq=False, slots=slots)(cls)
            for name, method in methods.items():
                if name not in own:
                    setattr(made, name, method)
            return made

        return decorate


def _first_init(self: Any, *values: Any, **named: Any) -> None:
    """Puts the compiled `__init__` in its own place, and goes on there."""
    owner: Any = next(each for each in type(self).__mro__ if "__init__" in vars(each))
    owner.__init__ = _init_of(owner)
    owner.__init__(self, *values, **named)


def _init_of(cls: type) -> Any:
    known: dict[str, Any] = {"_put": object.__setattr__, "_missing": MISSING}
    parameters, body = ["self"], []
    for each in fields(cls):
        name = value = each.name
        if not each.init:
            continue
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
