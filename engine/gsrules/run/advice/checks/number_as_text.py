"""Numbers of a file that are read as text."""

from __future__ import annotations

from collections.abc import Iterator

from gsrules.expressions.tree import Call, ColumnRef, walk
from gsrules.plan.nodes import ScanFile, TaskRef
from gsrules.plan.nodes import walk as walk_nodes
from gsrules.run.advice.conditions import expressions
from gsrules.run.advice.model import Advice, Found, Subject


def _check(subject: Subject) -> Iterator[Found]:
    files = {name for name, task in subject.plan.tasks.items() if isinstance(task.node, ScanFile) or task.kind == "s3"}
    for task in subject.plan.tasks.values():
        below = {
            column.name: node.task
            for node in walk_nodes(task.node)
            if isinstance(node, TaskRef) and node.task in files
            for column in node.columns
        }
        for node in walk_nodes(task.node):
            for expr in (each for top in expressions(node) for each in walk(top)):
                if isinstance(expr, Call) and expr.function in ("to_number", "to_date", "to_datetime") and expr.args:
                    argument = expr.args[0]
                    if isinstance(argument, ColumnRef) and argument.name in below:
                        file, kind = below[argument.name], expr.function.removeprefix("to_")
                        message = f"'{argument.name}' of the file '{file}' is read as text and converted later"
                        hint = f"write type: {kind} below columns of '{file}': a bad cell is then told with its line"
                        yield Found(message, expr.place or argument.place, task.name, argument.name, hint)


ADVICE = Advice(
    code="GS-ADVICE-NUMBER-AS-TEXT",
    title="A column of a file is read as text and converted later",
    severity="note",
    explanation=(
        "A cell that is no number becomes null in a conversion, with one warning for all of them. Declared as "
        "a number, the column is checked when the file is read, and the first bad cell is told with file and "
        "line."
    ),
    evidence="data-setup.md §6.3, §11.1",
    bad="""\
tasks:
  Scores:
    type: s3
    path: input/scores.csv
    columns: {Account ID: string, Score: string}
  Numbers:
    type: transform
    from: Scores
    formulas:
      Points: {expression: "to_number(Score)", type: number}
actions:
  - action: load_to_company
    from: Numbers
    operation: update
    identifiers: [ExternalId]
    fields: {ExternalId: Account ID, Health_Points__gc: Points}
""",
    good="""\
tasks:
  Scores:
    type: s3
    path: input/scores.csv
    columns: {Account ID: string, Score: number}
  Numbers:
    type: transform
    from: Scores
    formulas:
      Points: {expression: "Score + 0", type: number}
actions:
  - action: load_to_company
    from: Numbers
    operation: update
    identifiers: [ExternalId]
    fields: {ExternalId: Account ID, Health_Points__gc: Points}
""",
    check=_check,
)
