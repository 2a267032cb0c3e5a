"""The app of a command line has the command that is named, or all."""

from __future__ import annotations

from importlib import import_module

import pytest
import typer

from gsrules.cli.main import HOMES, app_for


def _names(app: typer.Typer) -> tuple[str, ...]:
    return tuple(each.name or getattr(each.callback, "__name__", "") for each in app.registered_commands)


@pytest.mark.parametrize("home", HOMES)
def test_a_module_has_the_commands_that_are_looked_for_there(home: str) -> None:
    app = typer.Typer()
    import_module(f"gsrules.cli.{home}").register(app)
    assert _names(app) == HOMES[home]


def test_only_the_command_that_is_named_is_prepared() -> None:
    assert _names(app_for(["--debug", "undo", "run"])) == ("undo",)


@pytest.mark.parametrize("words", [[], ["--help"], ["rnu"]])
def test_without_the_name_of_a_command_all_are_there(words: list[str]) -> None:
    assert _names(app_for(words)) == tuple(name for names in HOMES.values() for name in names)
