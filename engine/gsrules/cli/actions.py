"""The command that tells what actions there are and what they take: actions."""

from __future__ import annotations

from typing import Annotated

import typer

from gsrules.cli.options import DebugOption, choice


def register(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    app.command(epilog="Example: gsrules actions create_cta")(actions)


def actions(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="One kind; default: a list of all.")] = None,
    format: Annotated[
        str, typer.Option("--format", metavar="text|json|markdown", help="How to print it; markdown: a page of all.")
    ] = "text",
    debug: DebugOption = False,
) -> None:
    """Tell what an action does: its parameters, their defaults, an example, the codes of its rows."""
    choice("--format", format, ("text", "json", "markdown"))
    from gsrules.views import actions as views

    if format == "markdown":
        from gsrules.views.actions_page import actions_page

        typer.echo(actions_page(), nl=False)
        return
    if name is None:
        typer.echo(_json(views.list_json()) if format == "json" else views.list_text())
        return
    found = views.entry(name)
    typer.echo(_json(views.entry_json(found)) if format == "json" else views.entry_text(found))


def _json(data: object) -> str:
    import json

    return json.dumps(data, ensure_ascii=False, indent=2)
