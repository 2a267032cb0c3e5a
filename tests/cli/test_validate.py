"""`gsrules validate` with repairs, explanations and advice."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gsrules.cli.main import main

WRONG = "rule: One   # mine\ntasks:\n  T:\n    type: fetch\n    objct: company\n    show: [Gsid, Nmae]\n"
RIGHT = WRONG.replace("objct", "object").replace("Nmae", "Name")

Validate = Callable[..., tuple[int, str, str]]


@pytest.fixture
def validate(project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Validate:
    """Runs `gsrules validate` in the small project, with the rule `one` in it."""
    (project / "rules/one.yml").write_text(WRONG, encoding="utf-8")

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.chdir(project)
        monkeypatch.setattr(sys, "argv", ["gsrules", "validate", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
        printed = capsys.readouterr()
        return int(left.value.code or 0), printed.out, printed.err

    return run


def test_fix_writes_the_repairs_shows_them_and_validates_again(validate: Validate, project: Path) -> None:
    code, out, _ = validate("one", "--fix")
    assert code == 0
    assert (project / "rules/one.yml").read_text(encoding="utf-8") == RIGHT
    assert "-    objct: company\n" in out
    assert "+    object: company\n" in out
    assert "2 repairs in 1 file\nchecked 1 rule: 0 errors" in out


def test_a_dry_run_shows_the_same_and_writes_nothing(validate: Validate, project: Path) -> None:
    code, out, _ = validate("one", "--fix", "--dry-run")
    assert code == 2
    assert (project / "rules/one.yml").read_text(encoding="utf-8") == WRONG
    assert "+    show: [Gsid, Name]" in out
    assert "2 repairs in 1 file: not written, because of --dry-run" in out


def test_nothing_to_repair_is_said(validate: Validate, project: Path) -> None:
    (project / "rules/one.yml").write_text(RIGHT, encoding="utf-8")
    code, out, _ = validate("--fix")
    assert code == 0
    assert out.startswith("nothing to repair of which it is certain what is meant\n")


def test_json_holds_the_repairs_for_editors_and_what_was_done(validate: Validate) -> None:
    code, out, _ = validate("one", "--format", "json")
    fixes = [problem["fix"] for problem in json.loads(out)["problems"] if "fix" in problem]
    assert code == 2
    assert fixes == [
        {"title": "write object instead of objct", "line": 5, "column": 5, "length": 5, "text": "object"},
    ]
    code, out, err = validate("one", "--fix", "--format", "json")
    done = json.loads(out)
    assert (code, done["errors"], len(done["repaired"][0]["fixes"])) == (0, 0, 2)
    assert "2 repairs in 1 file" in err


def test_annotations_name_the_repair(validate: Validate) -> None:
    assert "gsrules validate --fix would write object instead of objct" in validate("one", "--format", "github")[1]


def test_dry_run_needs_fix(validate: Validate) -> None:
    code, _, err = validate("--dry-run")
    assert code == 2
    assert "--dry-run belongs to --fix" in err


def test_a_code_is_explained_and_all_are_listed(validate: Validate) -> None:
    code, out, _ = validate("--explain", "GS-ADVICE-FAN-OUT")
    assert code == 0
    assert "Draws it:" in out
    code, out, _ = validate("--codes")
    assert code == 0
    assert "GS-SPEC-KEY " in out


def test_advice_is_a_warning_and_no_error(validate: Validate, project: Path) -> None:
    text = RIGHT.replace("show: [Gsid, Name]", "show: [Gsid, Name]\n    where: Arr > 5 and Arr < 3")
    (project / "rules/one.yml").write_text(text, encoding="utf-8")
    code, out, _ = validate("one")
    assert code == 0
    assert "warning GS-ADVICE-CONTRADICTION: no value of 'Arr' fulfils all conditions" in out


def test_what_is_wrong_with_definitions_is_found_like_all_else(validate: Validate, project: Path) -> None:
    path = project / "datasets/objects/usage__gc.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("label: Usage\n", "lable: Usage\n"), encoding="utf-8")
    code, out, _ = validate("--format", "json")
    problems = json.loads(out)["problems"]
    assert code == 2
    assert [(problem["code"], problem["fix"]["text"]) for problem in problems] == [("GS-SPEC-KEY", "label")]
