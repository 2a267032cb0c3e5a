"""What the pages say, and that they are sound HTML, without a browser."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from gsrules.regress.outcome import SuiteOutcome
from gsrules.run.kept import KeptRun
from gsrules.run.workspace import Workspace
from gsrules.views.pages import run_page as run_page_module
from gsrules.views.pages.cells import cell, prose, visible
from gsrules.views.pages.diff_page import diff_page
from gsrules.views.pages.run_page import Caps, run_page
from gsrules.views.pages.suite_page import suite_page
from gsrules.views.pages.words import compact, duration
from tests.views.conftest import LONG, run_kept
from tests.views.samples import COVERAGE, DIFFERENCE, RULE_OF_DIFFERENCE, SUITE, TABLE

Kept = tuple[Workspace, list[KeptRun]]

_EMPTY = {"meta", "link", "br", "input", "img"}
_BLOCKS = {"p", "div", "ul", "dl", "table", "details", "section", "h1", "h2", "h3", "h4", "pre", "article"}


class Sound(HTMLParser):
    """Finds tags that are not closed in order, blocks within paragraphs, and gathers the text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BLOCKS and "p" in self.open:
            self.wrong.append(f"{tag} within p, line {self.getpos()[0]}")
        names = [name for name, _ in attrs]
        if len(names) != len(set(names)):
            self.wrong.append(f"an attribute of {tag} twice, line {self.getpos()[0]}")
        if tag not in _EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass  # shapes of drawings

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"/{tag}, line {self.getpos()[0]}")

    def handle_data(self, data: str) -> None:
        if not {"style", "script"} & set(self.open):
            self.texts.append(data)


def read(page: str) -> str:
    """The text of a page, which must be sound."""
    found = Sound()
    found.feed(page)
    found.close()
    assert found.wrong == []
    assert found.open == []
    return " ".join(" ".join(found.texts).split())


@pytest.fixture
def pages(small: Kept, hostile: Kept) -> dict[str, str]:
    return {
        "run": run_page(small[0], small[1][:1]),
        "runs": run_page(*small),
        "hostile": run_page(*hostile),
        "suite": suite_page(SUITE),
        "coverage": suite_page(SUITE, COVERAGE, small[0]),
        "diff": diff_page([DIFFERENCE], {DIFFERENCE.rule: RULE_OF_DIFFERENCE}),
        "two": diff_page([DIFFERENCE, replace(DIFFERENCE, rule="other")]),
    }


def test_pages_are_sound_and_name_no_other_address(pages: dict[str, str]) -> None:
    for page in pages.values():
        read(page)
        assert page.startswith("<!doctype html>")
        assert "default-src 'none'" in page
        markup = re.sub(r"<(script|style)>.*?</\1>", "", page, flags=re.DOTALL)
        assert re.findall(r'(?:src|href|action)="(?!#|data:,)[^"]*"', markup) == []
        assert " style=" not in markup
        assert not re.search(r"<[^>]* on[a-z]+=", markup)
        assert not re.search(r"url\(|@import", page.replace("url(#tip-", ""))


def test_a_page_is_the_same_whenever_it_is_made(small: Kept) -> None:
    assert run_page(*small) == run_page(*small)


def test_the_page_of_a_run_says_what_happened(pages: dict[str, str]) -> None:
    text = read(pages["run"])
    assert "Status Success Rule date 2026-11-23 Mode Live Matched 3 Created 3 Updated 0" in text
    assert "Rows where Logins < :least" in text
    assert ":least is 25" in text
    assert "1 of 2 rows matched; 1 record written." in text
    assert "Company Alpha Logins 20" in text
    assert "Name Alpha logs in little Company Id Alpha Type Id Risk Reason Id Usage Drop" in text


def test_a_given_parameter_is_told_from_the_rules_own(workspace: Workspace) -> None:
    runs = run_kept(workspace, "usage", params={"LEAST": "5"})
    assert ":least is 5 (given for this run)" in read(run_page(workspace, runs))


def test_a_dry_run_says_that_nothing_was_kept(workspace: Workspace) -> None:
    assert "Mode, nothing kept Dry run" in read(run_page(workspace, run_kept(workspace, "usage", mode="dry_run")))


def test_a_failed_run_says_why_and_where(workspace: Workspace) -> None:
    (workspace.project.datasets_dir / "s3/gainsight-managed/input/usage-2026-11-22.csv").unlink()
    page = run_page(workspace, run_kept(workspace, "usage"))
    text = read(page)
    assert "Status Failure" in text
    assert "Why the run failed GS-FILE-MISSING" in text
    assert "rules/usage.yml:" in text
    assert "path: input/usage-${pattern}.csv" in re.findall(r'<pre class="excerpt"><code>(.*)</code>', page)[0]


def test_the_task_that_failed_is_marked_on_the_graph(workspace: Workspace) -> None:
    file = workspace.project.datasets_dir / "s3/gainsight-managed/input/usage-2026-11-22.csv"
    file.write_text("Account ID,Logins\nA-1,twelve\n", encoding="utf-8")
    page = run_page(workspace, run_kept(workspace, "usage"))
    assert set(re.findall(r'<g class="badge bad">.*?>(\w+)</text>', page)) == {"failed"}
    assert "S3 dataset: Usage file, “twelve” in the column “Logins” is no number" in page


