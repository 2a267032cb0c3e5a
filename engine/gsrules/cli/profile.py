"""The command that tells which behaviours are decided how: profile."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gsrules.cli.options import DebugOption, ProjectOption, SettingsOption, choice, settings_of
from gsrules.errors import InputError

if TYPE_CHECKING:
    from gsrules.profile import Profile


def register(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    app.command(epilog="Example: gsrules profile filter.null_rows")(profile)


def profile(
    key: Annotated[
        str | None, typer.Argument(metavar="[KEY]", help="One key, or the beginning of several, such as filter.")
    ] = None,
    rule: Annotated[str | None, typer.Option("--rule", metavar="RULE", help="As this rule sees it.")] = None,
    settings: SettingsOption = None,
    format: Annotated[
        str, typer.Option("--format", metavar="text|json|markdown", help="How to print it; markdown: a page of all.")
    ] = "text",
    project: ProjectOption = None,
    debug: DebugOption = False,
) -> None:
    """List the behaviours that Gainsight does not document: how each is decided here, and where that is set."""
    choice("--format", format, ("text", "json", "markdown"))
    if format == "markdown":
        from gsrules.views.profile_page import profile_page

        typer.echo(profile_page(), nl=False)
        return
    from gsrules.views import profile as views
    from gsrules.views.paint import Painter

    own, of_project = _profiles(project, rule, settings)
    found = views.chosen(views.settings(own, of_project), key)
    if format == "json":
        typer.echo(json.dumps(views.as_json(found), ensure_ascii=False, indent=2))
        return
    painter = Painter.of(sys.stdout)
    entry = len(found) == 1
    for line in views.entry_lines(found[0], painter) if entry else views.list_lines(found, painter):
        typer.echo(line)


def _profiles(project: Path | None, rule: str | None, given: list[str] | None) -> tuple[Profile, Profile]:
    """The profile asked for and that of the project; outside of projects the default one."""
    from gsrules.profile import Profile
    from gsrules.project import Project

    if rule is not None:
        from gsrules.cli.options import workspace
        from gsrules.run.prepare import rule_profile

        ws = workspace(project, given)
        return rule_profile(ws, ws.rule(rule)), ws.project.profile
    try:
        found = Project.find(Path.cwd(), project).profile
    except InputError as error:
        if project is not None or any(problem.code != "GS-PROJECT-NONE" for problem in error.problems):
            raise
        found = Profile.default()
    made = found.overlaid(settings_of(given))
    return made, made
