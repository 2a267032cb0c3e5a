"""Commands around a project: demo, init, validate, schema."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from gsrules.cli.options import DebugOption, ProjectOption, choice, workspace
from gsrules.errors import InputError, Problem


def register(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    app.command(epilog="Example: gsrules demo")(demo)
    app.command(epilog="Example: gsrules init my-rules")(init)
    app.command(epilog="Example: gsrules validate adoption/usage_drop")(validate)
    app.command(epilog="Example: gsrules schema > .gsrules/rule.schema.json")(schema)


def demo(debug: DebugOption = False) -> None:
    """Run the example project in a temporary folder; print the report and where its page lies."""
    from gsrules.run.example import run_demo
    from gsrules.run.kept import find_run
    from gsrules.views import progress, report
    from gsrules.views.pages.run_page import run_page

    with progress.shown(sys.stderr) as on_step:
        result = run_demo(on_step)
        on_step("the page of all runs")
        ws = workspace(result.folder)
        page = result.folder / "report.html"
        page.write_text(run_page(ws, [find_run(ws, done.run_id) for done in result.reports]), encoding="utf-8")
    report.show_demo(result.folder, result.reports, page)
    raise typer.Exit(0 if all(done.status == "SUCCESS" for done in result.reports) else 1)


def init(
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="The new project's folder.")] = Path("."),
    debug: DebugOption = False,
) -> None:
    """Write a small working project: objects, records, S3 files, two rules and their tests."""
    from gsrules.run.example import write_project

    written = write_project(folder)
    typer.echo(f"Wrote {len(written)} files to {folder}")
    where = "" if folder == Path(".") else f"cd {folder} && "
    typer.echo(
        f"Next: {where}gsrules validate && gsrules test && gsrules run --dry-run {' '.join(written.rules)} "
        f"--rule-date {written.rule_date}"
    )


def validate(
    rules: Annotated[
        list[str] | None, typer.Argument(metavar="[RULE…]", help="Rules or chains; default: everything.")
    ] = None,
    fix: Annotated[bool, typer.Option("--fix", help="Repair what is certain, keeping comments and form.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="With --fix: show the repairs and write nothing.")] = False,
    explain: Annotated[
        str | None, typer.Option("--explain", metavar="CODE", help="Explain a code, with an example.")
    ] = None,
    codes: Annotated[bool, typer.Option("--codes", help="List every code that a finding can have.")] = False,
    format: Annotated[
        str, typer.Option("--format", metavar="text|json|github", help="How to print the problems; --codes: markdown.")
    ] = "text",
    project: ProjectOption = None,
    debug: DebugOption = False,
) -> None:
    """Check rules, chains, objects and tests without touching data; list every problem."""
    choice("--format", format, ("text", "markdown") if codes else ("text", "json", "github"))
    if dry_run and not fix:
        raise InputError(Problem("GS-USAGE", "--dry-run belongs to --fix", value="--dry-run", hint="add --fix"))
    if explain is not None or codes:
        from gsrules.views.codes import codes_page, codes_text, explained_text

        if explain is not None:
            typer.echo(explained_text(explain))
        else:
            typer.echo(codes_page() if format == "markdown" else codes_text(), nl=format != "markdown")
        return
    from gsrules.run.check import validate_all
    from gsrules.views import findings

    repaired = None
    if fix:
        from gsrules.run.repair.project import repair_project

        repaired = repair_project(Path.cwd(), project, rules or [], write=not dry_run)
        typer.echo(findings.repairs_text(repaired, dry_run=dry_run), err=format != "text")
    found = validate_all(Path.cwd(), project, rules or [])
    findings.show(found, format, repaired)
    raise typer.Exit(2 if found.errors else 0)


def schema(
    of: Annotated[str, typer.Argument(metavar="[rules|tests]", help="Rule files, or files of rule tests.")] = "rules",
    debug: DebugOption = False,
    project: ProjectOption = None,
) -> None:
    """Print the JSON Schema of rule files or test files, for editors."""
    import json

    from gsrules.run.workspace import schema_of_rules, schema_of_tests

    choice("the schema", of, ("rules", "tests"))
    made = schema_of_rules() if of == "rules" else schema_of_tests()
    typer.echo(json.dumps(made, indent=2, ensure_ascii=False))
