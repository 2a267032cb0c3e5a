from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from gsrules.errors import InputError, RunError
from gsrules.project import Project
from gsrules.sources.check import check_task
from gsrules.sources.resolve import resolve
from gsrules.spec.tasks import S3Task
from gsrules.spec.text import Text

RULE_DATE = dt.date(2018, 2, 24)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "rules").mkdir()
    bucket = tmp_path / "datasets/s3/gainsight-managed"
    for key in (
        "input/S3partial - Sheet1-2018-02-20.csv",
        "input/S3partial - Sheet1 -2018-02-20 b.csv",
        "input/S3partial - Sheet1 -2018-02-20 a.csv",
        "input/S3partial - Sheet1 -2018-02-21.csv",
        "input/usage.csv",
    ):
        (bucket / key).parent.mkdir(parents=True, exist_ok=True)
        (bucket / key).write_text("a\n")
    return Project.find(tmp_path)


def task(**values: Any) -> S3Task:
    return S3Task.model_validate({"columns": {"a": "string"}, **values})


def test_equals_reads_exactly_the_file_of_the_pattern(project: Project) -> None:
    # The worked example of data-setup.md §6.1.
    pattern = {"format": "yyyy-MM-dd", "subtract_days": 4}
    found = resolve(task(path="input/S3partial - Sheet1-${pattern}.csv", pattern=pattern), RULE_DATE, project)
    assert [file.key for file in found] == ["input/S3partial - Sheet1-2018-02-20.csv"]
    assert found[0].path.is_file()


def test_starts_with_reads_every_key_in_ascending_order(project: Project) -> None:
    pattern = {"format": "yyyy-MM-dd", "subtract_days": 4}
    made = task(path="input/S3partial - Sheet1 -${pattern}", pattern=pattern, match="starts_with")
    assert [file.key for file in resolve(made, RULE_DATE, project)] == [
        "input/S3partial - Sheet1 -2018-02-20 a.csv",
        "input/S3partial - Sheet1 -2018-02-20 b.csv",
    ]


def test_a_star_stands_for_itself_and_is_warned_of(project: Project) -> None:
    (problem,) = check_task(S3Task(path=Text("in/usage-*.csv")), project.profile)
    assert (problem.code, problem.severity, problem.value) == ("GS-FILE-PATH", "warning", "in/usage-*.csv")
    assert "no wildcards" in problem.message


def test_the_managed_prefix_may_be_written(project: Project) -> None:
    (found,) = resolve(task(path="MDA-Data-Ingest/input/usage.csv"), RULE_DATE, project)
    assert str(found) == "gainsight-managed/input/usage.csv"


def test_a_missing_file_tells_key_rule_date_and_nearest_keys(project: Project) -> None:
    pattern = {"format": "yyyy-MM-dd", "subtract_days": 3}
    with pytest.raises(RunError) as caught:
        resolve(task(path="input/S3partial - Sheet1-${pattern}.csv", pattern=pattern), RULE_DATE, project)
    (problem,) = caught.value.problems
    assert problem.code == "GS-FILE-MISSING"
    assert problem.value == "input/S3partial - Sheet1-2018-02-21.csv"
    assert "rule date 2018-02-24 − 3 days" in problem.message
    assert "input/S3partial - Sheet1-2018-02-20.csv" in problem.hint


def test_a_key_in_other_letter_case_is_pointed_out(project: Project) -> None:
    with pytest.raises(RunError) as caught:
        resolve(task(path="input/Usage.csv"), RULE_DATE, project)
    (problem,) = caught.value.problems
    assert (problem.nearest, problem.hint) == ("input/usage.csv", "keys are case-sensitive")


def test_a_prefix_without_files_is_missing(project: Project) -> None:
    made = task(path="input/none-${pattern}", pattern={}, match="starts_with")
    with pytest.raises(RunError, match="no key begins with “input/none-2018-02-24”"):
        resolve(made, RULE_DATE, project)


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"path": "input/usage.txt"}, "GS-FILE-EXTENSION"),
        ({"path": "input/usage.csv.gz"}, "GS-FILE-EXTENSION"),
        ({"path": "input/usage.csv", "file": {"compression": "gzip"}}, "GS-FILE-EXTENSION"),
        ({"path": "input/usage.csv.gz", "file": {"compression": "bzip"}}, "GS-FILE-EXTENSION"),
        ({"path": "../usage.csv"}, "GS-FILE-PATH"),
        ({"path": "/input/usage.csv"}, "GS-FILE-PATH"),
        ({"path": "in/${pattern}.csv", "pattern": {"format": "YYYY"}}, "GS-SYNTAX"),
        ({"path": "in/${pattern}.csv", "pattern": {"format": "yyyy-MM-dd HH"}}, "GS-SYNTAX"),
        ({"path": "in/a.csv", "file": {"encoding": "EBCDIC"}}, "GS-FILE-ENCODING"),
        ({"path": "in/a.csv", "file": {"encoding": "rot13"}}, "GS-FILE-ENCODING"),
        ({"path": "in/a.csv", "file": {"encrypted": True}}, "GS-FILE-ENCRYPTED"),
        ({"path": "in/a.csv.pgp"}, "GS-FILE-EXTENSION"),
        ({"path": "in/a.csv.zip"}, "GS-FILE-EXTENSION"),
        ({"path": "in/a.csv", "archive": "../out"}, "GS-FILE-PATH"),
        ({"path": "in/a.csv", "pgp_key": "mine"}, "GS-NAME"),
        ({"path": "in/a.csv", "timezone": "Mars/Olympus"}, "GS-SPEC-ONE-OF"),
        ({"path": "in/a.csv", "columns": {"a": {"type": "date", "format": "yyyy-MM"}}}, "GS-SYNTAX"),
        ({"path": "in/a.csv", "columns": None, "date_format": "DD"}, "GS-SYNTAX"),
    ],
)
def test_a_task_that_can_never_be_read_is_refused(project: Project, values: dict[str, Any], code: str) -> None:
    with pytest.raises(InputError) as caught:
        resolve(task(**values), RULE_DATE, project)
    assert code in [problem.code for problem in caught.value.problems]


@pytest.mark.parametrize("path", ["input/usage.CSV", "input/usage.tsv"])
def test_the_endings_csv_and_tsv_are_taken_in_any_case(project: Project, path: str) -> None:
    with pytest.raises(RunError, match="GS-FILE-MISSING"):
        resolve(task(path=path), RULE_DATE, project)
