"""Rules of the example with one word misspelt: the repair gives the very text back, or leaves the mutant as it is."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from gsrules.errors import Problem
from gsrules.run.file_checks import FileCheck, ProjectCheck
from gsrules.run.workspace import Workspace

ROOT = Path(__file__).parents[3]
WORD = re.compile(r"[A-Za-z_][A-Za-z_]{3,}")
SEED, EACH, SEVERAL = 20261123, 20, 6


@pytest.fixture(scope="module")
def checks() -> Iterator[ProjectCheck]:
    workspace = Workspace.open(ROOT)
    with ProjectCheck.opened(workspace, workspace.rule_ids()) as opened:
        yield opened


def misspelt(word: str, choose: random.Random) -> str:
    """The word with a letter left out, doubled, changed or swapped with the next."""
    at = choose.randrange(1, len(word) - 1)
    kind = choose.randrange(4)
    if kind == 0:
        return word[:at] + word[at + 1 :]
    if kind == 1:
        return word[:at] + word[at] + word[at:]
    if kind == 2:
        return word[:at] + choose.choice("aeiouxz") + word[at + 1 :]
    return word[: at - 1] + word[at] + word[at - 1] + word[at + 1 :]


def mutants(text: str, choose: random.Random, count: int = EACH) -> Iterator[str]:
    """The text with one word outside of comments misspelt."""
    code = [found for found in WORD.finditer(text) if "#" not in text[: found.start()].rpartition("\n")[2]]
    for found in choose.sample(code, min(count, len(code))):
        other = misspelt(found[0], choose)
        if other != found[0]:
            yield text[: found.start()] + other + text[found.end() :]


def repaired(checks: ProjectCheck, file: FileCheck, text: str) -> str:
    return checks.repairer(file).repaired(text)[0]


@pytest.mark.once
def test_one_misspelt_word_is_put_right_exactly_or_left_alone(checks: ProjectCheck) -> None:
    choose = random.Random(SEED)
    outcomes: Counter[str] = Counter()
    wrong: list[tuple[str, str]] = []
    for file in checks.files():
        text = file.path.read_text(encoding="utf-8")
        assert repaired(checks, file, text) == text
        for mutant in mutants(text, choose):
            after = repaired(checks, file, mutant)
            outcomes["restored" if after == text else "left" if after == mutant else "wrong"] += 1
            if after not in (text, mutant):
                wrong.append((mutant, after))
    assert not wrong, "\n".join(_lines(*pair) for pair in wrong)
    assert outcomes["restored"] > outcomes["left"], outcomes


@pytest.mark.once
def test_several_misspelt_words_are_never_made_worse(checks: ProjectCheck) -> None:
    """Every line is as it was at first, or as it was broken; a file that was read before can be read after."""
    choose = random.Random(SEED)
    for file in checks.files():
        text = file.path.read_text(encoding="utf-8")
        for mutant in mutants(text, choose, SEVERAL):
            for broken in mutants(mutant, choose, 1):
                after = repaired(checks, file, broken)
                rows = zip(after.splitlines(), broken.splitlines(), text.splitlines(), strict=True)
                lines = [row for row in rows if row[0] not in row[1:]]
                assert all(_between(*row) for row in lines), lines
                assert len(_errors(file, after)) <= len(_errors(file, broken))


def _between(after: str, broken: str, right: str) -> bool:
    """Whether of two slips in one line one was put right, and the other left."""
    return misses(after, right) < misses(broken, right)


def misses(line: str, right: str) -> int:
    words = (WORD.findall(line), WORD.findall(right))
    return len(set(words[0]) ^ set(words[1]))


def _errors(file: FileCheck, text: str) -> list[Problem]:
    return [p for p in file.with_other(text) if p.code.startswith(("GS-YAML-", "GS-SPEC-"))]


def _lines(before: str, after: str) -> str:
    pairs = zip(before.splitlines(), after.splitlines(), strict=False)
    return "\n".join(f"- {one}\n+ {other}" for one, other in pairs if one != other)
