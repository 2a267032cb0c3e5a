"""What the codes of findings mean: one of them, all of them, and the page docs/findings.md."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from gsrules.run.finding_codes import Explained, all_codes, explained

_WIDTH = 100
_HEAD = """\
# What the validator finds

Every finding has a code. `gsrules validate --explain CODE` prints what stands here, `gsrules validate --codes
--format markdown > docs/findings.md` renews this page.

Findings with a certain repair say so; `gsrules validate --fix` makes these repairs in the files and shows them as a
small diff, `--fix --dry-run` only shows them. A repair is certain if it is the only one that takes the finding away
when it is tried, and a name is repaired only if no other known name is as near.
"""


def codes_text() -> str:
    """All codes, one a line."""
    codes = all_codes()
    width = max(map(len, codes))
    return "\n".join(f"{code:<{width}}  {found.title}" for code, found in codes.items())


def explained_text(code: str) -> str:
    """One code, with its example if it has one."""
    found = explained(code)
    lines = [f"{found.code}: {found.title}" + (f" ({found.severity})" if found.severity else "")]
    if found.explanation:
        lines += ["", *textwrap.wrap(found.explanation, _WIDTH), "", f"Evidence: {found.evidence}"]
    for title, rule in (("Draws it:", found.bad), ("Does not:", found.good)):
        if rule:
            lines += ["", title, "", *(f"  {line}" for line in rule.splitlines())]
    return "\n".join(lines)


def codes_page() -> str:
    """The page of all codes as Markdown."""
    codes = all_codes().values()
    advice = [found for found in codes if found.explanation]
    parts = [_HEAD, "## Advice\n", _table(advice)]
    parts += [_section(found) for found in advice]
    groups = (
        ("Errors of binding and of actions", [f for f in codes if not f.explanation and not _is_other(f)]),
        ("Loading files of a project", [f for f in codes if f.code.startswith(("GS-YAML-", "GS-SPEC-"))]),
        ("Files, tenant, project and commands", [f for f in codes if _is_environment(f)]),
    )
    parts += [f"## {title}\n\n{_table(found)}" for title, found in groups]
    return "\n".join(parts).rstrip() + "\n"


def _is_environment(found: Explained) -> bool:
    families = ("FILE", "TENANT", "PROJECT", "RUN", "TEST", "DIFF", "USAGE", "SYSTEM", "INTERNAL", "OUTPUT", "QUERY")
    return found.code.split("-")[1] in (*families, "RECORD")


def _is_other(found: Explained) -> bool:
    return _is_environment(found) or found.code.startswith(("GS-YAML-", "GS-SPEC-"))


def _table(codes: Iterable[Explained]) -> str:
    rows = [f"| `{found.code}` | {found.title.replace('|', '/')} |" for found in codes]
    return "\n".join(["| code | meaning |", "|---|---|", *rows]) + "\n"


def _section(found: Explained) -> str:
    return (
        f"### {found.code}\n\n{found.title} ({found.severity}). {found.explanation}\n\nEvidence: {found.evidence}.\n\n"
        f"```yaml\n# draws it\n{found.bad}```\n\n```yaml\n# does not\n{found.good}```\n"
    )
