"""`gsrules.dataclass` makes what `dataclasses` makes."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from dataclasses import FrozenInstanceError, field, fields, replace

import pytest

from gsrules.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Pair:
    left: int
    right: str = "r"
    more: list[int] = field(default_factory=list, compare=False)
    note: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Wider(Pair):
    width: int = 0


@dataclass(frozen=True, slots=True)
class Doubled:
    value: int
    twice: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "twice", self.value * 2)


@dataclass(frozen=True, slots=True)
class Nothing:
    pass


@dataclass(slots=True)
class Changing:
    count: int = 0


def test_arguments_go_to_the_fields_by_place_and_by_name() -> None:
    assert (Pair(1).right, Pair(1, "x").right, Pair(left=1, note="n").note) == ("r", "x", "n")
    assert Wider(1, width=3).width == 3
    assert Wider(1).left == 1
    assert Doubled(4).twice == 8


def test_each_object_has_a_default_of_its_own() -> None:
    assert Pair(1).more == []
    assert Pair(1).more is not Pair(1).more


def test_many_objects_of_a_class_are_filled_like_the_first() -> None:
    made = [Wider(count, note=str(count), width=2 * count) for count in range(40)]
    assert [(each.left, each.right, each.more, each.note, each.width) for each in made] == [
        (count, "r", [], str(count), 2 * count) for count in range(40)
    ]
    assert [Doubled(count).twice for count in range(40)] == list(range(0, 80, 2))


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'left'"):
        Pair()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="unexpected keyword argument 'other'"):
        Pair(1, other=2)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="twice"):
        Doubled(1, twice=2)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="multiple values for argument 'count'"):
        Changing(1, count=2)  # type: ignore[misc]
    with pytest.raises(TypeError, match="takes from 1 to 2 positional arguments but 3 were given"):
        Changing(1, 2)  # type: ignore[call-arg]


def test_equality_and_hash_go_by_the_compared_fields_and_the_class() -> None:
    assert Pair(1, more=[1]) == Pair(1)
    assert hash(Pair(1, more=[1])) == hash(Pair(1))
    assert Pair(1) != Pair(2)
    assert Pair(1) != Wider(1)
    assert repr(Pair(1)) != repr(Wider(1))
    assert Nothing() == Nothing()
    assert hash(Nothing()) == hash(Nothing())


def test_the_text_of_an_object_names_its_fields() -> None:
    assert repr(Pair(1, note="hidden")) == "Pair(left=1, right='r', more=[])"


def test_a_frozen_object_does_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        Pair(1).left = 2  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        del Pair(1).left
    with pytest.raises((AttributeError, TypeError)):
        Pair(1).other = 2  # type: ignore[attr-defined]


def test_an_object_that_is_not_frozen_changes_and_has_no_hash() -> None:
    one = Changing()
    one.count += 1
    assert one == Changing(1)
    with pytest.raises(TypeError, match="unhashable"):
        hash(one)


def test_dataclasses_takes_them_for_its_own() -> None:
    assert dataclasses.is_dataclass(Pair)
    assert [each.name for each in fields(Wider)] == ["left", "right", "more", "note", "width"]
    assert replace(Wider(1, "x", width=2), left=5) == Wider(5, "x", width=2)
    assert Pair.__match_args__ == ("left", "right", "more", "note")


def test_copies_and_pickles_are_equal() -> None:
    one = Wider(1, "x", [7], "n", 4)
    for other in (copy.copy(one), copy.deepcopy(one), pickle.loads(pickle.dumps(one))):
        assert other == one
        assert other.more == [7]
