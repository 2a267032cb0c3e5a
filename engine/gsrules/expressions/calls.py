"""Binds function calls: the function, the number and the families of its arguments (data-setup.md §11)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from gsrules.catalogue.datatypes import BOOLEAN, DATE, DATETIME, NUMBER, STRING, DataType, Family
from gsrules.errors import InputError, Place, Problem, nearest
from gsrules.expressions import syntax as syn
from gsrules.expressions.adapt import (
    DATES,
    PICKLISTS,
    adapt,
    common_type,
    is_null_literal,
    type_error,
    warn_text_with_id,
)
from gsrules.expressions.functions import AGGREGATES, FUNCTIONS, HABITS, Function, Param, function
from gsrules.expressions.functions.model import constant_text
from gsrules.expressions.scope import Context
from gsrules.expressions.tree import Call, Expr, RuleDate, walk

_NULL_TYPES: tuple[DataType, ...] = (STRING, NUMBER, DATE, DATETIME, BOOLEAN)


class CallBinder(Protocol):
    """What a call needs of the binder of its surroundings."""

    context: Context

    def bind_all(self, nodes: tuple[syn.Syntax, ...]) -> list[Expr]: ...
    def place(self, node: syn.Syntax) -> Place: ...
    def source(self, node: syn.Syntax) -> str: ...
    def problem(self, code: str, message: str, node: syn.Syntax, hint: str = "", near: str = "") -> InputError: ...


def bind_call(binder: CallBinder, node: syn.Invoke) -> Expr:
    """The call with typed arguments.

    Raises InputError: GS-NAME for an unknown function, GS-SYNTAX for a wrong number of arguments, GS-TYPE for a
    wrong one, GS-OPERATOR for a function over all rows where there are none, or inside of another one. An extension
    draws the warning GS-EXT.
    """
    entry = function(node.name)
    if entry is None:
        raise _unknown(binder, node)
    if entry.over_rows and not binder.context.over_rows:
        message = f"{entry.name} is over all rows of a task: only formulas of a transform take it (MALFORMED_QUERY)"
        hint = "make it a formula field of a transform, and use that field here"
        raise binder.problem("GS-OPERATOR", message, node, hint)
    _check_count(binder, node, entry)
    if entry.name == "rule_date":
        return RuleDate(place=binder.place(node))
    args = binder.bind_all(node.args)
    args = [_argument(binder, node, entry, index, arg) for index, arg in enumerate(args)]
    if entry.over_rows:
        _check_nesting(binder, node, entry, args)
    if entry.one_family is not None:
        alike = args[entry.one_family :]
        kind = common_type(alike, binder.context, f"the arguments of {entry.name}")
        args[entry.one_family :] = [adapt(arg, kind, binder.context) for arg in alike]
    wrong = entry.check(tuple(args)) if entry.check else None
    if wrong:
        index, message, hint = wrong
        raise binder.problem("GS-TYPE", f"{entry.name}: {message}", node.args[index], hint)
    if entry.extension:
        message = f"Gainsight has no function {entry.name}"
        finding = Problem("GS-EXT", message, binder.place(node), value=binder.source(node), severity="warning")
        binder.context.warn(finding)
    return Call(entry.name, tuple(args), entry.result_type(tuple(args)), binder.place(node))


def _unknown(binder: CallBinder, node: syn.Invoke) -> InputError:
    name = node.name.lower()
    if name in AGGREGATES:
        message = f"{node.name} is an aggregate, not a function (INVALID_FIELD)"
        return binder.problem("GS-NAME", message, node, f"write it in show: {name}(Field) as Name")
    message = f"there is no function {node.name!r} (INVALID_FIELD)"
    return binder.problem("GS-NAME", message, node, HABITS.get(name, ""), nearest(name, FUNCTIONS))


def _check_count(binder: CallBinder, node: syn.Invoke, entry: Function) -> None:
    least = sum(not param.optional for param in entry.params)
    most = None if any(param.repeated for param in entry.params) else len(entry.params)
    given = len(node.args)
    if least <= given and (most is None or given <= most):
        return
    wanted = f"{least} or more" if most is None else str(least) if least == most else f"{least} to {most}"
    hint = "for the natural logarithm write ln(number)" if entry.name == "log" and given == 1 else entry.signature
    message = f"{entry.name} takes {wanted} argument{'' if wanted == '1' else 's'}, not {given} (MALFORMED_QUERY)"
    raise binder.problem("GS-SYNTAX", message, node, hint)


def _check_nesting(binder: CallBinder, node: syn.Invoke, entry: Function, args: Sequence[Expr]) -> None:
    """Statistics take row expressions (data-setup.md §11.4); `random` is one."""
    for written, arg in zip(node.args, args, strict=True):
        inner = [each.function for each in walk(arg) if isinstance(each, Call) and FUNCTIONS[each.function].over_rows]
        if any(name != "random" for name in inner):
            message = f"{entry.name} takes values of single rows, not another function over all rows (MALFORMED_QUERY)"
            raise binder.problem(
                "GS-OPERATOR", message, written, "compute the inner one in a transform before this one"
            )


def _argument(binder: CallBinder, node: syn.Invoke, entry: Function, index: int, arg: Expr) -> Expr:
    param = entry.params[min(index, len(entry.params) - 1)]
    written = node.args[index]
    if param.constant:
        return _constant(binder, entry, param, written, arg)
    if is_null_literal(arg):
        return adapt(arg, next((kind for kind in _NULL_TYPES if kind.family in param.families), STRING), binder.context)
    if arg.type.family in param.families:
        return arg
    if param.families & DATES and Family.TEXT not in param.families and constant_text(arg) is not None:
        dated = adapt(arg, DATE if Family.DATE in param.families else DATETIME, binder.context)
        if dated.type.family in param.families:
            return dated
    if arg.type.family is Family.ID and Family.TEXT in param.families:
        warn_text_with_id(binder.place(written), binder.source(written), binder.context)
        return arg
    families = " or ".join(sorted(family.value for family in param.families))
    message = f"{entry.name} takes {families} as {param.name}, not {arg.type.family}"
    raise type_error(message, binder.place(written), binder.source(written), _hint(entry, param, arg))


def _constant(binder: CallBinder, entry: Function, param: Param, written: syn.Syntax, arg: Expr) -> Expr:
    chosen = constant_text(arg)
    if chosen is None:
        message = f"{entry.name}: {param.name} is a text constant"
        raise type_error(message, binder.place(written), binder.source(written), _choices(param))
    if param.choices and chosen not in param.choices:
        message = f"{entry.name} knows no {param.name} {chosen!r} (INVALID_TYPE)"
        raise binder.problem("GS-TYPE", message, written, _choices(param), nearest(chosen, param.choices))
    return arg


def _choices(param: Param) -> str:
    if param.choices:
        return "one of " + ", ".join(f"'{choice}'" for choice in param.choices)
    return "write a format such as 'MM/dd/yyyy' in quotes"


def _hint(entry: Function, param: Param, arg: Expr) -> str:
    if entry.name in ("left", "right") and arg.type.family is Family.NUMBER and param.name == "search":
        return "it takes the text to look for; for a number of characters write substring(text, 1, number)"
    if Family.TEXT in param.families:
        what = "the label" if arg.type.family in PICKLISTS else "a text"
        return f"write to_string(…) for {what}"
    if Family.NUMBER in param.families and arg.type.family is Family.TEXT:
        return "write to_number(…)"
    if param.families & DATES and arg.type.family is Family.TEXT:
        return "write to_date(…)"
    return entry.signature
