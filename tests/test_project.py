from __future__ import annotations

from pathlib import Path

import pytest

from gsrules.errors import InputError, Problem
from gsrules.project import Project


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project of one rule without settings."""
    (tmp_path / "rules" / "adoption").mkdir(parents=True)
    (tmp_path / "rules" / "adoption" / "drop.yml").write_text("rule: x", encoding="utf-8")
    return tmp_path


def settings(root: Path, text: str) -> Project:
    (root / "gsrules.toml").write_text(text, encoding="utf-8")
    return Project.find(root)


def refused(root: Path, text: str) -> tuple[Problem, ...]:
    with pytest.raises(InputError) as caught:
        settings(root, text)
    return caught.value.problems


def only(root: Path, text: str) -> Problem:
    found = refused(root, text)
    assert len(found) == 1, found
    return found[0]


def test_a_folder_with_rules_is_a_project_with_defaults(root: Path) -> None:
    found = Project.find(root)
    assert found.root == root.resolve()
    assert (found.rules_dir, found.datasets_dir, found.tests_dir) == (
        root / "rules",
        root / "datasets",
        root / "tests",
    )
    assert found.store == root / ".gsrules" / "tenant.duckdb"
    assert found.settings_file is None
    assert found.profile["tenant.timezone"] == "UTC"


def test_a_project_is_found_from_any_folder_below(root: Path) -> None:
    below = root / "a" / "b"
    below.mkdir(parents=True)
    assert Project.find(below).root == root.resolve()
    assert Project.find(root / "rules" / "adoption").root == root.resolve()


def test_settings_above_go_before_a_nearer_folder_named_rules(root: Path) -> None:
    settings(root, "")
    (root / "tests" / "rules").mkdir(parents=True)
    assert Project.find(root / "tests").root == root.resolve()


def test_the_settings_may_stand_in_pyproject(root: Path) -> None:
    text = (
        '[project]\nname = "x"\n[tool.gsrules]\ntimezone = "Europe/Berlin"\n'
        '[tool.gsrules.profile]\n"filter.between" = "exclude_upper"\n'
    )
    (root / "pyproject.toml").write_text(text, encoding="utf-8")
    found = Project.find(root / "rules")
    assert found.settings_file == root / "pyproject.toml"
    assert found.profile["tenant.timezone"] == "Europe/Berlin"
    assert found.profile["filter.between"] == "exclude_upper"


def test_a_pyproject_of_something_else_is_no_project(root: Path) -> None:
    below = root / "inner"
    below.mkdir()
    (below / "pyproject.toml").write_text('[project]\nname = "x"\n', encoding="utf-8")
    assert Project.find(below).root == root.resolve()


def test_settings_become_profile_keys_and_paths(root: Path) -> None:
    found = settings(
        root,
        'timezone = "Europe/Berlin"\nweek_start = "monday"\nfiscal_year_start_month = 2\n'
        'rules = "r"\ndatasets = "d/e"\ntests = "t"\nstore = "s.duckdb"\n'
        '[profile]\n"load.on_null" = "skip"\nfilter.between = "exclude_upper"\n[limits]\ntasks = 20\nstrict = false\n',
    )
    keys = ("tenant.timezone", "calendar.week_start", "calendar.fiscal_year_start_month")
    assert [found.profile[key] for key in keys] == ["Europe/Berlin", "monday", 2]
    assert (found.profile["load.on_null"], found.profile["filter.between"]) == ("skip", "exclude_upper")
    assert (found.profile["limits.tasks"], found.profile["limits.strict"]) == (20, False)
    folders = (found.rules_dir, found.datasets_dir, found.tests_dir, found.store)
    assert folders == (root / "r", root / "d" / "e", root / "t", root / "s.duckdb")


def test_the_managed_bucket_always_exists_and_folders_are_buckets(root: Path) -> None:
    (root / "datasets" / "s3" / "exports").mkdir(parents=True)
    found = settings(
        root,
        '[buckets.shared]\npath = "../shared"\n'
        '[buckets.real]\nurl = "s3://acme/gs"\nregion = "eu-central-1"\nprofile = "exports"\n',
    )
    assert sorted(found.buckets) == ["exports", "gainsight-managed", "real", "shared"]
    assert found.bucket("gainsight-managed").path == root / "datasets" / "s3" / "gainsight-managed"
    assert found.bucket("shared").path == root / "../shared"
    real = found.bucket("real")
    assert (real.path, real.url, real.region, real.profile) == (None, "s3://acme/gs", "eu-central-1", "exports")


def test_an_unknown_bucket_names_the_nearest(root: Path) -> None:
    with pytest.raises(InputError) as caught:
        Project.find(root).bucket("gainsight-manged")
    problem = caught.value.problems[0]
    assert (problem.code, problem.nearest) == ("GS-PROJECT-BUCKET", "gainsight-managed")


@pytest.mark.parametrize(
    ("text", "line", "said", "near"),
    [
        ('\ntimezon = "UTC"', 2, "`timezon` is no setting", "timezone"),
        ('[buckets.x]\npth = "a"\npath = "b"', 2, "`buckets.x.pth` is no setting", "path"),
        ('\n[profile]\n"filter.betwen" = "inclusive"', 3, "filter.betwen", "filter.between"),
        ("[limits]\ntaks = 3", 2, "limits.taks", "limits.tasks"),
        ("rules = 3", 1, "`rules` must be a path", ""),
        ('profile = "x"', 1, "`profile` must be a table", ""),
        ('[buckets]\nx = "a"', 2, "`buckets.x` must be a table", ""),
        ("[buckets.x]\nregion = 'a'", 1, "needs either `path` (a folder) or `url`", ""),
        ("[buckets.x]\npath = 'a'\nurl = 's3://b'", 1, "needs either", ""),
        ("[buckets.x]\nurl = 'https://b'", 2, "no S3 address", ""),
        ("[buckets.x]\npath = 'a'\nregion = 'b'", 3, "belongs to a bucket with `url`", ""),
        ("[buckets.x]\npath = 3", 2, "`buckets.x.path` must be a text", ""),
        ('timezone = "Mars"', 1, "tenant.timezone", ""),
        ('timezone = "UTC"\n[profile]\n"tenant.timezone" = "UTC"', 1, "set the same thing", ""),
        ('timezone = "UTC', 1, "not TOML", ""),
        ("a = 1\na = 2", 2, "not TOML", ""),
    ],
)
def test_a_wrong_setting_is_told_with_its_line(root: Path, text: str, line: int, said: str, near: str) -> None:
    problem = only(root, text)
    assert said in problem.message
    assert problem.nearest == near
    assert problem.place is not None
    assert problem.place.line == line


@pytest.mark.parametrize("key", ["secret_access_key", "password", "aws_access_key_id", "session_token"])
def test_secrets_are_refused_and_never_shown(root: Path, key: str) -> None:
    problem = only(root, f'[buckets.x]\nurl = "s3://a"\n{key} = "hunter2"')
    assert problem.code == "GS-PROJECT-SECRET"
    assert "environment" in problem.hint
    assert "hunter2" not in str(problem)


def test_all_wrong_settings_are_told_at_once(root: Path) -> None:
    text = 'timezon = "UTC"\nrules = 3\n[profile]\n"filter.betwen" = 1\n[buckets.x]\npassword = "a"\npath = "b"'
    assert [problem.code for problem in refused(root, text)] == [
        "GS-PROJECT-SETTINGS",
        "GS-PROJECT-SETTINGS",
        "GS-PROJECT-SECRET",
        "GS-NAME",
    ]


def test_settings_that_are_not_utf8_are_refused(root: Path) -> None:
    (root / "gsrules.toml").write_bytes(b'timezone = "\xff"')
    with pytest.raises(InputError) as caught:
        Project.find(root)
    assert "UTF-8" in caught.value.problems[0].message


def test_no_project_says_how_to_get_one(tmp_path: Path) -> None:
    for explicit in (None, tmp_path, tmp_path / "nothing"):
        with pytest.raises(InputError) as caught:
            Project.find(tmp_path, explicit)
        assert caught.value.problems[0].code == "GS-PROJECT-NONE"
        assert caught.value.problems[0].hint


def test_an_explicit_folder_goes_before_the_start(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("other")
    assert Project.find(other, root).root == root.resolve()
    settings(root, "")
    assert Project.find(other, root / "gsrules.toml").root == root.resolve()


def test_rules_have_their_path_for_id(root: Path) -> None:
    (root / "rules" / "nightly.chain.yml").write_text("chain: x", encoding="utf-8")
    (root / "rules" / ".hidden.yml").write_text("", encoding="utf-8")
    (root / "rules" / "a.yml").write_text("", encoding="utf-8")
    found = Project.find(root)
    assert found.rule_ids() == ("a", "adoption/drop")
    assert found.chain_ids() == ("nightly",)
    assert found.rule_path("adoption/drop") == root / "rules" / "adoption" / "drop.yml"


@pytest.mark.parametrize(
    "name", ["a", "adoption/drop", "nightly", "adoption", "A", "./a", "adoption//drop", "../rules/a", "/a", "", "a\0b"]
)
def test_a_name_is_an_id_if_it_is_listed(root: Path, name: str) -> None:
    (root / "rules" / "nightly.chain.yml").touch()
    (root / "rules" / "a.yml").touch()
    (root / "rules" / ".kept").mkdir()
    (root / "rules" / ".kept" / "a.yml").touch()
    (root / "rules" / "linked").symlink_to(root / "rules" / "adoption")
    found = Project.find(root)
    for each in (name, f".kept/{name}", f"linked/{name}", f"{name}.chain"):
        assert found.has_rule(each) is (each in found.rule_ids())
        assert found.has_chain(each) is (each in found.chain_ids())


@pytest.mark.parametrize("name", ["adoption/dropp", "../rules/adoption/drop", "/etc/passwd", "", "a\0b"])
def test_an_unknown_rule_names_the_nearest(root: Path, name: str) -> None:
    with pytest.raises(InputError) as caught:
        Project.find(root).rule_path(name)
    assert caught.value.problems[0].code == "GS-NAME"
    if name == "adoption/dropp":
        assert caught.value.problems[0].nearest == "adoption/drop"


def test_a_project_without_rules_folder_has_no_rules(tmp_path: Path) -> None:
    assert settings(tmp_path, "").rule_ids() == ()


def test_a_real_bucket_has_an_address_and_bounds(tmp_path: Path) -> None:
    (tmp_path / "gsrules.toml").write_text(
        '[buckets.usage]\nurl = "s3://bucket/team/exports/"\nendpoint = "http://localhost:9000/"\n'
        'region = "eu-west-1"\nprofile = "team"\nconnect_timeout = 2\nrequest_timeout = 60\ncache_mb = 100\n'
        '[buckets.plain]\nurl = "s3://b"\n'
    )
    buckets = Project.find(tmp_path).buckets
    usage, plain = buckets["usage"], buckets["plain"]
    assert (usage.url, usage.endpoint) == ("s3://bucket/team/exports/", "http://localhost:9000")
    assert (usage.region, usage.profile) == ("eu-west-1", "team")
    assert (usage.connect_timeout, usage.request_timeout, usage.cache_mb) == (2, 60, 100)
    assert (plain.connect_timeout, plain.request_timeout, plain.cache_mb) == (5, 20, 5120)


@pytest.mark.parametrize(
    ("setting", "code", "words"),
    [
        ('url = "s3://key:secretword@bucket"', "GS-PROJECT-SECRET", "url"),
        ('url = "s3://b"\nendpoint = "https://key:secretword@host"', "GS-PROJECT-SECRET", "endpoint"),
        ('url = "s3://b"\naccess_key = "secretword"', "GS-PROJECT-SECRET", "access_key"),
        ('url = "s3://b"\nsecret = "secretword"', "GS-PROJECT-SECRET", "secret"),
        ('url = "s3://b"\nsession_token = "secretword"', "GS-PROJECT-SECRET", "session_token"),
        ('url = "https://bucket.example.com"', "GS-PROJECT-SETTINGS", "no S3 address"),
        ('url = "s3://b?x=1"', "GS-PROJECT-SETTINGS", "no S3 address"),
        ('url = "s3://b"\nendpoint = "localhost:9000"', "GS-PROJECT-SETTINGS", "no S3 address"),
        ('url = "s3://b"\nendpoint = "ftp://localhost"', "GS-PROJECT-SETTINGS", "no S3 address"),
        ('url = "s3://b"\nrequest_timeout = 0', "GS-PROJECT-SETTINGS", "whole number from 1"),
        ('url = "s3://b"\ncache_mb = "much"', "GS-PROJECT-SETTINGS", "whole number from 0"),
        ('path = "folder"\nregion = "eu-west-1"', "GS-PROJECT-SETTINGS", "belongs to a bucket with `url`"),
        ('path = "folder"\ncache_mb = 5', "GS-PROJECT-SETTINGS", "belongs to a bucket with `url`"),
    ],
)
def test_a_wrong_setting_of_a_bucket_is_told_and_a_secret_never_shown(
    tmp_path: Path, setting: str, code: str, words: str
) -> None:
    (tmp_path / "gsrules.toml").write_text(f"[buckets.usage]\n{setting}\n")
    with pytest.raises(InputError) as caught:
        Project.find(tmp_path)
    (problem,) = caught.value.problems
    assert problem.code == code
    assert words in problem.message
    assert "secretword" not in repr(problem)


def test_settings_that_are_not_toml_show_no_secret(tmp_path: Path) -> None:
    (tmp_path / "gsrules.toml").write_text('[buckets.usage]\nsecret_key = "secretword\n')
    with pytest.raises(InputError) as caught:
        Project.find(tmp_path)
    assert "secretword" not in repr(caught.value.problems)
