"""The command that runs rule tests."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gsrules.cli.options import DebugOption, ProjectOption, choice, workspace


def register(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    app.command(epilog="Example: gsrules test -k usage")(test)


def test(
    paths: Annotated[list[Path] | None, typer.Argument(metavar="[PATH…]", help="Test files or folders.")] = None,
    k: Annotated[str | None, typer.Option("-k", metavar="TEXT", help="Only tests whose name holds TEXT.")] = None,
    junit: Annotated[Path | None, typer.Option("--junit", metavar="FILE", help="Also write a JUnit XML file.")] = None,
    format: Annotated[
        str, typer.Option("--format", metavar="text|json|github", help="How to print the results.")
    ] = "text",
    project: ProjectOption = None,
    debug: DebugOption = False,
) -> None:
    """Run rule tests; a failed one shows the difference, row by row."""
    choice("--format", format, ("text", "json", "github"))
    from gsrules.regress.suite import run_tests
    from gsrules.views import test_results

    outcome = run_tests(workspace(project), paths or [], k)
    test_results.show(outcome, format)
    if junit is not None:
        test_results.write_junit(outcome, junit)
    raise typer.Exit(outcome.exit_code)
