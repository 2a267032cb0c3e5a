"""What the codes of findings mean, and the page of all of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gsrules.errors import InputError
from gsrules.run.finding_codes import all_codes, explained
from gsrules.views.codes import codes_page, codes_text, explained_text

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "findings.md"
RENEW = "gsrules validate --codes --format markdown > docs/findings.md"


def test_the_page_of_codes_is_fresh() -> None:
    fresh = PAGE.read_text(encoding="utf-8") == codes_page()
    assert fresh, f"docs/findings.md is stale; renew it with: {RENEW}"


def test_every_code_in_the_source_is_explained() -> None:
    literal = re.compile(r'"(GS-[A-Z0-9]+(?:-[A-Z0-9]+)*)"')
    sources = (path.read_text(encoding="utf-8") for path in (ROOT / "engine/gsrules").rglob("*.py"))
    used = {code for text in sources for code in literal.findall(text)}
    assert used - all_codes().keys() == set(), "explain them in run/finding_codes.py, and renew the page"


def test_every_code_has_its_line_and_its_place_on_the_page() -> None:
    lines, page = codes_text().splitlines(), codes_page()
    for code, found in all_codes().items():
        assert any(line.startswith(f"{code} ") and line.endswith(found.title) for line in lines)
        assert page.count(f"| `{code}` |") == 1, code


def test_a_code_is_explained_in_any_letter_case_with_its_example() -> None:
    text = explained_text("advice-fan-out")
    assert text.startswith("GS-ADVICE-FAN-OUT: A merge repeats figures")
    assert "  tasks:\n" in text
    assert explained_text("GS-GAP") == "GS-GAP: Values between neighbouring cases that no case takes."


def test_an_unknown_code_names_the_nearest() -> None:
    with pytest.raises(InputError) as caught:
        explained("GS-NMAE")
    (problem,) = caught.value.problems
    assert (problem.code, problem.nearest) == ("GS-USAGE", "GS-NAME")
