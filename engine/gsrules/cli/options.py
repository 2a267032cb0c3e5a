"""Options that several commands share, and the small conversions of what a user types."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gsrules.errors import InputError, Problem, nearest

if TYPE_CHECKING:
    from gsrules.run.workspace import Workspace

ProjectOption = Annotated[
    Path | None,
    typer.Option("--project", metavar="DIR", help="The project's folder; default: this folder or one above."),
]
DebugOption = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
RuleDateOption = Annotated[
    str | None, typer.Option("--rule-date", metavar="DATE", help="The rule date, YYYY-MM-DD; default: today.")
]
ParamOption = Annotated[
    list[str] | None,
    typer.Option("--param", metavar="NAME=VALUE", help="Overrides a parameter of the rule; repeatable."),
]
SettingsOption = Annotated[
    list[str] | None,
    typer.Option("--profile", metavar="KEY=VALUE", help="Another value of the behaviour profile; repeatable."),
]
TenantOption = Annotated[
    Path | None, typer.Option("--tenant", metavar="PATH", help="The tenant's store; default: the project's.")
]
OutputOption = Annotated[
    Path | None, typer.Option("--output", metavar="FILE", help="Also write the rows to a .csv, .json or .parquet file.")
]
TabularOption = Annotated[str, typer.Option("--format", metavar="table|csv|json", help="How to print the rows.")]
HtmlOption = Annotated[
    Path | None, typer.Option("--html", metavar="FILE", help="Also write a page: one file that needs nothing else.")
]


def choice(name: str, value: str, allowed: tuple[str, ...]) -> str:
    """`value` if it is allowed; otherwise an error that lists what is."""
    if value in allowed:
        return value
    raise InputError(
        Problem(
            "GS-USAGE",
            f"{name} cannot be '{value}'",
            value=value,
            nearest=nearest(value, allowed),
            hint=f"use one of: {', '.join(allowed)}",
        )
    )


def date_of(text: str | None) -> dt.date | None:
    """A date typed as YYYY-MM-DD."""
    if text is None:
        return None
    parts = re.fullmatch(r"(\d{4})-(\d\d?)-(\d\d?)", text)
    try:
        if parts is None:
            raise ValueError
        return dt.date(*map(int, parts.groups()))
    except ValueError:
        raise InputError(
            Problem(
                "GS-USAGE", "--rule-date is not a date", value=text, hint="write it as YYYY-MM-DD, such as 2026-11-23"
            )
        ) from None


def params_of(pairs: list[str] | None) -> dict[str, str]:
    """`name=value` texts as a mapping; the run gives the values the types of the rule's parameters."""
    params: dict[str, str] = {}
    for pair in pairs or []:
        name, separator, value = pair.partition("=")
        if not separator or not name.strip():
            raise InputError(
                Problem("GS-USAGE", "--param needs NAME=VALUE", value=pair, hint="for example --param drop=-30")
            )
        params[name.strip()] = value
    return params


def settings_of(pairs: list[str] | None) -> dict[str, object]:
    """`key=value` texts as settings, each value as a rule file would have it."""
    from gsrules.spec.yaml12 import parse_yaml

    settings: dict[str, object] = {}
    for pair in pairs or []:
        name, separator, value = pair.partition("=")
        if not separator or not name.strip():
            hint = "for example --profile filter.between=exclude_upper"
            raise InputError(Problem("GS-USAGE", "--profile needs KEY=VALUE", value=pair, hint=hint))
        read = parse_yaml(value, "--profile")
        if read.problems:
            raise InputError(read.problems)
        settings[name.strip()] = read.root
    return settings


def workspace(project: Path | None, profile: list[str] | None = None) -> Workspace:
    """The project around the current folder, or the one given; under the keys of the behaviour profile in `profile`."""
    from gsrules.run.workspace import Workspace

    return Workspace.open(Path.cwd(), project).under(settings_of(profile))
