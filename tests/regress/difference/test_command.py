"""`gsrules diff` in real git repositories: bases, effects, runs, profiles, forms of output."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gsrules.cli.main import main
from gsrules.run.workspace import Workspace
from gsrules.views.difference_markdown import LONGEST

DATE = ("--rule-date", "2026-11-23")


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str

    @property
    def rules(self) -> list[dict[str, Any]]:
        return list(json.loads(self.out)["rules"])


Command = Callable[..., Done]


def git(folder: Path, *arguments: str) -> str:
    settings = ("-c", "user.name=Tester", "-c", "user.email=tester@example.com", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", "-C", str(folder), *settings, *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def repository(project: Path) -> Path:
    """The small project, committed."""
    (project / ".gitignore").write_text(".gsrules/\n", encoding="utf-8")
    git(project, "init", "-q", "-b", "main")
    git(project, "add", ".")
    git(project, "commit", "-q", "-m", "first")
    return project


@pytest.fixture
def gsrules(project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    def run(*arguments: str, folder: Path = project) -> Done:
        monkeypatch.chdir(folder)
        monkeypatch.setattr(sys, "argv", ["gsrules", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
        printed = capsys.readouterr()
        return Done(int(left.value.code or 0), printed.out, printed.err)

    return run


def test_nothing_changed_is_said_and_is_no_difference(gsrules: Command, repository: Path) -> None:
    done = gsrules("diff", "--check")
    assert (done.code, done.out.strip()) == (0, "no rule has changed")


def test_a_changed_criterion_shows_who_gains_a_cta(gsrules: Command, repository: Path) -> None:
    edit(repository / "rules/usage.yml", "least: 25", "least: 50")
    done = gsrules("diff", *DATE, "--format", "json")
    [rule] = done.rules
    assert (rule["rule"], rule["before"]["label"][:6], rule["after"]["label"]) == ("usage", "HEAD (", "now")
    assert [change["text"] for change in rule["structure"]] == ["parameter :least changed from `25` to `50`"]
    assert rule["structure"][0]["place_before"]["file"] == "HEAD:rules/usage.yml"
    assert {each["task"]: each["state"] for each in rule["datasets"]} == dict.fromkeys(
        ("Usage file", "By account", "Companies", "Joined"), "same"
    )
    write, low = rule["effects"]
    assert (write["state"], low["state"]) == ("same", "differs")
    assert (low["before"], low["after"], low["gained"], low["lost"]) == ({"created": 1}, {"created": 2}, 1, 0)
    assert low["turns"] == [
        {"before": None, "after": "created", "rows": 1, "samples": ["Beta"]},
    ]
    assert rule["differs_in_effect"]


def test_the_text_form_says_it_in_a_few_lines(gsrules: Command, repository: Path) -> None:
    edit(repository / "rules/usage.yml", "least: 25", "least: 50")
    lines = [line.rstrip() for line in gsrules("diff", *DATE).out.splitlines()]
    assert "    ~ parameter :least changed from `25` to `50`  rules/usage.yml:2" in lines
    assert "  Write usage  load_to_object → usage__gc  does the same" in lines
    assert "  Low usage  create_cta → call_to_action  DIFFERS   created 1 → 2" in lines
    assert "    + 1 more created" in lines
    assert "    rows  + Beta  (created)" in lines
    assert lines[-1] == "1 rule compared: 1 of them does something else with this data"


def test_check_exits_with_one_on_a_difference_and_with_zero_without_it(gsrules: Command, repository: Path) -> None:
    assert gsrules("diff", "usage", "--check", *DATE).code == 0
    edit(repository / "rules/usage.yml", "least: 25", "least: 50")
    assert gsrules("diff", "usage", *DATE).code == 0
    assert gsrules("diff", "usage", "--check", *DATE).code == 1


def test_a_changed_formula_turns_values_of_dataset_and_record(gsrules: Command, repository: Path) -> None:
    edit(repository / "rules/usage.yml", "sum(Logins) as Logins", "max(Logins) as Logins")
    [rule] = gsrules("diff", *DATE, "--format", "json").rules
    states = {each["task"]: each["state"] for each in rule["datasets"]}
    assert states == {"Usage file": "same", "By account": "differs", "Companies": "same", "Joined": "differs"}
    by_account, joined = (each for each in rule["datasets"] if each["state"] == "differs")
    assert by_account["table"]["key"] == {"columns": ["Account ID"], "source": "rule"}
    assert by_account["changed_here"] == [rule["structure"][0]["text"]]
    assert joined["follows"] == ["By account"]
    [row] = joined["table"]["changed_rows"]
    assert row == {"key": ["Alpha"], "cells": [{"column": "Logins", "before": 20, "after": 12}]}
    [change] = rule["effects"][0]["table"]["changes"]
    assert (change["column"], change["transitions"][0]["before"], change["transitions"][0]["after"]) == (
        "Logins__gc", 20, 12,
    )  # fmt: skip


def test_labels_and_names_stand_where_records_hold_gsids(gsrules: Command, repository: Path) -> None:
    edit(repository / "rules/usage.yml", "priority: High", "priority: Low")
    edit(repository / "rules/usage.yml", "when: Logins < :least", "when: Logins > :least")
    [rule] = gsrules("diff", *DATE, "--format", "json").rules
    low = rule["effects"][1]
    [new], [gone] = low["table"]["new_rows"], low["table"]["gone_rows"]
    assert (new["key"], gone["key"]) == (["Beta"], ["Alpha"])
    assert (new["values"]["PriorityId"], gone["values"]["PriorityId"]) == ("Low", "High")
    assert (new["values"]["OwnerId"], new["values"]["CompanyId"]) == ("Owner", "Beta")
    assert (low["gained"], low["lost"]) == (1, 1)


def test_a_cta_of_another_name_is_neither_gained_nor_lost(gsrules: Command, repository: Path) -> None:
    edit(repository / "rules/usage.yml", "logs in little", "is quiet")
    [rule] = gsrules("diff", *DATE, "--format", "json").rules
    low = rule["effects"][1]
    assert (low["gained"], low["lost"], low["table"]["rows"]["changed"]) == (0, 0, 1)
    [row] = low["table"]["changed_rows"]
    assert row == {
        "key": ["Alpha"],
        "cells": [{"column": "Name", "before": "Alpha logs in little", "after": "Alpha is quiet"}],
    }


def test_gsids_of_new_records_are_no_difference(gsrules: Command, repository: Path) -> None:
    """The second action finds other free numbers, because the first creates one CTA more."""
    rule = repository / "rules/usage.yml"
    text = rule.read_text(encoding="utf-8")
    second = (
        text[text.index("  - action: create_cta") :]
        .replace("Low usage", "Second")
        .replace("${Name} logs", "${Name} too")
    )
    rule.write_text(text + second, encoding="utf-8")
    git(repository, "commit", "-q", "-a", "-m", "two CTAs")
    edit(rule, "id: Low usage\n    from: Joined\n    when: Logins < :least", "id: Low usage\n    from: Joined")
    [found] = gsrules("diff", *DATE, "--format", "json").rules
    assert [each["state"] for each in found["effects"]] == ["same", "differs", "same"]


def test_the_tenant_stays_as_it_was(gsrules: Command, repository: Path) -> None:
    assert gsrules("run", "usage", *DATE).code == 0
    edit(repository / "rules/usage.yml", "least: 25", "least: 50")
    store = repository / ".gsrules/tenant.duckdb"
    before = store.read_bytes()
    [rule] = gsrules("diff", *DATE, "--format", "json").rules
    assert store.read_bytes() == before
    assert rule["effects"][1]["turns"][0]["samples"] == ["Beta"]
    assert rule["effects"][0]["before"] == {"unchanged": 2}


def test_a_new_rule_a_gone_rule_and_a_renamed_file(gsrules: Command, repository: Path) -> None:
    (repository / "rules/again.yml").rename(repository / "rules/renamed.yml")
    (repository / "rules/usage.yml").rename(repository / "rules/other.yml")
    edit(repository / "rules/other.yml", "rule: Load usage", "rule: Load something")
    found = {rule["rule"]: rule for rule in gsrules("diff", *DATE, "--format", "json").rules}
    assert set(found) == {"other", "renamed", "usage"}
    assert (found["other"]["before"]["absent"], found["other"]["after"]["absent"]) == (True, False)
    assert (found["usage"]["before"]["absent"], found["usage"]["after"]["absent"]) == (False, True)
    assert not found["renamed"]["differs"]
    assert found["renamed"]["notes"] == ["the file was renamed: again → renamed"]
    assert "the rule is gone: only HEAD" in gsrules("diff", "usage", *DATE).out
    assert [each["state"] for each in found["other"]["effects"]] == ["only_after", "only_after"]
    assert found["usage"]["effects"][1]["lost"] == 1


def test_a_removed_rule_can_be_named(gsrules: Command, repository: Path) -> None:
    (repository / "rules/usage.yml").unlink()
    [rule] = gsrules("diff", "usage", *DATE, "--format", "json").rules
    assert rule["after"]["absent"]


def test_objects_and_options_are_those_of_the_revision(gsrules: Command, repository: Path) -> None:
    edit(repository / "datasets/picklists.yml", "[Usage Drop]", "[Usage Fall]")
    edit(repository / "rules/usage.yml", "reason: Usage Drop", "reason: Usage Fall")
    [*_, rule] = gsrules("diff", *DATE, "--format", "json").rules
    assert rule["notes"] == ["objects or options differ: each side has its own"]
    [reason] = rule["effects"][1]["table"]["changes"]
    assert (reason["column"], reason["transitions"][0]["before"], reason["transitions"][0]["after"]) == (
        "ReasonId", "Usage Drop", "Usage Fall",
    )  # fmt: skip


def test_a_side_that_fails_is_shown_with_its_problems(gsrules: Command, repository: Path) -> None:
    edit(repository / "rules/usage.yml", "from: Usage file", "from: Usage fil")
    done = gsrules("diff", *DATE)
    assert done.code == 2
    assert "now: error GS-NAME: there is no task 'Usage fil' (INVALID_FIELD)" in done.out
    git(repository, "commit", "-q", "-a", "-m", "broken")
    edit(repository / "rules/usage.yml", "from: Usage fil", "from: Usage file")
    [rule] = gsrules("diff", *DATE, "--format", "json").rules
    [problem] = rule["before"]["problems"]
    assert (problem["file"], problem["line"]) == ("HEAD:rules/usage.yml", 13)
    assert (rule["differs_in_effect"], rule["effects"]) == (True, [])


def test_a_broken_rule_file_at_the_base_is_shown_at_its_revision(gsrules: Command, repository: Path) -> None:
    edit(repository / "rules/usage.yml", "rule: Load usage", "rul: Load usage")
    git(repository, "commit", "-q", "-a", "-m", "broken")
    edit(repository / "rules/usage.yml", "rul: Load usage", "rule: Load usage")
    [rule] = gsrules("diff", "usage", *DATE, "--format", "json").rules
    assert {problem["file"] for problem in rule["before"]["problems"]} == {"HEAD:rules/usage.yml"}
    assert rule["after"]["report"]["status"] == "SUCCESS"
    done = gsrules("diff", "usage", *DATE)
    assert (done.code, "says the same" in done.out) == (0, False)


def test_a_rule_that_is_broken_on_both_sides_is_not_called_the_same(gsrules: Command, repository: Path) -> None:
    edit(repository / "rules/usage.yml", "rule: Load usage", "rul: Load usage")
    git(repository, "commit", "-q", "-a", "-m", "broken")
    done = gsrules("diff", "usage", *DATE)
    assert (done.code, "the same" in done.out) == (2, False)
    assert "1 rule compared: 1 cannot be run on either side" in done.out


def test_bases_may_be_branches_tags_and_older_commits(gsrules: Command, repository: Path) -> None:
    git(repository, "tag", "v1")
    edit(repository / "rules/usage.yml", "least: 25", "least: 50")
    git(repository, "commit", "-q", "-a", "-m", "second")
    for base in ("v1", "HEAD~1", "main~", git(repository, "rev-parse", "v1")):
        [rule] = gsrules("diff", "--base", base, *DATE, "--format", "json").rules
        assert rule["effects"][1]["gained"] == 1
    assert gsrules("diff", "--base", "main", *DATE).out.strip() == "no rule has changed"


def test_an_unknown_revision_is_refused_with_the_nearest_name(gsrules: Command, repository: Path) -> None:
    git(repository, "tag", "release-1")
    done = gsrules("diff", "--base", "relase-1")
    assert done.code == 2
    assert "error GS-DIFF-BASE: git knows no revision 'relase-1'" in done.err
    assert "nearest known name: release-1" in done.err


def test_a_base_that_is_a_file_which_does_not_exist_names_the_nearest(gsrules: Command, repository: Path) -> None:
    done = gsrules("diff", "--base", "rules/usgae.yml", "usage")
    assert done.code == 2
    assert "there is no file rules/usgae.yml" in done.err
    assert "nearest known name: rules/usage.yml" in done.err


def test_a_base_that_looks_like_an_option_is_only_an_unknown_name(gsrules: Command, repository: Path) -> None:
    done = gsrules("diff", "--base=--output=stolen")
    assert (done.code, (repository / "stolen").exists()) == (2, False)


def test_a_repository_without_commit_says_so(gsrules: Command, project: Path) -> None:
    git(project, "init", "-q")
    done = gsrules("diff")
    assert (done.code, "the repository has no commit yet" in done.err) == (2, True)


def test_without_a_repository_a_folder_is_the_way(gsrules: Command, project: Path, tmp_path: Path) -> None:
    done = gsrules("diff", "usage")
    assert done.code == 2
    assert "error GS-DIFF-GIT: the project is not in a git repository" in done.err
    assert "--base OTHER_PROJECT" in done.err


def test_without_git_the_error_says_what_else_there_is(
    gsrules: Command, repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    done = gsrules("diff")
    assert (done.code, "error GS-DIFF-GIT: git is not installed" in done.err) == (2, True)


def test_a_project_below_the_top_of_the_repository(gsrules: Command, project: Path) -> None:
    top = project.parent
    git(top, "init", "-q")
    git(top, "add", ".")
    git(top, "commit", "-q", "-m", "first")
    edit(project / "rules/usage.yml", "least: 25", "least: 50")
    [rule] = gsrules("diff", *DATE, "--format", "json", folder=project / "rules").rules
    assert rule["structure"][0]["place_before"]["file"] == "HEAD:rules/usage.yml"


def test_other_folders_for_rules_and_data_are_those_of_the_settings_then(gsrules: Command, repository: Path) -> None:
    edit(repository / "rules/usage.yml", "least: 25", "least: 50")
    (repository / "rules").rename(repository / "ruleset")
    (repository / "gsrules.toml").write_text('rules = "ruleset"\n', encoding="utf-8")
    [rule] = gsrules("diff", *DATE, "--format", "json").rules
    assert rule["structure"][0]["text"] == "parameter :least changed from `25` to `50`"


def test_another_project_folder_is_a_base(gsrules: Command, project: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    (other / "rules").mkdir(parents=True)
    (other / "datasets/objects").mkdir(parents=True)
    for name in ("rules/usage.yml", "datasets/objects/usage__gc.yml", "datasets/picklists.yml"):
        (other / name).write_text((project / name).read_text(encoding="utf-8"), encoding="utf-8")
    edit(other / "rules/usage.yml", "least: 25", "least: 5")
    [rule] = gsrules("diff", "--base", str(other), "usage", *DATE, "--format", "json").rules
    assert rule["before"]["label"] == str(other)
    assert rule["effects"][1]["gained"] == 1


def test_another_rule_file_is_a_base(gsrules: Command, project: Path, tmp_path: Path) -> None:
    other = tmp_path / "old.yml"
    other.write_text((project / "rules/usage.yml").read_text(encoding="utf-8"), encoding="utf-8")
    edit(other, "least: 25", "least: 5")
    [rule] = gsrules("diff", "--base", str(other), "usage", *DATE, "--format", "json").rules
    assert rule["effects"][1]["gained"] == 1
    done = gsrules("diff", "--base", str(other))
    assert (done.code, "exactly one rule" in done.err) == (2, True)


def test_parameters_and_the_rule_date_hold_for_both_sides(gsrules: Command, repository: Path) -> None:
    edit(repository / "rules/usage.yml", "priority: High", "priority: Low")
    [rule] = gsrules("diff", *DATE, "--param", "least=50", "--format", "json").rules
    assert (rule["effects"][1]["before"], rule["effects"][1]["after"]) == ({"created": 2}, {"created": 2})
    assert {rule[side]["report"]["rule_date"] for side in ("before", "after")} == {"2026-11-23"}
    done = gsrules("diff", *DATE, "--param", "leest=50")
    assert (done.code, "nearest known name: least" in done.err) == (2, True)
    done = gsrules("diff", *DATE, "--param", "least=few")
    assert (done.code, done.out) == (2, "")
    assert "error GS-TYPE: the parameter 'least' takes a number" in done.err


def test_a_chain_stands_for_its_rules(gsrules: Command, repository: Path) -> None:
    found = gsrules("diff", "both", *DATE, "--format", "json").rules
    assert [rule["rule"] for rule in found] == ["usage", "again"]


def test_two_kept_runs_are_compared(gsrules: Command, project: Path) -> None:
    first = json.loads(gsrules("run", "usage", *DATE, "--dry-run", "--format", "json").out)["run_id"]
    edit(project / "rules/usage.yml", "least: 25", "least: 50")
    second = json.loads(gsrules("run", "usage", *DATE, "--dry-run", "--format", "json").out)["run_id"]
    [rule] = gsrules("diff", "--runs", first, second, "--format", "json").rules
    assert (rule["before"]["label"], rule["after"]["label"]) == (f"run {first}", f"run {second}")
    assert [change["text"] for change in rule["structure"]] == ["parameter :least changed from `25` to `50`"]
    assert [each["state"] for each in rule["effects"]] == ["same", "differs"]
    assert rule["effects"][1]["gained"] == 1
    assert gsrules("diff", "--runs", first, first, "--check").code == 0
    assert gsrules("diff", "--runs", first, "nothing").code == 2


def test_parameters_that_differ_between_two_runs_are_told(gsrules: Command, project: Path) -> None:
    for params in ((), ("--param", "least=50"), ("--param", "least=25")):
        gsrules("run", "usage", *DATE, "--dry-run", *params)
    own, other, same = sorted((project / ".gsrules/runs").iterdir(), key=lambda run: run.stat().st_mtime_ns)
    [rule] = gsrules("diff", "--runs", own.name, other.name, "--format", "json").rules
    assert rule["notes"] == ["the parameter least differs: 25 → 50"]
    [rule] = gsrules("diff", "--runs", own.name, same.name, "--format", "json").rules
    assert rule["notes"] == []


def test_two_profiles_are_compared(gsrules: Command, repository: Path) -> None:
    edit(repository / "rules/usage.yml", "when: Logins < :least", "when: Logins between 10 and 20")
    done = gsrules("diff", "usage", "--profile", "filter.between=exclude_upper", *DATE, "--format", "json")
    [rule] = done.rules
    assert rule["notes"] == ["the behaviour profile differs: filter.between inclusive → exclude_upper"]
    assert rule["after"]["label"] == "filter.between=exclude_upper"
    assert (rule["structure"], rule["effects"][1]["lost"]) == ([], 1)


def test_a_profile_wins_over_a_key_that_the_rule_sets_itself(gsrules: Command, repository: Path) -> None:
    edit(repository / "rules/usage.yml", "when: Logins < :least", "when: Logins between 10 and 20")
    with (repository / "rules/usage.yml").open("a", encoding="utf-8") as rule_file:
        rule_file.write("profile: {filter.between: inclusive}\n")
    [rule] = gsrules("diff", "usage", "--profile", "filter.between=exclude_upper", *DATE, "--format", "json").rules
    assert rule["effects"][1]["lost"] == 1


def test_ways_of_comparing_exclude_each_other(gsrules: Command, repository: Path) -> None:
    done = gsrules("diff", "--base", "HEAD", "--profile", "filter.between=inclusive")
    assert (done.code, "--base and --profile exclude each other" in done.err) == (2, True)
    assert gsrules("diff", "usage", "--runs", "a", "b").code == 2
    assert gsrules("diff", "--profile", "filter.between").code == 2


def test_a_given_key_is_the_key_where_a_dataset_has_it(gsrules: Command, repository: Path) -> None:
    edit(repository / "rules/usage.yml", "sum(Logins) as Logins", "max(Logins) as Logins")
    [rule] = gsrules("diff", *DATE, "--key", "name", "--format", "json").rules
    keys = {each["task"]: each["table"]["key"] for each in rule["datasets"] if each["table"]}
    assert keys["Joined"] == {"columns": ["Name"], "source": "given"}
    assert keys["By account"]["source"] == "rule"
    [rule] = gsrules("diff", *DATE, "--key", "name,Lgins", "--format", "json").rules
    assert rule["notes"] == ["no dataset has the column 'Lgins' of --key; nearest known name: Logins"]


def test_markdown_neutralises_what_data_may_hold_and_stays_short(gsrules: Command, repository: Path) -> None:
    records = repository / "datasets/records/company.csv"
    rows = "".join(f'"{"x|`<b>@all" * 6} {n}",Z-{n},Active,{n}\n' for n in range(400))
    records.write_text(records.read_text(encoding="utf-8") + rows, encoding="utf-8")
    edit(repository / "rules/usage.yml", "show: [Gsid, Name, ExternalId]", "show: [Gsid, Name, ExternalId, Arr]")
    edit(repository / "rules/usage.yml", "keep: common", "keep: left")
    text = gsrules("diff", *DATE, "--format", "markdown", "--rows", "400").out
    assert len(text) <= LONGEST
    assert "_Cut here:" in text
    table_lines = [line for line in text.splitlines() if line.startswith("|")]
    assert table_lines
    assert all(line.replace("\\|", "").count("|") in (5, 7, 4) for line in table_lines)


def test_output_writes_the_form_that_the_ending_says(gsrules: Command, repository: Path, tmp_path: Path) -> None:
    edit(repository / "rules/usage.yml", "least: 25", "least: 50")
    for name, start in (("d.json", "{"), ("d.md", "**gsrules diff**"), ("d.txt", "usage  Load usage")):
        done = gsrules("diff", *DATE, "--output", str(tmp_path / name))
        assert (done.code, done.out) == (0, "")
        assert (tmp_path / name).read_text(encoding="utf-8").startswith(start)


def test_the_page_is_written(gsrules: Command, repository: Path, tmp_path: Path) -> None:
    edit(repository / "rules/usage.yml", "least: 25", "least: 50")
    gsrules("diff", *DATE, "--html", str(tmp_path / "page.html"))
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "Beta logs in little" in page


def test_equal_runs_give_equal_text(gsrules: Command, repository: Path) -> None:
    edit(repository / "rules/usage.yml", "sum(Logins) as Logins", "max(Logins) as Logins")
    assert gsrules("diff", *DATE).out == gsrules("diff", *DATE).out


def test_no_temporary_folder_is_left(
    gsrules: Command, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "tmp"
    place.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(place))
    edit(repository / "rules/usage.yml", "least: 25", "least: 50")
    assert gsrules("diff", *DATE).code == 0
    assert not list(place.iterdir())
    assert Workspace.open(repository).rule("usage").params["least"] == 50
