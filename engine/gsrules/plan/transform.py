"""Transform tasks: selection, filters, groups and formula fields over one dataset (data-setup.md §8, §11–§14)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from gsrules.catalogue.datatypes import DataType, Kind
from gsrules.errors import InputError
from gsrules.expressions.binder import bind_expression
from gsrules.expressions.scope import Scope
from gsrules.expressions.show import parse_show_item
from gsrules.expressions.tree import Expr, Rounded, references
from gsrules.plan.columns import check_names
from gsrules.plan.env import Skip, TaskEnv
from gsrules.plan.nodes import Column, Node, Project, Projection
from gsrules.plan.over_rows import RowsValues
from gsrules.plan.show import Shelf, Shown, bind_show, plain, shape
from gsrules.plan.where import bind_filter, filtered, names_given, telling_of
from gsrules.spec.text import Text

if TYPE_CHECKING:
    from gsrules.spec.formulas import FormulaSpec
    from gsrules.spec.tasks import TransformTask

_BESIDE: Final = "formulas of one task do not see each other: use it in a transform after this one"


def bind_transform(spec: TransformTask, env: TaskEnv) -> Node:
    """The node of a transform task; notes what is wrong and raises Skip."""
    parent = env.parent(spec.from_)
    shelf = _shelf_of(parent.columns, parent.task)
    node = filtered(parent, bind_filter(spec.where, shelf.scope, env, (*names_given(spec.show), *spec.formulas)))
    if spec.formulas and _groups(spec, shelf, env):
        return _formulas_over_groups(spec, node, shelf, env)
    values = RowsValues(shelf, _plainly_shown(spec, shelf), env, statistics=True)
    formulas = _bind_formulas(spec, shelf, parent.task, values, env)
    by_name = {shown.column.name.lower(): shown for shown in formulas}
    shown = bind_show(spec.show, spec.group_by, shelf, env, by_name)
    placed = {id(each.expr) for each in shown}
    shown += [formula for formula in formulas if id(formula.expr) not in placed]
    env.limit("limits.show_fields", len(shown), "fields are shown", spec.place_of("show"))
    return shape(values.over(node), shown, spec.group_by, shelf, env)


def _shelf_of(columns: Sequence[Column], task: str) -> Shelf:
    shelf_columns = {column.name: replace(column, origin=(f"{task}.{column.name}",)) for column in columns}
    return Shelf(Scope.of_columns(columns, inside=task), shelf_columns, tuple(shelf_columns))


def _groups(spec: TransformTask, shelf: Shelf, env: TaskEnv) -> bool:
    """Whether the transform groups; notes formulas beside groups where the profile forbids it (§1.3)."""
    if spec.group_by is None and not _aggregates(spec.show or ()):
        return False
    if not env.context.profile["transform.allow_formula_with_group_by"]:
        message = "a transform that groups holds no formula fields (MALFORMED_QUERY)"
        hint = "put the formulas into a transform after this one"
        env.findings.error("GS-OPERATOR", message, spec.place_of("formulas"), hint=hint)
    return True


def _aggregates(show: Iterable[Text]) -> bool:
    return any(parse_show_item(text).function for text in show)


def _formulas_over_groups(spec: TransformTask, node: Node, shelf: Shelf, env: TaskEnv) -> Node:
    """Groups first; then formulas see the grouped rows (transform.allow_formula_with_group_by)."""
    grouped = shape(node, bind_show(spec.show, spec.group_by, shelf, env), spec.group_by, shelf, env)
    above = _shelf_of(grouped.columns, env.name)
    values = RowsValues(above, above.order, env, statistics=False)
    formulas = _bind_formulas(spec, above, env.name, values, env)
    shown = [plain(above, name) for name in above.order] + formulas
    env.limit("limits.show_fields", len(shown), "fields are shown", spec.place_of("show"))
    columns = check_names([(each.column, each.place) for each in shown], env)
    env.findings.stop_if_wrong()
    kept = {column.name: column.origin for column in grouped.columns}
    pairs = zip(columns, shown, strict=True)
    return Project(
        values.over(grouped),
        tuple(
            Projection(replace(column, origin=kept.get(column.name, column.origin)), each.expr)
            for column, each in pairs
            if each.expr is not None
        ),
    )


def _bind_formulas(spec: TransformTask, shelf: Shelf, task: str, values: RowsValues, env: TaskEnv) -> list[Shown]:
    made: list[Shown] = []
    for name, formula in spec.formulas.items():
        place = name.at(0, len(name))
        with env.findings.collecting(), suppress(Skip), telling_of(spec.formulas, _BESIDE):
            expr = _bind_formula(name, formula, shelf, values, env)
            lifted = values.lifted(expr, str(name))
            read = references(expr) | values.read_by(str(name))
            origin = tuple(f"{task}.{each}" for each in shelf.order if each in read)
            column = Column(str(name), str(name), _type_of(formula, expr), origin)
            made.append(Shown(column, lifted, place=place))
    return made


def _bind_formula(name: Text, formula: FormulaSpec, shelf: Shelf, values: RowsValues, env: TaskEnv) -> Expr:
    """The expression of a formula field. Raises InputError, or Skip after noting what is wrong."""
    if formula.expression is not None:
        declared = None
        if formula.type is not None or formula.decimals is not None:
            declared = DataType(Kind(formula.type or "number"), decimals=formula.decimals)
        return bind_expression(formula.expression, shelf.scope, values.context, declared)
    expr = _over_time(name, formula, shelf, values, env)
    if formula.decimals is None or expr.type.whole:
        return expr
    return Rounded(expr, replace(expr.type, decimals=formula.decimals))


def _over_time(name: Text, formula: FormulaSpec, shelf: Shelf, values: RowsValues, env: TaskEnv) -> Expr:
    """The expression of a field that is over windows of time (data-setup.md §13, §14)."""
    # Few rules have such fields, and what binds them takes time to import.
    from gsrules.plan.calculated import bind_aggregation, bind_comparison
    from gsrules.plan.period_over_period import bind_period_over_period

    if formula.type not in (None, "number"):
        message = f"the field {str(name)!r} is a number, not a {formula.type} (INVALID_TYPE)"
        env.findings.error("GS-TYPE", message, formula.place_of("type"), value=str(formula.type), hint="type: number")
    if formula.period_over_period is not None:
        return bind_period_over_period(formula.period_over_period, name, values, env)
    if formula.comparison is not None:
        return bind_comparison(formula.comparison, name, values, shelf, env)
    assert formula.aggregation_over_time is not None, "the spec asks for one of the four"
    return bind_aggregation(formula.aggregation_over_time, name, values, shelf, env)


def _plainly_shown(spec: TransformTask, shelf: Shelf) -> tuple[str, ...]:
    """The input columns that the task shows as they are; what is wrong with `show` is told where it is bound."""
    if spec.show is None:
        return shelf.order
    found: dict[str, None] = {}
    for text in spec.show:
        with suppress(InputError):
            item = parse_show_item(text)
            if item.kind in ("all", "all_of"):
                found |= dict.fromkeys(shelf.order)
            elif not item.function:
                found[item.resolve(shelf.scope).name] = None
    return tuple(found)


def _type_of(formula: FormulaSpec, expr: Expr) -> DataType:
    """The type of the formula field: as declared (data-setup.md §8), in the physical form of the expression."""
    if formula.type is None:
        return expr.type
    return DataType(Kind(formula.type), decimals=expr.type.decimals, whole=expr.type.whole)
