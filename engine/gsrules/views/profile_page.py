"""The page docs/behaviour-profile.md, made from the profile; `gsrules profile --format markdown` prints it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import gsrules
from gsrules.profile import Profile, word_of
from gsrules.views.profile import AREAS, EVIDENCE, Setting, settings

_HEAD = """\
# Behaviour profile

Gainsight does not publish how everything behaves. Where it does not, gsrules decides; this page lists
every decision. The first part are the keys of the behaviour profile: decisions that you can change, in `[profile]` of
`gsrules.toml`, in `profile:` of a rule (which goes before the project), or with `--profile KEY=VALUE` on a command. The
second part are decisions that are fixed.

A run tells on which keys its result really depended, with the rows: `gsrules run RULE`, key `behaviours` of
`--format json`. What such a run names is worth verifying on the tenant; a key that was verified and is set below
`[profile]` is not told again. `gsrules profile KEY` prints one entry, `gsrules diff --profile KEY=VALUE RULE` shows all
that another value changes, row by row.

This page is made from the profile; `gsrules profile --format markdown > docs/behaviour-profile.md` renews it.
"""


def profile_page() -> str:
    """The whole page."""
    profile = Profile.default()
    found = settings(profile, profile)
    lines = [_HEAD, "| mark | how a behaviour is known |", "|---|---|"]
    lines += [f"| {mark} | {words} |" for mark, words in EVIDENCE.items()]
    lines += ["", "## Keys", ""]
    for area in dict.fromkeys(AREAS.values()):
        of_area = [each for each in found if each.area == area]
        if of_area:
            lines += [f"### {area}", ""]
            lines += [line for each in of_area for line in _entry(each)]
    lines += ["## Fixed decisions", "", "What cannot be switched. The last column names a case of the test suite.", ""]
    lines += list(_fixed())
    return "\n".join(lines).rstrip() + "\n"


def _entry(each: Setting) -> Iterator[str]:
    yield f"#### `{each.key.name}`"
    yield ""
    yield f"Decides: {each.key.decides}. Default: `{word_of(each.key.default)}`. Allowed: {each.key.allowed}."
    yield ""
    if each.guide.values:
        yield from (f"- `{value}`: {meaning}" for value, meaning in each.guide.values.items())
    yield f"- Known: {each.evidence} ({', '.join(each.key.evidence)}; {each.guide.section})"
    yield f"- Verify: {each.guide.verify}"
    if each.guide.when:
        yield "- A run tells how many rows it mattered for"
    if not each.key.ready:
        yield "- This version only has the default and refuses another value"
    if each.key.project_only:
        yield f"- For the project only: {each.key.project_only}"
    yield ""


def choices() -> list[Mapping[str, Any]]:
    """The decisions that are fixed: area, section, decision, and the key and the test case that concern it, if any."""
    found: list[Mapping[str, Any]] = json.loads(Path(gsrules.__file__).with_name("choices.json").read_bytes())
    return found


def _fixed() -> Iterator[str]:
    found = choices()
    for area in dict.fromkeys(str(each["area"]) for each in found):
        yield f"### {area}"
        yield ""
        yield "| section | decision | |"
        yield "|---|---|---|"
        for each in found:
            if each["area"] == area:
                key = f" See `{each['key']}`." if "key" in each else ""
                case = f"`{each['case']}`" if "case" in each else ""
                decision = str(each["decision"]).replace("|", "\\|")
                yield f"| {each['section']} | {decision}{key} | {case} |"
        yield ""
