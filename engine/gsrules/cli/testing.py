"""The command that runs rule tests."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from gsrules.cli.options import DebugOption, HtmlOption, ProjectOption, choice, workspace

if TYPE_CHECKING:
    from gsrules.regress.coverage import CoverageObserver, CoverageReport
    from gsrules.regress.outcome import SuiteOutcome
    from gsrules.run.workspace import Workspace


def register(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    app.command(epilog="Example: gsrules test -k usage")(test)


def test(
    paths: Annotated[list[Path] | None, typer.Argument(metavar="[PATH…]", help="Test files or folders.")] = None,
    k: Annotated[str | None, typer.Option("-k", metavar="TEXT", help="Only tests whose name holds TEXT.")] = None,
    last_failed: Annotated[
        bool, typer.Option("--last-failed", "--lf", help="Only the tests that failed when they ran last.")
    ] = False,
    fail_fast: Annotated[bool, typer.Option("--fail-fast", "-x", help="Stop after the first test that fails.")] = False,
    jobs: Annotated[
        int | None, typer.Option("--jobs", "-j", metavar="N", min=1, help="Processes; default: as many as pay.")
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Run again what a saved file concerns; Ctrl-C ends.")] = False,
    update: Annotated[bool, typer.Option("--update", help="Show how snapshots differ, and accept them.")] = False,
    interactive: Annotated[bool, typer.Option("--interactive", help="With --update: ask for each snapshot.")] = False,
    full: Annotated[bool, typer.Option("--full", help="Show every row that differs.")] = False,
    coverage: Annotated[bool, typer.Option("--coverage", help="Also tell what the tests never exercised.")] = False,
    fail_under: Annotated[
        float | None, typer.Option("--fail-under", metavar="PERCENT", min=0, max=100, help="Fail below this coverage.")
    ] = None,
    junit: Annotated[Path | None, typer.Option("--junit", metavar="FILE", help="Also write a JUnit XML file.")] = None,
    html: HtmlOption = None,
    format: Annotated[
        str, typer.Option("--format", metavar="text|json|github", help="How to print the results.")
    ] = "text",
    project: ProjectOption = None,
    debug: DebugOption = False,
) -> None:
    """Run rule tests; a failed one shows the difference, row by row."""
    choice("--format", format, ("text", "json", "github"))
    _refuse_together(
        watch,
        {
            "--update": update,
            "--junit": junit,
            "--html": html,
            "--coverage": coverage or fail_under is not None,
            "--lf": last_failed,
            "-x": fail_fast,
            "-j": jobs,
            "--full": full,
            "--format": format != "text",
        },
    )
    if interactive and not update:
        _refuse("--interactive needs --update", "gsrules test --update --interactive")
    found = workspace(project)
    if watch:
        _watch(found, paths or [], k)
    from gsrules.regress.suite import SuiteOptions, run_tests
    from gsrules.views import test_results

    observer = _observer() if coverage or fail_under is not None else None
    outcome = run_tests(found, paths or [], k, SuiteOptions(None, last_failed, fail_fast, jobs, observer))
    if update:
        outcome = _accepted(outcome, interactive=interactive)
    asked = () if paths or k or last_failed else found.rule_ids()  # some tests say nothing of the other rules
    report = observer.report(found, asked) if observer is not None else None
    test_results.show(outcome, format, full=full, more={"coverage": report.as_json()} if report else {})
    if junit is not None:
        from gsrules.run.rows import writing

        with writing(junit):
            test_results.write_junit(outcome, junit)
    if html is not None:
        from gsrules.cli.show import write_page
        from gsrules.views.pages.suite_page import suite_page

        write_page(suite_page(outcome, report, found), html)
    enough = report is None or _show_coverage(report, format, fail_under)
    raise typer.Exit(outcome.exit_code if enough else outcome.exit_code or 1)


def _observer() -> CoverageObserver:
    from gsrules.regress.coverage import CoverageObserver

    return CoverageObserver()


def _show_coverage(report: CoverageReport, format: str, fail_under: float | None) -> bool:
    """Prints the coverage, unless it is part of the JSON; whether it is as high as is asked for."""
    from gsrules.views.coverage import below_text, coverage_text

    if format != "json":
        print(coverage_text(report), file=sys.stdout if format == "text" else sys.stderr)
    if fail_under is None or report.percent >= fail_under:
        return True
    print(below_text(report, fail_under), file=sys.stderr)
    return False


def _refuse_together(watch: bool, others: dict[str, object]) -> None:
    taken = [name for name, value in others.items() if value]
    if watch and taken:
        _refuse(f"--watch and {taken[0]} exclude each other", "leave one of them out")


def _refuse(message: str, hint: str) -> NoReturn:
    from gsrules.errors import InputError, Problem

    raise InputError(Problem("GS-USAGE", message, hint=hint))


def _accepted(outcome: SuiteOutcome, *, interactive: bool) -> SuiteOutcome:
    from gsrules.regress.snapshots.accepting import accept, yes
    from gsrules.views import accepting

    return accept(outcome, accepting.ask if interactive else yes)


def _watch(found: Workspace, paths: list[Path], text: str | None) -> NoReturn:
    """Shows each round until the user ends it; the exit code is that of the latest outcomes."""
    import signal
    import time

    from gsrules.regress.watching import POLL_SECONDS, Watch
    from gsrules.views import watching

    ended = False

    def end(_signal: int, _frame: object) -> NoReturn:
        nonlocal ended
        ended = True
        raise KeyboardInterrupt

    def wait() -> None:
        if ended:  # the interruption came where nothing can be raised, such as in a finaliser
            raise KeyboardInterrupt
        time.sleep(POLL_SECONDS)

    signal.signal(signal.SIGINT, end)
    failed = False
    try:
        for each in Watch(found.project.root, paths, text).rounds(wait):
            failed = bool(each.problems) or any(not test.passed for test in each.known)
            watching.show(each, found.project.root)
    except KeyboardInterrupt:
        print()
    raise typer.Exit(1 if failed else 0)
