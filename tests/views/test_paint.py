from __future__ import annotations

import io

import pytest

from gsrules.views.paint import Painter, one_line, width


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_column_is_as_wide_as_its_widest_cell_and_numbers_end_at_the_right() -> None:
    lines = Painter(False).columns(("task", "rows"), [("A", "5"), ("Usage file", "1,200")], frozenset({1}))
    assert list(lines) == ["  task           rows", "  A                 5", "  Usage file    1,200"]


def test_colours_and_wide_letters_do_not_move_the_columns() -> None:
    painter = Painter(True)
    lines = list(painter.columns(("a", "b"), [(painter.paint("é", "red"), "x"), ("日本", "y")], frozenset()))
    assert lines[1] == "  \x1b[31mé\x1b[0m       x"
    assert lines[2] == "  日本    y"
    assert width("e\u0301") == 1


def test_colours_are_for_terminals_that_want_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert Painter.of(Terminal()).paint("x", "bold green") == "\x1b[1;32mx\x1b[0m"
    assert Painter.of(io.StringIO()).paint("x", "bold") == "x"
    monkeypatch.setenv("NO_COLOR", "1")
    assert Painter.of(Terminal()).paint("x", "bold") == "x"


def test_nothing_in_a_value_breaks_the_line_or_steers_the_terminal() -> None:
    assert one_line("a\r\nb\nc\td") == "a⏎b⏎c⇥d"
    assert one_line("\x1b[2Jx\x07\x9b2J") == "␛[2Jx␇\N{REPLACEMENT CHARACTER}2J"
    every = "".join(map(chr, range(0xA0)))
    assert all(letter >= " " and not "\x7f" <= letter < "\xa0" for letter in one_line(every))
    assert one_line("日本 é 😀") == "日本 é 😀"
