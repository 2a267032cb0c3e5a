"""The command that compares two forms of a rule on the same data."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gsrules.cli.options import (
    DebugOption,
    HtmlOption,
    ParamOption,
    ProjectOption,
    RuleDateOption,
    TenantOption,
    choice,
    date_of,
    params_of,
    settings_of,
    workspace,
)
from gsrules.errors import InputError, Problem

if TYPE_CHECKING:
    from gsrules.regress.difference.model import RuleDifference
    from gsrules.run.workspace import Workspace

RulesArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="[RULE…]", help="Rules or chains; default: all that changed since the base."),
]
BaseOption = Annotated[
    str | None,
    typer.Option("--base", metavar="REF", help="A git revision (default: HEAD), a project folder, or a rule file."),
]
RunsOption = Annotated[
    tuple[str, str] | None,
    typer.Option("--runs", metavar="RUN RUN", help="Compare two kept runs instead: ids, or `last`."),
]
ProfileOption = Annotated[
    list[str] | None,
    typer.Option(
        "--profile",
        metavar="KEY=VALUE",
        help="Compare the project's behaviour profile with this one, rules unchanged; repeatable.",
    ),
]
KeyOption = Annotated[
    str | None,
    typer.Option("--key", metavar="COLUMN,…", help="The columns that tell rows apart, in datasets that have them."),
]
RowsOption = Annotated[int, typer.Option("--rows", min=0, help="The most rows of each kind to show, per table.")]
CheckOption = Annotated[bool, typer.Option("--check", help="Exit with 1 if anything differs.")]
FormOption = Annotated[
    str | None, typer.Option("--format", metavar="text|json|markdown", help="How to print the difference.")
]
FileOption = Annotated[
    Path | None, typer.Option("--output", metavar="FILE", help="Write it to a file instead of printing it.")
]

_ENDINGS = {".json": "json", ".md": "markdown", ".txt": "text"}


def register(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    app.command(epilog="Example: gsrules diff --base main adoption/usage_drop --rule-date 2026-11-23")(diff)


def diff(
    rules: RulesArgument = None,
    base: BaseOption = None,
    runs: RunsOption = None,
    profile: ProfileOption = None,
    key: KeyOption = None,
    rule_date: RuleDateOption = None,
    param: ParamOption = None,
    tenant: TenantOption = None,
    rows: RowsOption = 10,
    check: CheckOption = False,
    format: FormOption = None,
    output: FileOption = None,
    html: HtmlOption = None,
    project: ProjectOption = None,
    debug: DebugOption = False,
) -> None:
    """Compare a rule as it was with the rule as it is, on the same data: text, datasets, effects."""
    form = choice(
        "--format", format or _ENDINGS.get(output.suffix if output else "", "text"), ("text", "json", "markdown")
    )
    _one_way(base, runs, profile, rules)
    date, params = date_of(rule_date), params_of(param)
    from gsrules.regress.difference.command import Request, differences
    from gsrules.views import progress

    ws = workspace(project)
    with progress.shown(sys.stderr) as on_step:
        asked = Request(
            rules=tuple(rules or ()),
            base=base,
            runs=runs,
            profile=settings_of(profile),
            key=tuple(part.strip() for part in (key or "").split(",") if part.strip()),
            rule_date=date,
            params=params,
            tenant=tenant,
            rows=rows,
            on_step=on_step,
        )
        found = differences(ws, asked)
    _put(found, form, rows, output)
    if html is not None:
        _write_page(ws, found, html)
    raise typer.Exit(_exit_code(found, check=check))


def _exit_code(found: tuple[RuleDifference, ...], *, check: bool) -> int:
    """2 where a rule as it is now is wrong, 1 where its run failed or, with `--check`, anything differs."""
    failed = [each.after for each in found if each.after.failed]
    if any(side.report is None for side in failed):
        return 2
    return 1 if failed or (check and any(map(bool, found))) else 0


def _write_page(ws: Workspace, found: tuple[RuleDifference, ...], path: Path) -> None:
    from gsrules.cli.show import write_page
    from gsrules.views.pages.diff_page import diff_page

    write_page(diff_page(found, workspace=ws), path)


def _one_way(
    base: str | None, runs: tuple[str, str] | None, profile: list[str] | None, rules: list[str] | None
) -> None:
    given = [name for name, value in (("--base", base), ("--runs", runs), ("--profile", profile)) if value]
    if len(given) > 1:
        hint = "rules then and now: --base; two kept runs: --runs; two behaviour profiles: --profile"
        raise InputError(Problem("GS-USAGE", f"{' and '.join(given)} exclude each other", hint=hint))
    if runs and rules:
        raise InputError(Problem("GS-USAGE", "--runs compares two runs; it takes no rule", value=", ".join(rules)))


def _put(found: tuple[RuleDifference, ...], form: str, rows: int, output: Path | None) -> None:
    """Prints the difference, or writes it to a file."""
    from gsrules.views.difference_json import difference_json
    from gsrules.views.difference_markdown import difference_markdown
    from gsrules.views.difference_text import difference_text
    from gsrules.views.paint import Painter

    if form == "json":
        text = difference_json(found)
    elif form == "markdown":
        text = difference_markdown(found, rows)
    else:
        text = difference_text(found, Painter.of(sys.stdout) if output is None else Painter(colour=False), rows)
    if output is None:
        typer.echo(text, nl=False)
        return
    from gsrules.run.rows import writing

    with writing(output):
        output.write_text(text, encoding="utf-8")
    typer.echo(f"wrote {output}", err=True)
