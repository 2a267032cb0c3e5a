"""Which task or action of the one rule is which of the other: by name, else by content."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from typing import Final

from gsrules.regress.changes.written import stated, written
from gsrules.spec import ActionSpec, RuleSpec
from gsrules.spec.base import Spec

_ALIKE: Final = 0.7


def same_tasks(before: RuleSpec, after: RuleSpec) -> dict[str, str]:
    """Task after → task before, for those that both rules have, renamed ones included."""
    old = {str(name): task for name, task in before.tasks.items()}
    new = {str(name): task for name, task in after.tasks.items()}
    by_key = {name.lower(): name for name in old}
    pairs = {name: by_key[name.lower()] for name in new if name.lower() in by_key}
    left = {name: task for name, task in old.items() if name not in pairs.values()}
    right = {name: task for name, task in new.items() if name not in pairs}
    return pairs | _by_content(left, right)


def same_actions(before: RuleSpec, after: RuleSpec) -> dict[str, str]:
    """Id of the action after → that before; ids that nobody wrote are positions and count for nothing."""
    old, new = ({str(action.id): action for action in rule.actions} for rule in (before, after))
    titles = {name.lower(): name for name, action in old.items() if has_title(action)}
    pairs = {name: titles[name.lower()] for name, action in new.items() if has_title(action) and name.lower() in titles}
    left = {name: action for name, action in old.items() if name not in pairs.values()}
    right = {name: action for name, action in new.items() if name not in pairs}
    pairs |= _by_content(left, right)
    left = {name: action for name, action in left.items() if name not in pairs.values()}
    for name, action in right.items():
        twin = next((other for other, each in left.items() if _like(action, each)), None)
        if name not in pairs and twin is not None:
            pairs[name] = twin
            del left[twin]
    return pairs


def has_title(action: ActionSpec) -> bool:
    """Whether the author gave the action an id."""
    return str(action.id) != "-" and not str(action.id).endswith(f" {action.action}")


def _like(after: ActionSpec, before: ActionSpec) -> bool:
    """Two actions of one kind of which at least one has no title."""
    return after.action == before.action and not (has_title(after) and has_title(before))


def _by_content(left: Mapping[str, Spec], right: Mapping[str, Spec]) -> dict[str, str]:
    """Pairs (right → left) of the same kind of which the texts are alike, best first."""
    texts = {name: _content(item) for side in (left, right) for name, item in side.items()}
    scored = sorted(
        (
            (-SequenceMatcher(None, texts[a], texts[b], autojunk=False).ratio(), i, j, a, b)
            for i, (b, new) in enumerate(right.items())
            for j, (a, old) in enumerate(left.items())
            if type(old) is type(new)
        ),
    )
    pairs: dict[str, str] = {}
    for score, _, _, old_name, new_name in scored:
        if -score >= _ALIKE and new_name not in pairs and old_name not in pairs.values():
            pairs[new_name] = old_name
    return pairs


def _content(item: Spec) -> str:
    return "\n".join(f"{key}: {written(value)}" for key, value in stated(item).items() if key != "id")


def moved(pairs: Mapping[str, str], before: Sequence[str], after: Sequence[str]) -> list[str]:
    """The items after that stand elsewhere among those that both sides have: the fewest that explain the order."""
    order = [name for name in after if name in pairs]
    positions = [before.index(pairs[name]) for name in order]
    kept = _longest_rising(positions)
    return [name for i, name in enumerate(order) if i not in kept]


def _longest_rising(numbers: Sequence[int]) -> set[int]:
    """The places of a longest rising sub-sequence."""
    best: list[tuple[int, int]] = []
    for i, number in enumerate(numbers):
        length, previous = max(
            ((best[j][0] + 1, j) for j in range(i) if numbers[j] < number), default=(1, -1), key=lambda each: each[0]
        )
        best.append((length, previous))
    at = max(range(len(best)), key=lambda i: best[i][0], default=-1)
    kept: set[int] = set()
    while at >= 0:
        kept.add(at)
        at = best[at][1]
    return kept
