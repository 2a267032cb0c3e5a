from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.actions.support import World, world


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., World]]:
    """Makes worlds with profile settings: make(load__on_null="skip")."""
    with ExitStack() as stack:
        count = iter(range(100))
        yield lambda **settings: stack.enter_context(world(tmp_path / f"w{next(count)}", **settings))
