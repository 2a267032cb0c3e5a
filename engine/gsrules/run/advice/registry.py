"""All checks of the advice, found by scanning the package `checks`."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING

import gsrules.run.advice.checks
from gsrules.errors import Problem
from gsrules.run.advice.model import Advice, Subject

if TYPE_CHECKING:
    from gsrules.catalogue import Catalogue
    from gsrules.run.prepare import BoundRule


@cache
def all_advice() -> Mapping[str, Advice]:
    """The checks by code, in the order of the codes."""
    package = gsrules.run.advice.checks
    names = [module.name for module in pkgutil.iter_modules(package.__path__, package.__name__ + ".")]
    found: list[Advice] = [importlib.import_module(name).ADVICE for name in names]
    by_code = {advice.code: advice for advice in found}
    if len(by_code) < len(found):
        raise ValueError("two checks of the advice have one code")
    return MappingProxyType({code: by_code[code] for code in sorted(by_code)})


def advice_on(bound: BoundRule, catalogue: Catalogue) -> tuple[Problem, ...]:
    """What every check finds in a bound rule, in the order of the file."""
    subject = Subject(bound, catalogue)
    found = [problem for advice in all_advice().values() for problem in advice.problems(subject)]
    return tuple(sorted(found, key=lambda p: (p.place.line, p.place.column) if p.place else (0, 0)))
