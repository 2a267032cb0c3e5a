"""Applies the mutants to copies of the example's rules and tells which of them its tests catch.

As a script (`python -m tests.mutation.check`) it prints the table and the figure, and what `gsrules diff` shows.
"""

from __future__ import annotations

import datetime as dt
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from gsrules.regress.collecting import Case, collect
from gsrules.regress.running import run_case
from gsrules.run.check import check_rule
from gsrules.run.options import RunOptions
from gsrules.run.session import Session
from gsrules.run.workspace import Workspace
from tests.mutation.mutants import EQUIVALENT, MUTANTS, Mutant, rule_file
from tests.mutation.shown import Shown, shown, stores

ROOT = Path(__file__).parents[2]
DAY = dt.date(2026, 11, 23)


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


def tests_of(workspace: Workspace, rule: str) -> tuple[Case, ...]:
    """The tests of a rule, small ones first: those that start from the whole book take longest."""
    cases = [case for case in collect(workspace.project, []).cases if rule in case.rules]
    return tuple(sorted(cases, key=lambda case: case.uses_seeds))


def verdict(session: Session, mutant: Mutant) -> Verdict:
    """Runs the tests of the mutated rule up to the first that fails.

    A mutant that does not load is a mistake in the list: InputError.
    """
    with mutated(session.workspace, mutant) as changed:
        with session.tenant() as tenant:
            check_rule(changed, mutant.rule, tenant, RunOptions(rule_date=DAY))
        outcomes = (run_case(session, changed, case) for case in tests_of(session.workspace, mutant.rule))
        return Verdict(mutant, next((outcome.name for outcome in outcomes if not outcome.passed), ""))


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
    with Session(workspace) as session:
        verdicts = [verdict(session, mutant) for mutant in MUTANTS]
        equivalent = [verdict(session, mutant) for mutant in EQUIVALENT]
    with stores(workspace) as made:
        seen = []
        for mutant in (*MUTANTS, *EQUIVALENT):
            with mutated(workspace, mutant) as changed:
                seen.append(shown(workspace, changed, mutant, made))
    print(table(verdicts))
    caught = sum(bool(each.by) for each in verdicts)
    print(f"\n{caught} of {len(verdicts)} mutants caught ({caught / len(verdicts):.0%})")
    print("\nEquivalent changes, which no test can tell from the original:")
    for each in equivalent:
        print(f"  {each.mutant}\n    {each.mutant.reason}{'; YET A TEST FAILS: ' + each.by if each.by else ''}")
    wrong = wrongly_shown(seen)
    acting = sum(each.differs for each in seen)
    print(f"\nOn the example's own data {acting} of the {len(seen)} changes make a difference.")
    print(f"gsrules diff shows {sum(each.seen and each.differs for each in seen)} of them, and says in words what")
    print(f"changed in {sum(each.worded for each in seen)} of {len(seen)} rules.")
    for each in wrong:
        print(f"  WRONG  differs: {each.differs}, shown: {each.seen}, in words: {each.worded}  {each.mutant}")
    good = caught >= 0.95 * len(verdicts) and not any(each.by for each in equivalent) and not wrong
    return 0 if good else 1


def wrongly_shown(seen: Sequence[Shown]) -> list[Shown]:
    """Mutants of which diff hides what they do, or claims what they do not do, or has no words for the change."""
    return [each for each in seen if each.differs != each.seen or not each.worded]


if __name__ == "__main__":
    sys.exit(main())
