"""Computes the examples of the function catalogue: what they print is what a rule would give."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlglot import ErrorLevel, exp

from gsrules.catalogue.datatypes import STRING
from gsrules.catalogue.model import Category
from gsrules.errors import RunError
from gsrules.expressions import Context, Scope, SpellEnv, bind_expression, spell
from gsrules.expressions.functions.model import EXAMPLE_RULE_DATE, Example
from gsrules.expressions.functions.structured import RowsExample
from gsrules.expressions.printed import value_text
from gsrules.expressions.tree import Convert
from gsrules.profile import Profile
from gsrules.project import MANAGED_BUCKET

_RULE = """\
rule: An example
tasks:
  Rows: {{type: s3, path: rows.csv, date_format: yyyy-MM-dd, columns: {{{columns}}}}}
  Out:
    type: transform
    from: Rows
    {task}
"""


class _NoPicklists:
    def category(self, id: str, /) -> Category | None:
        return None


def values_of(texts: Sequence[str], profile: Mapping[str, Any]) -> list[str | None]:
    """What expressions over constants give, as `to_string` prints it."""
    import duckdb

    context = Context(EXAMPLE_RULE_DATE, {}, profile, _NoPicklists())
    env = SpellEnv(exp.column, EXAMPLE_RULE_DATE, profile, _NoPicklists())
    scope = Scope.of_columns(())
    with duckdb.connect() as con:
        found: list[str | None] = []
        for text in texts:
            tree = spell(Convert(bind_expression(text, scope, context), STRING), env)
            query = exp.select(tree).sql(dialect="duckdb", unsupported_level=ErrorLevel.RAISE)
            row = con.execute(query).fetchone()
            found.append(None if row is None else row[0])
    return found


def value_over_rows(example: RowsExample, profile: Profile) -> str | None:
    """What a transform over the rows gives for its column Result on the first row in canonical order."""
    from gsrules.catalogue import Catalogue
    from gsrules.project import Project
    from gsrules.run.engine import RunOptions, run_rule
    from gsrules.run.workspace import Workspace, kinds
    from gsrules.tenant import Tenant

    with tempfile.TemporaryDirectory(prefix="gsrules-") as folder:
        _write(Path(folder), example)
        project = replace(Project.find(Path(folder)), profile=profile)
        workspace = Workspace(project, Catalogue.load(project), kinds())
        options = RunOptions(rule_date=EXAMPLE_RULE_DATE, mode="dry_run", keep_all_tasks=True)
        with Tenant.open(None, workspace.catalogue, project, "dry_run") as tenant:
            result = run_rule(workspace, "example", options, tenant)
            if result.report.problems:
                raise RunError(result.report.problems)
            query = exp.select(exp.column("Result", quoted=True)).from_(exp.to_table(result.datasets["Out"]))
            ordered = query.order_by(*(exp.column(column.name, quoted=True) for column in result.columns["Out"]))
            row = tenant.con.execute(ordered.limit(1).sql(dialect="duckdb")).fetchone()
    return None if row is None or row[0] is None else value_text(row[0])


def over_rows(example: Example) -> RowsExample:
    """An example of a function over all rows as a formula of a transform."""
    names = list(example.rows[0])
    rows = tuple(tuple(row[name] for name in names) for row in example.rows)
    task = f'formulas: {{Result: {{expression: "{example.text}", type: number}}}}'
    return RowsExample(dict.fromkeys(names, "number"), rows, task, example.result)


def _write(folder: Path, example: RowsExample) -> None:
    """A project of one rule and one file."""
    bucket = folder / "datasets" / "s3" / MANAGED_BUCKET
    bucket.mkdir(parents=True)
    (folder / "rules").mkdir()
    with (bucket / "rows.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([list(example.columns), *example.rows])
    columns = ", ".join(f"{name}: {kind}" for name, kind in example.columns.items())
    (folder / "rules" / "example.yml").write_text(_RULE.format(columns=columns, task=example.task), encoding="utf-8")
