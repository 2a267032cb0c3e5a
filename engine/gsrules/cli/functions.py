"""The command that tells what the functions of formulas do: functions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gsrules.cli.options import DebugOption, ProjectOption, choice
from gsrules.errors import InputError

if TYPE_CHECKING:
    from gsrules.profile import Profile


def register(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    app.command(epilog="Example: gsrules functions date_diff")(functions)


def functions(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="One function; default: a list of all.")] = None,
    format: Annotated[
        str, typer.Option("--format", metavar="text|json|markdown", help="How to print it; markdown: a page of all.")
    ] = "text",
    project: ProjectOption = None,
    debug: DebugOption = False,
) -> None:
    """Tell what a function of formulas takes and gives, with the true results of its examples."""
    choice("--format", format, ("text", "json", "markdown"))
    profile = _profile(project)
    from gsrules.views import functions as views

    if format == "markdown":
        from gsrules.views.functions_page import functions_page

        typer.echo(functions_page(), nl=False)
        return
    if name is None:
        typer.echo(_json(views.list_json(profile)) if format == "json" else views.list_text(profile))
        return
    found = views.entry(name, profile)
    typer.echo(_json(views.entry_json(found, profile)) if format == "json" else views.entry_text(found, profile))


def _json(data: object) -> str:
    import json

    return json.dumps(data, ensure_ascii=False, indent=2)


def _profile(project: Path | None) -> Profile:
    """The profile of the project, which decides what examples give; outside of projects the default one."""
    from gsrules.profile import Profile
    from gsrules.project import Project

    try:
        return Project.find(Path.cwd(), project).profile
    except InputError as error:
        if project is None and all(problem.code == "GS-PROJECT-NONE" for problem in error.problems):
            return Profile.default()
        raise
