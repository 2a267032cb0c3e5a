"""The example's tests catch small changes to its rules; a few of them here, all of them with `check.py`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from gsrules.run.session import Session
from gsrules.run.workspace import Workspace
from tests.mutation.check import ROOT, mutated, verdict
from tests.mutation.mutants import EQUIVALENT, HEALTH, MUTANTS, NPS, TICKETS, Mutant
from tests.mutation.shown import Stores, shown, stores

pytestmark = pytest.mark.once

QUICK = MUTANTS[::5]
"""One change in five, of most kinds."""

SHOWN = [mutant for mutant in MUTANTS if (mutant.rule, mutant.kind) in {
    (HEALTH, "threshold"), (HEALTH, "case arm"), (NPS, "join kind"), (TICKETS, "map")
}][::2]  # fmt: skip


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with Session(Workspace.open(ROOT, ROOT)) as opened:
        yield opened


def test_there_are_different_changes_to_every_rule() -> None:
    assert len({(mutant.rule, mutant.old, mutant.new, mutant.occurrence) for mutant in MUTANTS}) == len(MUTANTS) == 65
    assert len({mutant.rule for mutant in MUTANTS}) == 12
    assert len(Counter(mutant.kind for mutant in MUTANTS)) >= 12
    assert all(mutant.reason for mutant in EQUIVALENT)


@pytest.mark.parametrize("mutant", [*MUTANTS, *EQUIVALENT], ids=str)
def test_every_change_is_one_place_of_a_rule_that_loads(session: Session, mutant: Mutant) -> None:
    with mutated(session.workspace, mutant) as changed:
        rule = changed.rule(mutant.rule)
    assert rule != session.workspace.rule(mutant.rule)


@pytest.mark.parametrize("mutant", QUICK, ids=str)
def test_the_tests_of_the_rule_catch_the_change(session: Session, mutant: Mutant) -> None:
    assert verdict(session, mutant).by


@pytest.fixture(scope="module")
def example_stores(session: Session) -> Iterator[Stores]:
    with stores(session.workspace) as made:
        yield made


@pytest.mark.parametrize("mutant", SHOWN, ids=str)
def test_diff_shows_the_change_if_it_makes_a_difference_and_says_what_changed(
    session: Session, example_stores: Stores, mutant: Mutant
) -> None:
    with mutated(session.workspace, mutant) as changed:
        found = shown(session.workspace, changed, mutant, example_stores)
    assert found.worded
    assert found.seen == found.differs
