"""Applies the mutants to copies of the example's rules and tells which of them its tests catch.

As a script (`python tests/mutation/check.py`) it prints the table and the figure, and what `gsrules diff` shows.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from gsrules.regress.suite import run_tests
from gsrules.run.check import validate_project
from gsrules.run.workspace import Workspace
from tests.mutation.mutants import EQUIVALENT, MUTANTS, Mutant, rule_file

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the tests made of a mutant: `by` names the first test that failed, or is empty."""

    mutant: Mutant
    by: str


@contextmanager
def mutated(workspace: Workspace, mutant: Mutant) -> Iterator[Workspace]:
    """The example with the changed rule; its data, objects and tests are those of the example."""
    rules = workspace.project.rules_dir
    text = rule_file(rules, mutant.rule).read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory(prefix="gsrules-mutant-") as folder:
        changed = rule_file(Path(folder), mutant.rule)
        changed.parent.mkdir(parents=True)
        changed.write_text(mutant.applied(text), encoding="utf-8")
        yield replace(workspace, project=replace(workspace.project, rules_dir=Path(folder)), _rules={})


def verdict(workspace: Workspace, mutant: Mutant) -> Verdict:
    """Runs the tests of the mutated rule. A mutant that does not load is a mistake in the list."""
    with mutated(workspace, mutant) as changed:
        findings = validate_project(changed, [mutant.rule])
        assert not findings.errors, (str(mutant), findings.errors)
        name = mutant.rule.rpartition("/")[2]
        outcome = run_tests(changed, [workspace.project.tests_dir / f"{name}.yml"], None)
        return Verdict(mutant, next((test.name for test in outcome.tests if not test.passed), ""))


def table(verdicts: Sequence[Verdict]) -> str:
    """A line a mutant: caught or not, what was changed, and by which test it was caught."""
    lines = []
    for each in verdicts:
        mutant = each.mutant
        change = f"{mutant.old.strip()} → {mutant.new.strip() or '(removed)'}"
        lines.append(f"{'caught' if each.by else 'MISSED'}  {mutant.rule:26} {mutant.kind:12} {change}")
        lines.append(f"        {each.by}" if each.by else "        no test fails")
    return "\n".join(lines)


def main() -> int:
    workspace = Workspace.open(ROOT, ROOT)
    verdicts = [verdict(workspace, mutant) for mutant in MUTANTS]
    print(table(verdicts))
    caught = sum(bool(each.by) for each in verdicts)
    print(f"\n{caught} of {len(verdicts)} mutants caught ({caught / len(verdicts):.0%})")
    print("\nEquivalent changes, which no test can tell from the original:")
    for mutant in EQUIVALENT:
        found = verdict(workspace, mutant)
        print(f"  {mutant}\n    {mutant.reason}{'; YET A TEST FAILS: ' + found.by if found.by else ''}")
    return 0 if caught >= 0.95 * len(verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
