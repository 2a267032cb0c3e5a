"""`show`, `history`, and the pages that commands write."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gsrules.cli.main import main

DATE = ["--rule-date", "2026-11-23"]

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def gsrules(project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs the command in the small project; gives its exit code and what it printed."""

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.chdir(project)
        monkeypatch.setattr(sys, "argv", ["gsrules", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
        printed = capsys.readouterr()
        return int(left.value.code or 0), printed.out, printed.err

    return run


def test_show_prints_a_run_as_run_did(gsrules: Command) -> None:
    _, ran, _ = gsrules("run", "usage", *DATE)
    code, shown, _ = gsrules("show", "last")
    assert code == 0
    assert shown == ran


def test_show_prints_the_json_of_a_run_by_the_beginning_of_its_id(gsrules: Command) -> None:
    _, ran, _ = gsrules("run", "usage", "--dry-run", *DATE, "--format", "json")
    code, shown, _ = gsrules("show", json.loads(ran)["run_id"][:20], "--format", "json")
    assert code == 0
    assert json.loads(shown) == json.loads(ran)


def test_show_of_an_unknown_run_says_which_is_the_newest(gsrules: Command) -> None:
    gsrules("run", "again", *DATE)
    code, out, err = gsrules("show", "yesterday")
    assert (code, out) == (2, "")
    assert "there is no kept run 'yesterday'" in err
    assert "gsrules show last" in err


def test_run_and_show_write_the_same_page(gsrules: Command, project: Path) -> None:
    code, _, err = gsrules("run", "usage", *DATE, "--html", "pages/run.html")
    assert (code, err) == (0, "wrote pages/run.html\n")
    gsrules("show", "last", "--html", "shown.html")
    page = (project / "pages/run.html").read_text(encoding="utf-8")
    assert page == (project / "shown.html").read_text(encoding="utf-8")
    assert "<h1>Load usage</h1>" in page


def test_a_page_of_several_runs_has_them_all(gsrules: Command, project: Path) -> None:
    gsrules("run", "both", *DATE, "--html", "run.html")
    page = (project / "run.html").read_text(encoding="utf-8")
    assert page.count("<article ") == 2
    assert page.index('id="run-1"') < page.index("Load usage</h2>") < page.index('id="run-2"')


def test_a_page_that_cannot_be_written_is_an_error_in_words(gsrules: Command, project: Path) -> None:
    (project / "file").touch()
    code, _, err = gsrules("run", "again", *DATE, "--html", "file/run.html")
    assert code == 1
    assert "GS-OUTPUT" in err


def test_history_lists_live_runs_newest_first(gsrules: Command) -> None:
    gsrules("run", "usage", *DATE)
    gsrules("run", "again", *DATE)
    gsrules("run", "usage", "--dry-run", *DATE)
    code, out, _ = gsrules("history", "--format", "json")
    runs = json.loads(out)
    assert code == 0
    assert [(run["rule"], run["status"], run["matched"], run["created"]) for run in runs] == [
        ("again", "SUCCESS", 0, 0),
        ("usage", "SUCCESS", 3, 3),
    ]
    _, out, _ = gsrules("history", "usage", "--format", "json")
    assert [run["rule"] for run in json.loads(out)] == ["usage"]
    _, out, _ = gsrules("history", "--limit", "1", "--format", "json")
    assert [run["rule"] for run in json.loads(out)] == ["again"]


def test_history_of_an_unknown_rule_names_the_nearest(gsrules: Command) -> None:
    code, _, err = gsrules("history", "usag")
    assert code == 2
    assert "usage" in err


def test_undo_takes_a_run_back_and_the_history_and_show_tell_of_it(gsrules: Command) -> None:
    _, ran, _ = gsrules("run", "usage", *DATE)
    run = ran.rstrip().rsplit(" ", 1)[1]
    assert f"takes it back: gsrules undo {run}" in ran
    code, out, err = gsrules("undo", "last", "--dry-run", "--rows", "--output", "rows.csv")
    assert (code, f"{run} would be undone; nothing was changed" in out) == (0, True)
    assert "wrote rows.csv" in err
    code, out, _ = gsrules("undo", run[:-3], "--format", "json", "--rows")
    report = json.loads(out)
    assert (code, report["status"], report["undone"]) == (0, "SUCCESS", run)
    assert {row["does"] for row in report["rows"]} == {"removed"}
    _, out, _ = gsrules("history", "--format", "json")
    assert [line["undo"] for line in json.loads(out)] == [f"undo of {run}", f"undone by {report['undo_id']}"]
    _, out, _ = gsrules("show", report["undo_id"])
    assert f"{run} is undone by {report['undo_id']}" in out


def test_undo_says_what_stands_in_the_way_and_exits_with_1(gsrules: Command, project: Path) -> None:
    gsrules("run", "usage", *DATE)
    _, out, _ = gsrules("history", "--format", "json")
    first = json.loads(out)[0]["run"]
    file = project / "datasets/s3/gainsight-managed/input/usage-2026-11-22.csv"
    file.write_text(file.read_text().replace("12", "13"))
    gsrules("run", "usage", *DATE)
    code, out, _ = gsrules("undo", first)
    assert code == 1
    assert f"{first} cannot be undone; nothing was changed" in out
    assert "RECORD_CHANGED" in out
    assert "Logins__gc from 20, it is 21 now" in out
    assert gsrules("undo", first, "--partial")[0] == 3
    _, out, _ = gsrules("history", "--format", "json")
    assert json.loads(out)[2]["undo"] == f"partly undone by {json.loads(out)[0]['run']}"


def test_a_dry_run_cannot_be_undone(gsrules: Command) -> None:
    gsrules("run", "usage", *DATE)
    _, ran, _ = gsrules("run", "usage", "--dry-run", *DATE, "--format", "json")
    code, _, err = gsrules("undo", json.loads(ran)["run_id"])
    assert (code, "GS-UNDO-DRY-RUN" in err) == (2, True)
