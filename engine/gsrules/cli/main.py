"""The command `gsrules`: registers the commands and turns every error into words and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Annotated, Final, NoReturn

import typer

from gsrules import __version__
from gsrules.errors import GsrulesError, Problem, RunError

# The commands by the module that has them, in the order in which help lists them.
HOMES: Final[Mapping[str, tuple[str, ...]]] = {
    "project": ("demo", "init", "validate", "schema"),
    "rules": ("run", "preview", "infer", "compile"),
    "show": ("show", "history", "undo"),
    "testing": ("test",),
    "diff": ("diff",),
    "record": ("record",),
    "why": ("why",),
    "sweep": ("sweep",),
    "data": ("query", "objects", "reset"),
    "actions": ("actions",),
    "functions": ("functions",),
    "profile": ("profile",),
}


def _version(shown: bool) -> None:
    if shown:
        typer.echo(f"gsrules {__version__}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Gainsight's Rules Engine on a laptop: rules as YAML, dry-run row by row, tested, explained."""


def app_for(words: Sequence[str] = ()) -> typer.Typer:
    """The app with the command that `words` name, else with all of them: each takes time to load and to prepare."""
    app = typer.Typer(
        name="gsrules",
        help="Gainsight's Rules Engine on a laptop: rules as YAML, dry-run row by row, tested, explained.",
        epilog="Start with: gsrules demo",
        add_completion=False,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    first = next((word for word in words if not word.startswith("-")), "")
    home = next((home for home, commands in HOMES.items() if first in commands), None)
    for each in HOMES if home is None else (home,):
        import_module(f"gsrules.cli.{each}").register(app)
    if home is not None:
        names = HOMES[home]
        app.registered_commands = [app.registered_commands[names.index(first)]]
    return app


def main() -> NoReturn:
    """Runs the command line; every way out has an exit code of `cli.md` and no traceback without --debug."""
    debug = "--debug" in sys.argv
    # We use no pydantic plugins; looking for some reads the metadata of every installed package.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    try:
        app_for(sys.argv[1:])()
    except GsrulesError as error:
        if debug:
            raise
        _print_problems(error)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # The reader of a pipe went away: not our error, and nothing more can be said.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        if debug:
            raise
        hint = "check the free space and the rights; TMPDIR names the folder of temporary files"
        _print_problems(RunError(Problem("GS-SYSTEM", f"a file cannot be read or written: {error}", hint=hint)))
        sys.exit(1)
    except Exception as error:
        if debug:
            raise
        print(f"error GS-INTERNAL: gsrules itself failed: {type(error).__name__}: {error}", file=sys.stderr)
        print("  help: run the command again with --debug and report what it prints", file=sys.stderr)
        sys.exit(1)
    sys.exit(0)


def _print_problems(error: GsrulesError) -> None:
    from gsrules.views.problems import as_text

    print(as_text(error.problems, colour=sys.stderr.isatty()), end="", file=sys.stderr)
    errors = sum(problem.severity == "error" for problem in error.problems)
    if errors > 1:
        print(f"\n{errors} errors", file=sys.stderr)
