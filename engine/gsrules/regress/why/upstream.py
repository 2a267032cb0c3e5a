"""Where a key that a merge does not find was last seen on the other side, and what dropped it there."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from gsrules.actions.changes.staging import all_of, fragment, select, spelled
from gsrules.expressions.tree import ColumnRef
from gsrules.plan.nodes import Aggregate, Filter, Join, Matching, Project
from gsrules.plan.unfold import ROW, Part
from gsrules.regress.why.checks import checks
from gsrules.regress.why.near import as_text
from gsrules.regress.why.values import Words
from gsrules.run.trace import Trace
from gsrules.tenant.names import column

Keys = Sequence[tuple[str, exp.Expr]]


def elsewhere(trace: Trace, words: Words, part: str, keys: Keys, folded: Sequence[bool]) -> str:
    """A sentence about the step that dropped the rows with these keys on the way to `part`; empty if none did."""
    found = _dropped(trace, trace.part(part), keys, folded)
    if found is None:
        return ""
    below, source, rows, first = found
    said, them = ("1 row", "it") if rows == 1 else (f"{rows} rows", "them")
    where = f"{said} with that key came as far as {_called(trace, source)}"
    if isinstance(below.node, Filter):
        left = [each for each in checks(trace, words, below.node.predicate, source.name, first) if each.decided]
        reasons = " and ".join(f"{each.text} was {each.result}{_actual(each.values)}" for each in left)
        return f"{where}; the filter of {below.task} dropped {them}: {reasons}"
    return f"{where}; the step {below.kind} of {below.task} dropped {them}"


def _actual(values: Sequence[object]) -> str:
    said = ", ".join(f"{getattr(v, 'name', '')} is {getattr(v, 'text', '')}" for v in values)
    return f" ({said})" if said else ""


def _called(trace: Trace, part: Part) -> str:
    return part.task if part.name == part.task else f"{part.task} ({part.kind})"


def _dropped(trace: Trace, part: Part, keys: Keys, folded: Sequence[bool]) -> tuple[Part, Part, int, int] | None:
    """The step that has no row with the keys, the step before it that has, how many, and the first of them."""
    for at, source in enumerate(part.inputs):
        mapped = _mapped(part, at, [name for name, _ in keys])
        if mapped is None:
            continue
        above = trace.part(source)
        asked = [(name, value) for name, (_, value) in zip(mapped, keys, strict=True)]
        rows, first = _with_keys(trace, above, asked, folded)
        if rows:
            return part, above, rows, first
        further = _dropped(trace, above, asked, folded)
        if further is not None:
            return further
    return None


def _with_keys(trace: Trace, part: Part, keys: Keys, folded: Sequence[bool]) -> tuple[int, int]:
    met = []
    for (name, value), fold in zip(keys, folded, strict=True):
        own = as_text(column(name, "r"), next(each.type for each in part.columns if each.name == name))
        sides = (fragment("LOWER(:v)", v=own), fragment("LOWER(:v)", v=value)) if fold else (own, value)
        met.append(exp.NullSafeEQ(this=sides[0], expression=sides[1]))
    query = select(exp.Count(this=exp.Star()), fragment("MIN(:r)", r=column(ROW.name, "r")))
    query = query.from_(trace.rows(part.name, "r"), copy=False).where(all_of(met), copy=False)
    found = trace.tenant.con.execute(spelled(query)).fetchone()
    return (int(found[0]), int(found[1])) if found and found[0] else (0, 0)


def _mapped(part: Part, at: int, names: Sequence[str]) -> list[str] | None:
    """The columns of an input that these columns of a part are; None if they are computed."""
    found = [_source_column(part, at, name) for name in names]
    return None if None in found else [name for name in found if name is not None]


def _source_column(part: Part, at: int, name: str) -> str | None:
    match part.node:
        case Project():
            expr = next((item.expr for item in part.node.items if item.column.name == name), None)
            return expr.name if isinstance(expr, ColumnRef) else None
        case Aggregate():
            expr = next((key.expr for key in part.node.keys if key.column.name == name), None)
            return expr.name if isinstance(expr, ColumnRef) else None
        case Join():
            return (part.node.left_names, part.node.right_names)[at].get(name)
        case Filter() | Matching():
            return name
    columns = getattr(getattr(part.node, "input", None), "columns", ())
    return name if any(each.name == name for each in columns) else None
