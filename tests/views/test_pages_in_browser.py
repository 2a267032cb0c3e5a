"""The pages in a real browser: they need nothing, do nothing they should not, and can be read everywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from gsrules.run.kept import KeptRun
from gsrules.run.workspace import Workspace
from gsrules.views.pages.diff_page import diff_page
from gsrules.views.pages.run_page import run_page
from gsrules.views.pages.suite_page import suite_page
from tests.views.conftest import LONG
from tests.views.samples import COVERAGE, DIFFERENCE, RULE_OF_DIFFERENCE, SUITE

pytestmark = pytest.mark.browser

Open = Callable[..., Any]
PAGES = ("run", "runs", "hostile", "suite", "coverage", "diff")

# Texts whose colour is too near to that of what lies below them (WCAG 2.2, 1.4.3); SVG texts lie on their box.
FAINT = """() => {
  const rgb = (text) => { const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number); return {r, g, b, a}; };
  const light = ({r, g, b}) => [r, g, b].map((v) => v / 255)
    .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, at) => sum + v * [0.2126, 0.7152, 0.0722][at], 0);
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const box = at.matches("g.badge, g.node") ? at.querySelector("rect") : null;
      const colour = rgb(box ? getComputedStyle(box).fill : getComputedStyle(at).backgroundColor);
      if (colour.a > 0) return colour;
    }
    return {r: 255, g: 255, b: 255, a: 1};
  };
  const found = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || element.matches("title, script, option") || !element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const a = light(rgb(element.matches("svg text") ? style.fill : style.color)), b = light(ground(element));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) found.push(`${element.className} ${element.textContent.slice(0, 30)}: ${ratio.toFixed(2)}`);
  }
  return found;
}"""

# Elements that stick out of the page to the right and are in no frame that scrolls.
STICKING_OUT = """() => [...document.querySelectorAll("body *")]
  .filter((each) => each.checkVisibility() && !each.closest(".scroll, .skip"))
  .filter((each) => each.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5)
  .map((each) => `${each.tagName} ${each.className}`)"""

VISIBLE_ROWS = "rows => rows.filter((row) => row.checkVisibility()).map((row) => row.textContent)"


Kept = tuple[Workspace, list[KeptRun]]


@pytest.fixture(scope="module")
def pages(small: Kept, hostile: Kept, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    texts = {
        "run": run_page(small[0], small[1][:1]),
        "runs": run_page(*small),
        "hostile": run_page(*hostile),
        "suite": suite_page(SUITE),
        "coverage": suite_page(SUITE, COVERAGE, small[0]),
        "diff": diff_page([DIFFERENCE], {DIFFERENCE.rule: RULE_OF_DIFFERENCE}),
    }
    assert tuple(texts) == PAGES
    folder = tmp_path_factory.mktemp("pages")
    for name, text in texts.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in texts}


@pytest.fixture
def show(chromium: Any, pages: dict[str, Path]) -> Iterator[Open]:
    """Opens a page by name; whatever it asks for and complains of is in its `asked` and `complaints`."""
    contexts = []

    def opened(name: str, width: int = 1280, **options: Any) -> Any:
        context = chromium.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.asked, page.complaints = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("console", lambda message: page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("dialog", lambda dialog: page.complaints.append(dialog.message))
        page.goto(pages[name].as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()


def unfold(page: Any) -> None:
    page.eval_on_selector_all("details", "all => all.forEach((each) => { each.open = true; })")


@pytest.mark.parametrize("name", PAGES)
def test_a_page_asks_for_nothing_and_complains_of_nothing(show: Open, pages: dict[str, Path], name: str) -> None:
    page = show(name)
    assert [url for url in page.asked if not url.startswith("data:")] == [pages[name].as_uri()]
    assert page.complaints == []


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_its_ground(show: Open, name: str, scheme: str) -> None:
    page = show(name, color_scheme=scheme)
    unfold(page)
    assert page.evaluate(FAINT) == []


def test_a_faint_text_would_be_found(show: Open) -> None:
    page = show("run")
    page.evaluate("document.querySelector('h1').style.setProperty('color', '#aaa')")
    assert page.evaluate(FAINT) == [" Load usage: 2.15"]


def test_light_and_dark_differ(show: Open) -> None:
    grounds = [
        show("run", color_scheme=scheme).evaluate("getComputedStyle(document.body).backgroundColor")
        for scheme in ("light", "dark")
    ]
    assert grounds == ["rgb(245, 246, 248)", "rgb(17, 21, 27)"]


@pytest.mark.parametrize("name", PAGES)
def test_on_a_phone_only_frames_scroll_sideways(show: Open, name: str) -> None:
    page = show(name, width=360)
    unfold(page)
    assert page.evaluate(STICKING_OUT) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("name", PAGES)
def test_headings_go_down_one_level_at_a_time_and_ids_are_unique(show: Open, name: str) -> None:
    page = show(name)
    levels = page.eval_on_selector_all("h1, h2, h3, h4, h5", "all => all.map((each) => Number(each.tagName[1]))")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(below - above <= 1 for above, below in pairwise(levels))
    ids = page.eval_on_selector_all("[id]", "all => all.map((each) => each.id)")
    assert len(ids) == len(set(ids))
    assert page.eval_on_selector_all("th:not([scope]), [aria-labelledby='']", "all => all.length") == 0
    missing = "all => all.map((a) => a.getAttribute('href')).filter((to) => !document.querySelector(to))"
    assert page.eval_on_selector_all("a[href^='#']", missing) == []


def test_a_hostile_value_is_shown_and_never_run(show: Open) -> None:
    page = show("hostile")
    unfold(page)
    assert page.title() == 'Hostile </title> names & "quotes" · gsrules'
    assert page.locator("body script").count() == 1
    assert page.locator("img").count() == 0
    shown = page.locator("body").inner_text()
    assert '</script><script>document.title = "hacked"</script>' in shown
    assert "<script>document.title = 1</script>" in page.locator("h2").all_inner_texts()
    assert "Naïve 🦄 & “quoted”" in shown
    assert LONG[:4_000] in shown
    assert LONG[-20:] not in shown
    assert "(10,008 characters)" in shown
    assert "abc[U+202E]fed" in shown


def test_the_graph_shows_the_counts_of_the_report(show: Open) -> None:
    page = show("run")
    graph = page.locator("svg#graph-1-across")
    assert graph.is_visible()
    assert not page.locator("svg#graph-1-down").is_visible()
    titles = graph.locator("g.node > title").all_text_contents()
    assert "S3 dataset: Usage file, 4 rows" in titles
    assert "Merge: Joined, 2 rows" in titles
    assert "Create CTA: Low usage, 1 matched, 1 created" in titles
    assert sorted(graph.locator("text.count title").all_text_contents()) == [
        "2 rows from Companies",
        "2 rows from Joined",
        "2 rows from Joined",
        "3 rows from By account",
        "4 rows from Usage file",
    ]


def test_on_a_phone_the_graph_goes_from_top_to_bottom(show: Open) -> None:
    page = show("run", width=360)
    assert page.locator("svg#graph-1-down").is_visible()
    assert not page.locator("svg#graph-1-across").is_visible()


def test_nothing_in_the_graph_covers_another_node(show: Open) -> None:
    page = show("run")
    boxes = page.locator("svg#graph-1-across rect.box").evaluate_all(
        "all => all.map((each) => each.getBoundingClientRect()).map((r) => [r.left, r.top, r.right, r.bottom])"
    )
    for n, (left, top, right, bottom) in enumerate(boxes):
        for other in boxes[n + 1 :]:
            assert right <= other[0] or other[2] <= left or bottom <= other[1] or other[3] <= top


def test_effects_can_be_filtered_by_outcome_and_text(show: Open) -> None:
    page = show("hostile")
    listing = page.locator("section.action .listing").first
    rows = listing.locator("tbody > tr")
    before = rows.evaluate_all(VISIBLE_ROWS)
    listing.locator("select[data-filter=outcome]").select_option("failed")
    failed = rows.evaluate_all(VISIBLE_ROWS)
    assert 0 < len(failed) < len(before)
    assert all("failed" in row for row in failed)
    assert listing.locator(".shown").inner_text() == f"{len(failed)} of {len(before)} rows"
    listing.locator("select[data-filter=outcome]").select_option("")
    listing.locator("input[type=search]").fill("STRING_TOO")
    found = rows.evaluate_all(VISIBLE_ROWS)
    assert len(found) == 1
    assert "STRING_TOO_LONG" in found[0]


def test_a_table_sorts_by_the_column_that_is_pressed_also_with_the_keyboard(show: Open) -> None:
    page = show("hostile")
    page.locator("details.dataset summary").first.click()
    table = page.locator("details.dataset table").first
    head = table.locator("th", has_text="Arr")
    column = table.locator("tbody tr td:nth-child(4)")
    head.locator("button").click()
    assert column.all_inner_texts() == ["1000", "2000", "3000", "4000"]
    assert head.get_attribute("aria-sort") == "ascending"
    head.locator("button").press("Enter")
    assert column.all_inner_texts() == ["4000", "3000", "2000", "1000"]
    assert head.get_attribute("aria-sort") == "descending"


def test_frames_that_scroll_can_be_reached_with_the_keyboard(show: Open) -> None:
    page = show("run", width=360)
    assert page.eval_on_selector_all(".scroll:not([tabindex='0'])", "all => all.length") == 0
    assert page.eval_on_selector_all(".scroll:not([aria-label])", "all => all.length") == 0


def test_without_scripts_all_rows_can_be_read(show: Open) -> None:
    page = show("hostile", java_script_enabled=False)
    assert not page.locator(".controls").first.is_visible()
    assert page.locator("section.action table.effects").first.locator("tbody tr").count() == 4
    assert page.locator("section.action table.effects tbody tr").first.is_visible()


def test_on_paper_everything_is_light_and_unfolded_by_frames(show: Open) -> None:
    page = show("run", color_scheme="dark")
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.locator(".controls").first.is_visible()
    assert page.locator(".scroll.tall").first.evaluate("each => getComputedStyle(each).maxHeight") == "none"
