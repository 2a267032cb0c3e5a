"""The command that goes through many values of a parameter."""

from __future__ import annotations

from typing import Annotated

import typer

from gsrules.cli.options import DebugOption, ProjectOption, RuleDateOption, TenantOption, choice, date_of, params_of
from gsrules.cli.options import workspace as opened


def register(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    app.command(epilog="Example: gsrules sweep adoption/usage_drop --param drop=-10..-50:5 --rule-date 2026-11-23")(
        sweep
    )


def sweep(
    rule: Annotated[str, typer.Argument(metavar="RULE", help="A rule's id or file.")],
    param: Annotated[
        list[str] | None,
        typer.Option(
            "--param", metavar="NAME=VALUES", help="FIRST..LAST:STEP, or values with commas; other parameters: one."
        ),
    ] = None,
    rule_date: RuleDateOption = None,
    limit: Annotated[int, typer.Option("--limit", min=0, help="The most records to name at each margin.")] = 5,
    tenant: TenantOption = None,
    format: Annotated[str, typer.Option("--format", metavar="text|json", help="How to print the result.")] = "text",
    project: ProjectOption = None,
    debug: DebugOption = False,
) -> None:
    """Show how many records each value of a parameter would hit, and who is at the margin. Changes nothing."""
    choice("--format", format, ("text", "json"))
    date, params = date_of(rule_date), params_of(param)
    import json

    from gsrules.regress.sweep import SweepOptions
    from gsrules.regress.sweep import sweep as run_sweep
    from gsrules.views.sweep import sweep_text

    named = max(limit, 1000) if format == "json" else limit
    report = run_sweep(opened(project), rule, SweepOptions(params, date, tenant, named))
    if format == "json":
        typer.echo(json.dumps(report.as_json(), indent=2, ensure_ascii=False))
    else:
        typer.echo(sweep_text(report, limit))
