"""Commands that work on rules: run, preview, infer, compile."""

from __future__ import annotations

import sys
from typing import Annotated, cast, get_args

import typer

from gsrules.cli.options import (
    DebugOption,
    HtmlOption,
    OutputOption,
    ParamOption,
    ProjectOption,
    RuleDateOption,
    SettingsOption,
    TabularOption,
    TenantOption,
    choice,
    date_of,
    params_of,
    workspace,
)
from gsrules.errors import InputError, Problem
from gsrules.run.behaviours.model import Counting

_EXIT_CODES = {"SUCCESS": 0, "FAILURE": 1, "PARTIAL_SUCCESS": 3}

BehavioursOption = Annotated[
    str,
    typer.Option(
        "--behaviours",
        metavar="quick|exact|off",
        help="Which undocumented behaviours mattered: looked for in inputs of up to 250,000 rows, in all, or not.",
    ),
]
RuleArgument = Annotated[str, typer.Argument(metavar="RULE", help="A rule's id or file.")]


def register(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    app.command(epilog="Example: gsrules run adoption/usage_drop --dry-run --rule-date 2026-11-23")(run)
    app.command(epilog="Example: gsrules preview adoption/usage_drop 'Usage file' --limit 5")(preview)
    app.command(epilog="Example: gsrules infer adoption/usage_drop 'Usage file'")(infer)
    app.command("compile", epilog="Example: gsrules compile adoption/usage_drop")(compile_)


def run(
    rules: Annotated[list[str], typer.Argument(metavar="RULE…", help="Rules or chains: ids or files.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Do everything, row by row, and keep nothing.")] = False,
    deliver: Annotated[
        bool, typer.Option("--deliver", help="Send the API calls of the outbox to a receiver on this machine.")
    ] = False,
    rule_date: RuleDateOption = None,
    param: ParamOption = None,
    profile: SettingsOption = None,
    behaviours: BehavioursOption = "quick",
    tenant: TenantOption = None,
    format: Annotated[str, typer.Option("--format", metavar="table|json", help="How to print the report.")] = "table",
    html: HtmlOption = None,
    project: ProjectOption = None,
    debug: DebugOption = False,
) -> None:
    """Run rules, or a chain of them, against the local tenant."""
    choice("--format", format, ("table", "json"))
    choice("--behaviours", behaviours, get_args(Counting))
    if deliver and dry_run:
        hint = "a dry run fills no outbox; leave one of them out"
        raise InputError(Problem("GS-USAGE", "--deliver and --dry-run exclude each other", hint=hint))
    date, params = date_of(rule_date), params_of(param)
    from gsrules.tenant.instance import connect_ahead

    connect_ahead()
    from gsrules.run.batch import run_all
    from gsrules.run.engine import RunOptions
    from gsrules.views import progress, report

    ws = workspace(project, profile)
    with progress.shown(sys.stderr) as on_step:
        options = RunOptions(
            rule_date=date,
            params=params,
            mode="dry_run" if dry_run else "live",
            artifacts=True,
            archive=not dry_run,
            behaviours=cast(Counting, behaviours),
            deliver=deliver,
            on_step=on_step,
        )
        batch = run_all(ws, rules, options, tenant)
    reports = batch.reports
    for left_out in batch.not_run:
        typer.echo(f"not run: {left_out.rule}, because {left_out.reason}", err=True)
    if format == "json":
        typer.echo(report.as_json_text(reports))
    else:
        report.show(reports)
    if html is not None and reports:
        from gsrules.cli.show import write_page
        from gsrules.run.kept import find_run
        from gsrules.views.pages.run_page import run_page

        write_page(run_page(ws, [find_run(ws, done.run_id) for done in reports], store=tenant), html)
    raise typer.Exit(_EXIT_CODES[batch.status])


def preview(
    rule: RuleArgument,
    task: Annotated[str, typer.Argument(metavar="TASK", help="The dataset to show.")],
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="The most rows; default: as in Gainsight.")
    ] = None,
    rule_date: RuleDateOption = None,
    param: ParamOption = None,
    profile: SettingsOption = None,
    tenant: TenantOption = None,
    format: TabularOption = "table",
    output: OutputOption = None,
    project: ProjectOption = None,
    debug: DebugOption = False,
) -> None:
    """Show the rows of one dataset."""
    choice("--format", format, ("table", "csv", "json"))
    date, params = date_of(rule_date), params_of(param)
    from gsrules.run.inspect import preview_query
    from gsrules.views import problems, table

    with preview_query(workspace(project, profile), rule, task, limit, date, params, tenant) as rows:
        table.show(rows, format, output)
        if rows.warnings:
            typer.echo(problems.as_text(rows.warnings), err=True)


def infer(
    rule: RuleArgument,
    task: Annotated[str, typer.Argument(metavar="TASK", help="The S3 dataset task, or the pivot task.")],
    rule_date: RuleDateOption = None,
    param: ParamOption = None,
    tenant: TenantOption = None,
    format: Annotated[
        str, typer.Option("--format", metavar="yaml|json", help="How to print the columns of a file.")
    ] = "yaml",
    project: ProjectOption = None,
    debug: DebugOption = False,
) -> None:
    """Print the `columns:` block for an S3 file, and why; or for the values of a pivot."""
    choice("--format", format, ("yaml", "json"))
    date, params = date_of(rule_date), params_of(param)
    from gsrules.run.inferred import inferred_columns
    from gsrules.run.pivot_values import pivot_columns, pivot_task

    ws = workspace(project)
    if pivot_task(ws.rule(rule), task) is not None:
        typer.echo(pivot_columns(ws, rule, task, date, params, tenant), nl=False)
        return
    typer.echo(inferred_columns(ws, rule, task, date, format), nl=False)


def compile_(
    rule: RuleArgument,
    task: Annotated[str | None, typer.Argument(metavar="[TASK]", help="One task; default: all of them.")] = None,
    dialect: Annotated[str, typer.Option("--dialect", metavar="duckdb", help="The SQL dialect.")] = "duckdb",
    rule_date: RuleDateOption = None,
    param: ParamOption = None,
    profile: SettingsOption = None,
    project: ProjectOption = None,
    debug: DebugOption = False,
) -> None:
    """Print the SQL of a rule's tasks."""
    choice("--dialect", dialect, ("duckdb",))
    date, params = date_of(rule_date), params_of(param)
    from gsrules.run.inspect import sql_text

    typer.echo(sql_text(workspace(project, profile), rule, task, date, params))
