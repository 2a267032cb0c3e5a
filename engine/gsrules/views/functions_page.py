"""The page docs/functions.md, made from the function catalogue; `gsrules functions --format markdown` prints it."""

from __future__ import annotations

from collections.abc import Iterator

from gsrules.profile import Profile
from gsrules.views.functions import Shown, entries, result_text

_HEAD = """\
# Functions

What formulas, filters and criteria can use. This page is made from the function catalogue:
`gsrules functions --format markdown > docs/functions.md` renews it, and `gsrules functions NAME`
prints one entry. The results of the examples are computed, under the default behaviour profile and with the rule date
2024-05-15.
"""


def functions_page() -> str:
    """The whole page."""
    profile = Profile.default()
    groups = entries(profile)
    lines = [_HEAD]
    for title, group in groups.items():
        lines += [f"## {title}", "", "| | Gainsight's name | |", "|---|---|---|"]
        lines += [f"| [`{each.name}`](#{each.name}) | {_names(each)} | {_cell(each.summary)} |" for each in group]
        lines.append("")
    for title, group in groups.items():
        lines += [f"## {title} in full", ""]
        for each in group:
            lines += _entry(each)
    return "\n".join(lines).rstrip() + "\n"


def _entry(each: Shown) -> Iterator[str]:
    yield f"### {each.name}"
    yield ""
    yield f"`{each.signature}` → {each.gives}"
    yield ""
    yield each.description
    yield ""
    yield from (f"- `{name}`: {families}" for name, families in each.takes)
    yield f"- Nulls: {each.nulls}"
    if each.keys:
        yield f"- Behaviour profile: {', '.join(f'`{key}`' for key in each.keys)}"
    yield (
        "- Not in Gainsight: each use draws the warning `GS-EXT`"
        if each.extension
        else f"- In Gainsight: {each.evidence}"
    )
    yield ""
    if each.examples:
        yield "| example | result | |"
        yield "|---|---|---|"
        for (text, evidence), result in zip(each.examples, each.results(), strict=True):
            yield f"| `{_cell(text)}` | `{_cell(result_text(result))}` | {evidence} |"
        yield ""


def _names(each: Shown) -> str:
    return "none" if each.extension else ", ".join(f"`{key}`" for key in each.key.split(", "))


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
