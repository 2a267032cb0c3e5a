"""Commands on runs of the past: show, history, undo."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gsrules.cli.options import (
    DebugOption,
    HtmlOption,
    OutputOption,
    ProjectOption,
    TabularOption,
    TenantOption,
    choice,
    workspace,
)
from gsrules.errors import InputError

if TYPE_CHECKING:
    from gsrules.run.workspace import Workspace

_EXIT_CODES = {"SUCCESS": 0, "FAILURE": 1, "PARTIAL_SUCCESS": 3}


def register(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    app.command(epilog="Example: gsrules show last --html run.html")(show)
    app.command(epilog="Example: gsrules history adoption/usage_drop")(history)
    app.command(epilog="Example: gsrules undo last --dry-run --rows")(undo)


def show(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run's id, its beginning, or `last`.")],
    format: Annotated[str, typer.Option("--format", metavar="table|json", help="How to print the report.")] = "table",
    html: HtmlOption = None,
    project: ProjectOption = None,
    debug: DebugOption = False,
) -> None:
    """Show one run that was kept, as it was reported; also as a page."""
    choice("--format", format, ("table", "json"))
    from gsrules.run.kept import find_run
    from gsrules.views import report

    ws = workspace(project)
    try:
        found = find_run(ws, run)
    except InputError:
        if html is None and _show_undo(ws, run, format):
            return
        raise
    if format == "json":
        typer.echo(report.as_json_text([found.report]))
    else:
        report.show([found.report])
    if html is not None:
        from gsrules.views.pages.run_page import run_page

        write_page(run_page(ws, [found]), html)


def _show_undo(ws: Workspace, name: str, form: str) -> bool:
    """Shows an undo, which the history alone keeps; whether there is one of that name."""
    from gsrules.run.undo.find import kept_undo
    from gsrules.views import undo as view

    found = kept_undo(ws, name)
    if found is not None and form == "json":
        typer.echo(view.as_json_text(found))
    elif found is not None:
        view.show(found)
    return found is not None


def history(
    rule: Annotated[str | None, typer.Argument(metavar="[RULE]", help="One rule; default: all of them.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="The most runs.")] = 50,
    tenant: TenantOption = None,
    format: TabularOption = "table",
    output: OutputOption = None,
    project: ProjectOption = None,
    debug: DebugOption = False,
) -> None:
    """List the runs that the local tenant remembers, newest first; dry runs leave no trace in it."""
    choice("--format", format, ("table", "csv", "json"))
    from gsrules.run.kept import history_rows
    from gsrules.views import table

    with history_rows(workspace(project), rule, limit, tenant) as rows:
        table.show(rows, format, output)


def undo(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A live run's id, its beginning, or `last`.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    partial: Annotated[bool, typer.Option("--partial", help="Leave the records that later runs changed.")] = False,
    rows: Annotated[bool, typer.Option("--rows", help="Tell every record and field.")] = False,
    tenant: TenantOption = None,
    format: Annotated[str, typer.Option("--format", metavar="table|json", help="How to print it.")] = "table",
    output: OutputOption = None,
    project: ProjectOption = None,
    debug: DebugOption = False,
) -> None:
    """Take a run back: restore what it overwrote, remove what it created, reopen what it closed."""
    choice("--format", format, ("table", "json"))
    from gsrules.run.undo.undo import UndoOptions, undoing
    from gsrules.views import table
    from gsrules.views import undo as view

    options = UndoOptions(dry_run, partial, rows or output is not None)
    with undoing(workspace(project), run, options, tenant) as (report, listed):
        if format == "json":
            if listed is not None and output is not None:
                table.write(listed, output)
            typer.echo(view.as_json_text(report, table.records(listed) if rows and listed is not None else None))
        else:
            view.show(report)
            if listed is not None:
                table.show(listed, "table", output)
    raise typer.Exit(_EXIT_CODES[report.status])


def write_page(page: str, path: Path) -> None:
    """Writes a page, and says where on standard error. Raises RunError GS-OUTPUT."""
    from gsrules.run.rows import writing

    with writing(path):
        path.write_text(page, encoding="utf-8")
    typer.echo(f"wrote {path}", err=True)
