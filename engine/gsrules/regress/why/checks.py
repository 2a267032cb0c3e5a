"""The leaves of a predicate for single rows: actual and wanted values, and which of them decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlglot import exp

from gsrules.actions.changes.staging import named, select, spelled
from gsrules.expressions import SpellEnv, spell
from gsrules.expressions.leaves import Leaf, arms, decided_by, leaves
from gsrules.expressions.printed import printed
from gsrules.expressions.tree import ColumnRef, Expr, references
from gsrules.plan.unfold import ROW
from gsrules.regress.why.model import Check, Result, Value
from gsrules.regress.why.values import Words, said_name
from gsrules.run.trace import Trace
from gsrules.tenant.names import column


def deciders(predicate: Expr, env: SpellEnv) -> tuple[exp.Expr, exp.Expr]:
    """Two lists of positions of leaves: those that kept a row out, and those of them that were unknown."""
    kept_out = decided_by(predicate, env)[1]
    unknown = [
        exp.Case(
            ifs=[
                exp.If(
                    this=exp.Is(this=exp.Paren(this=spell(leaf.expr, env)), expression=exp.Null()),
                    true=exp.Literal.number(at),
                )
            ]
        )
        for at, leaf in enumerate(leaves(predicate), start=1)
    ]
    listed = exp.Anonymous(this="list_value", expressions=unknown)
    known = exp.Anonymous(this="list_intersect", expressions=[kept_out.copy(), listed])
    return kept_out, exp.Anonymous(this="list_sort", expressions=[known])


def checks(trace: Trace, words: Words, predicate: Expr, part: str, row: int) -> tuple[Check, ...]:
    """Every leaf for one row of a part; `decided` marks those that made the predicate what it is."""
    env = trace.bound.spelling("r")
    found = leaves(predicate)
    passed, kept_out = decided_by(predicate, env)
    items = [named(spell(predicate, env), "all"), named(passed, "passed"), named(kept_out, "kept")]
    looked = [list(leaf.values) for leaf in found]
    for at, leaf in enumerate(found):
        items.append(named(spell(leaf.expr, env), f"l{at}"))
        items += [named(spell(value, env), f"v{at}_{of}") for of, value in enumerate(looked[at])]
    values = iter(one_row(trace, items, part, row))
    whole, by_true, by_other = next(values), next(values), next(values)
    decided = set(by_true if whole else by_other)
    names = {each.name: said_name(each) for each in trace.part(part).columns}
    made = []
    for at, leaf in enumerate(found):
        result = next(values)
        actual = tuple(words.value(_called(value, names), next(values), value.type) for value in looked[at])
        made.append(_check(trace, leaf, actual, result, decided=at + 1 in decided))
    return tuple(made)


def _called(value: Expr, names: Mapping[str, str]) -> str:
    """What a condition looks at: a column by the name that people use, else the expression."""
    return names[value.name] if isinstance(value, ColumnRef) else printed(value)


def _check(trace: Trace, leaf: Leaf, actual: tuple[Value, ...], result: bool | None, *, decided: bool) -> Check:
    said: Result = "unknown" if result is None else "true" if result else "false"
    fits = result is not None and bool(result) is not leaf.negated
    wanted = leaf.wanted(trace.bound.context.rule_date)
    text = f"not ({leaf.text})" if leaf.negated else leaf.text
    return Check(text, actual, wanted, said, fits, decided)


def formulas(trace: Trace, words: Words, items: Sequence[tuple[str, Expr]], part: str, row: int) -> tuple[Value, ...]:
    """Computed columns of one input row: the value, and the way that its case expressions took."""
    env = trace.bound.spelling("r")
    if not items:
        return ()
    columns: list[exp.Expr] = []
    for number, (_, expr) in enumerate(items):
        columns.append(named(spell(expr, env), f"f{number}"))
        columns += [named(arm.taken(env), f"a{number}_{at}") for at, arm in enumerate(arms(expr))]
        read = sorted(references(expr))
        columns += [named(column(name, "r"), f"r{number}_{at}") for at, name in enumerate(read)]
    values = iter(one_row(trace, columns, part, row))
    known = {each.name: each for each in trace.part(part).columns}
    made = []
    for name, expr in items:
        text = words.say(next(values), expr.type)
        ways = [arm.text for arm in arms(expr) if next(values)]
        read_values = [
            f"{said_name(known[each])} is {words.say(next(values), known[each].type)}"
            for each in sorted(references(expr))
        ]
        note = f"because {' and '.join(ways)}" if ways else ""
        note = note.replace("because else", "because no condition before it was true")
        made.append(Value(name, text, "; ".join(each for each in (note, ", ".join(read_values)) if each)))
    return tuple(made)


def one_row(trace: Trace, items: Sequence[exp.Expr], part: str, row: int) -> tuple[Any, ...]:
    """Values over one row of a part, which stands under the alias `r`."""
    mine = exp.EQ(this=column(ROW.name, "r"), expression=exp.Literal.number(row))
    query = select(*items).from_(trace.rows(part, "r"), copy=False).where(mine, copy=False)
    found = trace.tenant.con.execute(spelled(query)).fetchone()
    assert found is not None, "rows of a trace are numbered from 1 without gaps"
    return tuple(found)
