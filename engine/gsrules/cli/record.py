"""The command that writes a test of a rule from real rows."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from gsrules.cli.options import (
    DebugOption,
    ParamOption,
    ProjectOption,
    RuleDateOption,
    TenantOption,
    choice,
    date_of,
    params_of,
)
from gsrules.cli.options import workspace as opened


def register(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    app.command(epilog="Example: gsrules record adoption/usage_drop --rule-date 2026-11-23")(record)


def record(
    rule: Annotated[str, typer.Argument(metavar="RULE", help="A rule's id or file.")],
    rule_date: RuleDateOption = None,
    param: ParamOption = None,
    no_mask: Annotated[bool, typer.Option("--no-mask", help="Leave names, addresses and texts as they are.")] = False,
    mask: Annotated[
        list[str] | None, typer.Option("--mask", metavar="COLUMN", help="Mask this column, too; repeatable.")
    ] = None,
    keep: Annotated[
        list[str] | None, typer.Option("--keep", metavar="COLUMN", help="Leave this column as it is; repeatable.")
    ] = None,
    max_rows: Annotated[
        int, typer.Option("--max-rows", min=1, metavar="N", help="The most records and lines that the test gives.")
    ] = 60,
    snapshot: Annotated[
        bool, typer.Option("--snapshot", help="Write `snapshot: true` instead of what is expected.")
    ] = False,
    name: Annotated[str | None, typer.Option("--name", metavar="TEXT", help="The name of the test.")] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", metavar="FILE", help="The test file; default: RULE.recorded.yml in the tests folder."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
    tenant: TenantOption = None,
    format: Annotated[str, typer.Option("--format", metavar="text|json", help="How to print the result.")] = "text",
    project: ProjectOption = None,
    debug: DebugOption = False,
) -> None:
    """Write a test of a rule: the few real rows that exercise its branches, masked. Changes nothing else."""
    choice("--format", format, ("text", "json"))
    date, params = date_of(rule_date), params_of(param)
    import json

    from gsrules.regress.record import MaskOptions, RecordOptions, record_to, target_of
    from gsrules.views import progress
    from gsrules.views.record import recording_text

    ws = opened(project)
    path = target_of(ws, rule, output, force=force)
    with progress.shown(sys.stderr) as on_step:
        masks = MaskOptions(not no_mask, tuple(mask or ()), tuple(keep or ()))
        options = RecordOptions(date, params, masks, max_rows, name, snapshot, on_step)
        made = record_to(ws, rule, path, options, tenant)
    if format == "json":
        typer.echo(json.dumps({**made.as_json(), "file": str(path)}, indent=2, ensure_ascii=False))
    else:
        typer.echo(recording_text(made, path))
