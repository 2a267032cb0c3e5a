"""gsrules functions: the list, one function with the true results of its examples, unknown names."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gsrules.cli.main import app_for
from gsrules.errors import InputError

pytestmark = pytest.mark.once


def out(*words: str) -> str:
    result = CliRunner().invoke(app_for(), ["functions", *words], catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


@pytest.fixture(autouse=True)
def _nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_list_names_every_function_by_group() -> None:
    text = out()
    assert "Texts and conversions\n  concat(text, text, …)" in text
    assert "  period_over_period " in text
    assert "  count_distinct " in text
    assert "Extensions, which Gainsight does not have\n  coalesce(" in text


def test_one_function_tells_all_about_itself() -> None:
    text = out("LEFT")
    assert text.splitlines()[0] == "left(text, search) → Text"
    assert "formula.text_not_found = null (of null, whole, empty)" in text
    assert "left('john@acme.com', '@')\n    = john  (documented by Gainsight)" in text
    assert "left; documented by Gainsight" in text


def test_gainsights_name_leads_to_the_function() -> None:
    assert out("to_uppercase").startswith("upper(text)")
    assert out("period_over_period_comparison_percent").startswith("period_over_period:")


def test_extensions_say_so() -> None:
    assert "every use draws the warning GS-EXT" in out("round")


def test_examples_follow_the_profile_of_the_project(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "gsrules.toml").write_text("[profile]\n'formula.text_not_found' = 'whole'\n")
    text = out("left")
    assert "formula.text_not_found = whole" in text
    assert "left('john', '@')\n    = john" in text


def test_json_holds_arguments_keys_and_results() -> None:
    data = json.loads(out("date_diff", "--format", "json"))
    assert data["arguments"][2] == {"name": "unit", "takes": "one of 'days', 'weeks', 'months', may be left out"}
    assert data["profile"]["formula.datetime_diff"] == "calendar"
    assert data["examples"][0] == {
        "text": "date_diff('2024-05-15', '2024-05-01', 'weeks')",
        "result": "2",
        "evidence": "follows from the rules given here",
    }
    listed = json.loads(out("--format", "json"))["functions"]
    assert {each["name"] for each in listed} >= {"left", "median", "case", "comparison", "avg"}


def test_an_unknown_name_is_an_error_with_the_nearest() -> None:
    with pytest.raises(InputError) as caught:
        CliRunner().invoke(app_for(), ["functions", "lenght"], catch_exceptions=False, standalone_mode=False)
    problem = caught.value.problems[0]
    assert (caught.value.exit_code, problem.nearest) == (2, "length")
    with pytest.raises(InputError) as caught:
        CliRunner().invoke(app_for(), ["functions", "today"], catch_exceptions=False, standalone_mode=False)
    assert caught.value.problems[0].hint == "write rule_date"