def test_caps_are_kept_and_said(small: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_page_module, "ONE_RUN", Caps(dataset=1, effects=1))
    text = read(run_page(small[0], small[1][:1]))
    assert "The first 1 of 2 rows. Every row: .gsrules/runs/" in text
    assert "1 of 2 rows, the first ones of each outcome and code. Every row: .gsrules/runs/" in text


def test_a_run_of_which_the_rule_cannot_be_read_has_a_page_without_a_graph(small: Kept) -> None:
    run = replace(small[1][0], rule=None)
    page = run_page(small[0], [run])
    assert "so its graph is not shown" in read(page)
    assert 'class="edge"' not in page


def test_several_runs_are_listed_first(pages: dict[str, str]) -> None:
    text = read(pages["runs"])
    assert "2 rules, one after the other Overview" in text
    assert "Load usage Success 2026-11-23 3 3 0 0 0 0 0" in text


def test_the_page_of_tests_shows_what_was_expected_and_what_came(pages: dict[str, str]) -> None:
    text = read(pages["suite"])
    assert "2 of 3 rule tests failed" in text
    assert "status SUCCESS FAILURE" in text
    assert "Acme Logins__gc 12 12.5 Note </script> ∅" in text
    assert "Missing Company__gc.Name Logins__gc Beta 1" in text
    assert "Snapshot: differs" in text
    assert "Snapshots without a test tests/usage.snapshots/old.yml" in text
    assert "3 rule tests passed" in read(suite_page(SuiteOutcome(SUITE.tests[:1] * 3)))
    assert "No tests" in read(suite_page(SuiteOutcome(())))


def test_the_page_of_tests_marks_on_the_graph_what_no_test_exercised(pages: dict[str, str]) -> None:
    text = read(pages["coverage"])
    assert "Coverage 50.0 %" in text
    assert "3 of 6 branches of the rules are exercised" in text
    assert "usage 2 3 6 50.0" in text
    assert "Joined line 4 condition Logins < :least false a row for which Logins < :least is unknown" in text
    badges = re.findall(r'<g class="badge (\w+)">.*?>(\d/\d)</text></g>', pages["coverage"])
    assert set(badges) == {("good", "1/1"), ("fair", "1/2"), ("bad", "1/3")}
    assert "Merge: Joined, 1 of 2 branches exercised" in pages["coverage"]


def test_the_page_of_a_difference_shows_words_transitions_rows_and_effects(pages: dict[str, str]) -> None:
    text = read(pages["diff"])
    assert "before: HEAD 3f2a91c , success after: now , success" in text
    assert "Records gained 2 Records lost 0 Records turned 46" in text
    assert "changed task 'Health' : the formula Points is another one 2 → 1" in text
    assert "10,174 → 10,183 rows : 10,126 the same, 12 new, 3 gone, 45 changed; told apart by Company" in text
    assert "health 45 yellow → green 31 green → ∅ 14 and 2 other transitions" in text
    assert "1 up, 1 down, 2 to null; by -3.5 to 12.25" in text
    assert "0012F health yellow → green Due ∅ → 2026-01-02 usage rose" in text
    assert "56 more rows differ and are not shown here." in text
    assert "+12 −3 ~45" in text
    assert "Gone only before 4 –" in text
    assert TABLE.hidden == 56


def test_nothing_that_differs_is_a_page_too() -> None:
    assert "No rule changed." in read(diff_page([]))


def test_values_are_written_so_that_they_can_be_told_apart() -> None:
    shown = [str(cell(value, {})) for value in (None, "", " a ", "a\x00\tb", "a\N{ZERO WIDTH SPACE}b", [], ["x", None])]
    assert shown == [
        '<span class="null" title="null">∅</span>',
        '<span class="null" title="empty text">\'\'</span>',
        "<bdi>·a·</bdi>",
        "<bdi>a␀␉b</bdi>",
        "<bdi>a[U+200B]b</bdi>",
        '<span class="null">[]</span>',
        '<bdi>x</bdi>; <span class="null" title="null">∅</span>',
    ]


def test_a_long_value_is_folded_and_its_length_is_said() -> None:
    shown = str(cell(LONG, {}))
    assert shown.startswith("<details")
    assert "(10,008 characters)" in shown
    assert "6,008 more characters" in shown
    assert len(shown) < 5_000


def test_backticks_of_our_sentences_become_code_and_nothing_else_does() -> None:
    assert str(prose("from `<a>` to `b`")) == "<bdi>from <code>&lt;a&gt;</code> to <code>b</code></bdi>"
    assert str(prose("one ` alone")) == "<bdi>one ` alone</bdi>"


def test_visible_leaves_ordinary_texts_alone() -> None:
    for text in ("Zoë 🦄👩‍🚀 日本語", "a b", "a\u00a0b"):
        assert visible(text) == text


def test_numbers_and_times_for_people() -> None:
    assert [compact(n) for n in (0, 99_999, 123_456, 999_499, 1_234_567, 250_000_000)] == [
        "0", "99,999", "123k", "999k", "1.23M", "250M",
    ]  # fmt: skip
    assert [duration(ms) for ms in (0, 999, 1_000, 59_900, 125_000)] == [
        "0 ms",
        "999 ms",
        "1.0 s",
        "59.9 s",
        "2 min 5 s",
    ]
