"""Keys, paths and names of files stay below their bucket and their project."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from gsrules.errors import GsrulesError, InputError
from gsrules.regress.suite import run_tests
from gsrules.run.batch import run_all
from gsrules.run.engine import RunOptions
from gsrules.run.workspace import Workspace
from tests.run.hostile.support import BUCKET, DATE, VALUES, found, notes, opened, previewed, ran

FILE_NAMES = [
    "with space", "it's", 'say "hi"', "a;b", "'; DROP TABLE company; --",
    "[ab]", "{a,b}", "a*", "?", "**", "a\\b", "..\\x",
    "%2e%2e%2fx", "~", "$HOME", "${x}", "#", "a=b", "é", "e\u0301", "🚀", "שלום", "tab\there", "-rf", "...", "a.csv",
]  # fmt: skip


@pytest.mark.parametrize("folder", ["in", 'it\'s [a] *? "f" é'])
def test_keys_of_files_are_names_and_never_patterns(tmp_path: Path, folder: str) -> None:
    """Beside each file lies one that a pattern of that name would read, too."""
    keys = [f"{folder}/{name}.csv" for name in FILE_NAMES]
    files: dict[str, Any] = {f"{BUCKET}/{key}": f"Key\n{n}\n" for n, key in enumerate(keys)}
    files |= {f"{BUCKET}/{folder}/{name}.csv": "Key\nwrong\n" for name in ("a", "b", "ab", "x", "%", "..x")}
    files |= {f"{BUCKET}/{name}.csv": "Key\nwrong\n" for name in ("x", "a", "b")}
    for n, key in enumerate(keys):
        task = {"type": "s3", "path": key, "columns": {"Key": "string"}}
        files[f"rules/r{n}.yml"] = {"rule": "Read", "tasks": {"File": task}, "actions": []}
    workspace = opened(tmp_path, files)
    for n in range(len(keys)):
        assert previewed(workspace, "File", f"r{n}") == (["Key"], [(str(n),)])


def test_a_project_may_lie_in_a_folder_of_any_name(tmp_path: Path) -> None:
    root = tmp_path / 'it\'s [a] * "folder"; é 🚀 %41 ${x} --'
    files = notes()
    files["rules/r.yml"]["actions"][0]["id"] = "../../'Write' [x] *"
    workspace = opened(root, files)
    report = ran(workspace)
    assert [value for (value,) in found(workspace, "SELECT Value__gc FROM note__gc ORDER BY Key__gc::INT")] == VALUES
    assert report.artifacts is not None
    (effects,) = (root / report.artifacts / "effects").iterdir()
    assert effects.name.endswith(".parquet")
    copied = tmp_path / "effects.parquet"  # DuckDB would take the folder's name for a pattern
    effects.rename(copied)
    with duckdb.connect() as con:
        assert con.execute(f"SELECT count(*) FROM '{copied}'").fetchone() == (len(VALUES),)
    copied.unlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == [root.name]


SECRET = "Key\nsecret\n"


def reading(path: str, **more: Any) -> dict[str, Any]:
    """A project with a secret beside its buckets and beside itself, and a rule that reads `path`."""
    return {
        "datasets/s3/secret.csv": SECRET,
        "datasets/secret.csv": SECRET,
        "secret.csv": SECRET,
        f"{BUCKET}/input/n.csv": "Key\nopen\n",
        "rules/r.yml": {
            "rule": "Read",
            "tasks": {"File": {"type": "s3", "path": path, "columns": {"Key": "string"}, **more}},
            "actions": [],
        },
    }


def refused(workspace: Workspace) -> tuple[str, str]:
    """Code and value of the one problem that a preview, and a run, give instead of rows."""
    with pytest.raises(GsrulesError) as caught:
        previewed(workspace, "File")
    (problem,) = caught.value.problems
    assert "secret" not in problem.message.replace("secret.csv", "")
    try:
        (report,) = run_all(workspace, ["r"], RunOptions(rule_date=DATE), None).reports
        problems = report.problems
        assert (report.status, report.tasks) == ("FAILURE", ())
    except InputError as error:
        problems = error.problems
    assert [each.code for each in problems] == [problem.code]
    return problem.code, problem.value


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("../secret.csv", "GS-FILE-PATH"),
        ("input/../../secret.csv", "GS-FILE-PATH"),
        ("input/../input/n.csv", "GS-FILE-PATH"),
        ("./input/n.csv", "GS-FILE-PATH"),
        ("input//n.csv", "GS-FILE-PATH"),
        ("MDA-Data-Ingest/../secret.csv", "GS-FILE-PATH"),
        ("/etc/hosts.csv", "GS-FILE-PATH"),
        ("//etc/hosts.csv", "GS-FILE-PATH"),
        ("..\\secret.csv", "GS-FILE-MISSING"),
        ("input\\..\\..\\secret.csv", "GS-FILE-MISSING"),
        ("%2e%2e/secret.csv", "GS-FILE-MISSING"),
        ("..%2fsecret.csv", "GS-FILE-MISSING"),
        ("\uff0e\uff0e/secret.csv", "GS-FILE-MISSING"),
        (".../secret.csv", "GS-FILE-MISSING"),
        ("~/secret.csv", "GS-FILE-MISSING"),
        ("$HOME/secret.csv", "GS-FILE-MISSING"),
        ("https://example.com/secret.csv", "GS-FILE-PATH"),
        ("file:///etc/hosts.csv", "GS-FILE-PATH"),
        ("file:secret.csv", "GS-FILE-MISSING"),
        ("input/*.csv", "GS-FILE-MISSING"),
    ],
)
def test_a_path_never_leads_out_of_its_bucket(tmp_path: Path, path: str, code: str) -> None:
    assert refused(opened(tmp_path, reading(path)))[0] == code


@pytest.mark.parametrize(
    ("path", "format_", "value"),
    [
        ("${pattern}/secret.csv", "'..'yyyy-MM-dd", "..2026-11-23/secret.csv"),
        ("input/${pattern}.csv", "'../../secret'yyyyMMdd", "input/../../secret20261123.csv"),
        ("input/${pattern}.csv", "'../'yyyyMMdd", "input/../20261123.csv"),
        ("${pattern}.csv", "'/etc/'yyyyMMdd", "/etc/20261123.csv"),
        ("input/${pattern}/n.csv", "yyyyMMdd'/..'", "input/20261123/../n.csv"),
    ],
)
def test_a_date_in_a_path_never_leads_out_of_its_bucket(tmp_path: Path, path: str, format_: str, value: str) -> None:
    files = reading(path, pattern={"format": format_})
    files |= {"secret20261123.csv": SECRET, "datasets/s3/secret20261123.csv": SECRET}
    code, shown = refused(opened(tmp_path, files))
    assert (code, shown) == ("GS-FILE-MISSING" if value.startswith("..2") else "GS-FILE-PATH", value)


@pytest.mark.parametrize("match", ["equals", "starts_with"])
def test_a_date_in_a_path_may_name_folders_of_the_bucket(tmp_path: Path, match: str) -> None:
    files = reading("input/${pattern}.csv", pattern={"format": "yyyy/MM/dd"})
    if match == "starts_with":
        files["rules/r.yml"]["tasks"]["File"] |= {"path": "input/${pattern}", "match": match}
    files[f"{BUCKET}/input/2026/11/23.csv"] = "Key\ndated\n"
    assert previewed(opened(tmp_path, files), "File")[1] == [("dated",)]


@pytest.mark.parametrize("prefix", ["../s${pattern}", "../../${pattern}", "/etc/${pattern}"])
def test_a_prefix_never_leads_out_of_its_bucket(tmp_path: Path, prefix: str) -> None:
    files = reading(prefix, match="starts_with", pattern={"format": "'ecret'"})
    files["rules/r.yml"]["tasks"]["File"]["pattern"]["format"] = "yyyy"
    assert refused(opened(tmp_path, files))[0] == "GS-FILE-PATH"


@pytest.mark.parametrize("bucket", ["..", "../..", ".", "", "gainsight-managed/..", "/etc", "gainsight-managed/input"])
def test_a_bucket_is_one_of_the_projects(tmp_path: Path, bucket: str) -> None:
    code, _ = refused(opened(tmp_path, reading("secret.csv", bucket=bucket)))
    assert code in ("GS-PROJECT-BUCKET", "GS-SPEC-EMPTY")


def test_a_link_that_leads_out_of_the_bucket_is_refused(tmp_path: Path) -> None:
    files = reading("input/link.csv")
    workspace = opened(tmp_path, files)
    (tmp_path / BUCKET / "input/link.csv").symlink_to(tmp_path / "secret.csv")
    assert refused(workspace) == ("GS-FILE-PATH", "input/link.csv")


def test_a_linked_folder_that_leads_out_of_the_bucket_is_refused(tmp_path: Path) -> None:
    workspace = opened(tmp_path, reading("out/secret.csv"))
    (tmp_path / BUCKET / "out").symlink_to(tmp_path)
    assert refused(workspace) == ("GS-FILE-PATH", "out/secret.csv")


def test_a_prefix_does_not_read_through_a_link_out_of_the_bucket(tmp_path: Path) -> None:
    """A linked folder is not listed; a linked file is met and refused."""
    files = reading("out/sec${pattern}", match="starts_with", pattern={"format": "yyyy"})
    files["sec2026.csv"] = SECRET
    workspace = opened(tmp_path, files)
    (tmp_path / BUCKET / "out").symlink_to(tmp_path)
    assert refused(workspace)[0] == "GS-FILE-MISSING"
    (tmp_path / BUCKET / "out").unlink()
    (tmp_path / BUCKET / "out").mkdir()
    (tmp_path / BUCKET / "out/sec2026.csv").symlink_to(tmp_path / "sec2026.csv")
    assert refused(workspace)[0] == "GS-FILE-PATH"


@pytest.mark.parametrize(
    "key",
    [
        "../outside.csv", "gainsight-managed/../../outside.csv", "/outside.csv", "outside.csv",
        "gainsight-managed/../outside.csv", "gainsight-managed/./outside.csv", "../../../../outside.csv",
    ],
)  # fmt: skip
def test_the_files_of_a_test_stay_in_their_buckets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    files = reading("input/n.csv")
    case = {
        "name": "Outside",
        "rule_date": "2026-11-23",
        "given": {"files": {key: "Key\n1\n"}},
        "expect": {"status": "SUCCESS"},
    }
    files["tests/t.yml"] = {"rule": "r", "tests": [case]}
    outcome = run_tests(opened(tmp_path / "project", files), [], None)
    (test,) = outcome.tests
    assert [(problem.code, problem.value) for problem in test.problems] == [("GS-FILE-PATH", key)]
    assert list(tmp_path.rglob("outside.csv")) == []


def test_a_test_does_not_read_through_a_link_of_the_projects_bucket(tmp_path: Path) -> None:
    files = reading("input/link.csv")
    files["gsrules.toml"] = f'[buckets.gainsight-managed]\npath = "{BUCKET}"\n'
    given = {"seed": True, "files": {"gainsight-managed/input/other.csv": "Key\n1\n"}}
    files["tests/t.yml"] = {"rule": "r", "tests": [{"name": "Link", "given": given, "expect": {"status": "SUCCESS"}}]}
    workspace = opened(tmp_path, files)
    (tmp_path / BUCKET / "input/link.csv").symlink_to(tmp_path / "secret.csv")
    (test,) = run_tests(workspace, [], None).tests
    assert [(problem.code, problem.value) for problem in test.problems] == [("GS-FILE-PATH", "input/link.csv")]


@pytest.mark.parametrize(
    "name", ["../outside", "../outside.yml", "/etc/passwd", "rules/../../outside.yml", "r/../r", "\u202er"]
)
def test_rules_come_from_the_rules_folder_only(tmp_path: Path, name: str) -> None:
    files = reading("input/n.csv")
    files["outside.yml"] = files["rules/r.yml"]
    workspace = opened(tmp_path, files)
    with pytest.raises(InputError) as caught:
        run_all(workspace, [name], RunOptions(rule_date=DATE), None)
    assert [problem.code for problem in caught.value.problems] == ["GS-NAME"]
