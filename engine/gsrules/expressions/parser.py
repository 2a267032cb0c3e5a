"""Parses an expression of the rule language (a Pratt parser).

From loosest to tightest: `or`, `and`, `not`, comparisons (which do not chain), `+ -`, `* /`, unary minus.
"""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal
from typing import NoReturn

from gsrules.errors import InputError, nearest
from gsrules.expressions import syntax as syn
from gsrules.expressions.constants import parse_date, parse_datetime, parse_number
from gsrules.expressions.periods import FIXED_PERIODS, UNIT_WORDS, counted_period
from gsrules.expressions.place import problem_at, syntax_error
from gsrules.expressions.tokens import Token, TokenKind, tokenise
from gsrules.expressions.vocabulary import (
    AND,
    COMPARE,
    HABITS,
    NEGATE,
    NOT,
    OPERATOR_WORDS,
    OR,
    PAIRS,
    RESERVED,
    SYMBOL_POWER,
    WORD_POWER,
)

MAX_DEPTH = 64
"""Deepest nesting of an expression; far more than anybody writes, far less than any stack takes."""


def parse_expression(text: str) -> syn.Syntax:
    """The untyped tree of `text`; a text with a `.place` gives its errors that place.

    Raises InputError (GS-SYNTAX; GS-LIMIT for nesting beyond MAX_DEPTH) and nothing else.
    """
    return _Parser(text).parse()


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokenise(text)
        self.at = 0
        self.depth = 0

    def parse(self) -> syn.Syntax:
        if len(self.tokens) == 1:
            raise syntax_error("the expression is empty", self.text, 0)
        tree = self._expression(0)
        if self.token.kind is not TokenKind.END:
            self._unexpected_operator()
        _check_depth(tree, self.text)
        return tree

    # tokens

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def _peek(self, ahead: int = 1) -> Token:
        return self.tokens[min(self.at + ahead, len(self.tokens) - 1)]

    def _next(self) -> Token:
        token = self.tokens[self.at]
        if token.kind is not TokenKind.END:
            self.at += 1
        return token

    def _is_symbol(self, symbol: str) -> bool:
        return self.token.kind is TokenKind.SYMBOL and self.token.value == symbol

    def _expect_symbol(self, symbol: str, why: str) -> Token:
        if not self._is_symbol(symbol):
            self._fail(f"{symbol} expected {why}, found {self._found()}")
        return self._next()

    def _expect_word(self, word: str, why: str) -> Token:
        if self.token.word != word:
            self._fail(f"{word!r} expected {why}, found {self._found()}")
        return self._next()

    def _found(self) -> str:
        token = self.token
        return "the end" if token.kind is TokenKind.END else repr(self.text[token.start : token.end][:40])

    def _fail(self, message: str, hint: str = "", nearest_name: str = "", token: Token | None = None) -> NoReturn:
        token = token or self.token
        raise syntax_error(message, self.text, token.start, token.end - token.start, hint, nearest_name)

    # the loop

    def _expression(self, power: int) -> syn.Syntax:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise too_deep(self.text, self.token.start)
        left = self._prefix()
        compared = False
        while True:
            token = self.token
            binding = (
                SYMBOL_POWER.get(token.value, -1) if token.kind is TokenKind.SYMBOL else WORD_POWER.get(token.word, -1)
            )
            if binding <= power:
                break
            if binding == COMPARE and compared:
                self._fail("comparisons cannot be chained", hint="join two comparisons with and: a < b and b < c")
            compared = compared or binding == COMPARE
            left = self._infix(left, token, binding)
        self.depth -= 1
        return left

    def _infix(self, left: syn.Syntax, token: Token, binding: int) -> syn.Syntax:
        if binding in (OR, AND):
            return self._connective(left, token.word, binding)
        if token.word == "":
            if binding == COMPARE:
                self._refuse_period(left)
            return self._symbol_infix(left, binding)
        return self._word_infix(left, token)

    def _connective(self, left: syn.Syntax, op: str, binding: int) -> syn.Syntax:
        terms = [left]
        while self.token.word == op:
            self._next()
            terms.append(self._expression(binding))
        return syn.Connective(op, tuple(terms), left.start, terms[-1].end)

    def _symbol_infix(self, left: syn.Syntax, binding: int) -> syn.Syntax:
        token = self._next()
        following = self.token
        if following.kind is TokenKind.SYMBOL and following.start == token.end:
            hint = PAIRS.get(token.value + following.value)
            if hint:
                self._fail(f"{token.value + following.value!r} is no operator", hint, token=token)
        if (
            token.value in "+-"
            and self._peek().word in UNIT_WORDS
            and following.kind in (TokenKind.NUMBER, TokenKind.PARAM)
        ):
            amount = self._prefix()
            unit = self._next()
            sign = 1 if token.value == "+" else -1
            return syn.Shift(left, sign, amount, UNIT_WORDS[unit.word], left.start, unit.end)
        right = self._expression(binding)
        return syn.Binary(token.value, left, right, left.start, right.end, token.start)

    def _word_infix(self, left: syn.Syntax, token: Token) -> syn.Syntax:
        at = self._next().start
        if token.word == "is":
            negated = self._skip("not")
            if self.token.word != "null":
                self._fail(
                    f"'is' is followed by null or not null, found {self._found()}",
                    "write = for a value, is_empty(field) for null or an empty text",
                )
            return syn.IsNull(left, negated, left.start, self._next().end, at)
        negated = token.word == "not"
        word = token.word
        if negated:
            word = self.token.word
            if word not in ("in", "between"):
                hints = {
                    "contains": "write does not contain 'x'",
                    "contain": "write does not contain 'x'",
                    "null": "write is not null",
                    "like": "write does not contain 'x'",
                }
                self._fail(
                    f"'not' after a value is followed by in or between, found {self._found()}",
                    hints.get(word, "write not (…) around a whole condition"),
                )
            self._next()
        if word == "in":
            return self._in(left, negated, at)
        if word == "between":
            self._refuse_period(left, 0)
            low = self._expression(COMPARE)
            self._expect_word("and", "between the two bounds of 'between'")
            high = self._expression(COMPARE)
            return syn.Range(left, low, high, negated, left.start, high.end, at)
        return self._match(left, word, at)

    def _refuse_period(self, left: syn.Syntax, ahead: int = 1) -> None:
        """A period goes with `in` only: with another operator the platform would misread it (data-setup.md §3.3)."""
        first, second = self._peek(ahead), self._peek(ahead + 1)
        counted = first.word in ("last", "next") and second.kind in (TokenKind.NUMBER, TokenKind.PARAM)
        fixed = first.word == "this" and second.word in (*UNIT_WORDS, "fiscal")
        if not (counted or fixed or (first.word == "current" and second.word == "and")):
            return
        field = self.text[left.start : left.end][:40]
        start = self.token if ahead else self.tokens[self.at - 1]
        rest = self.tokens[self.at + ahead : self.at + ahead + 6]
        last = next((token for token in rest if token.word in UNIT_WORDS), second)
        message = "a period goes with in only (INVALID_QUERY_FILTER_OPERATOR)"
        hint = f"write {field} in {self.text[first.start : last.end]}"
        raise InputError(problem_at(self.text, "GS-OPERATOR", message, start.start, last.end, hint=hint))

    def _match(self, left: syn.Syntax, word: str, at: int) -> syn.Syntax:
        negated = word == "does"
        if negated:
            self._expect_word("not", "in 'does not contain'")
            if self.token.word in ("start", "end", "starts", "ends"):
                self._fail("there is only 'does not contain'", "write not ([Field] starts with 'x')")
            self._expect_word("contain", "in 'does not contain'")
        elif word in ("starts", "ends"):
            self._expect_word("with", f"in '{word} with'")
        search = self._expression(COMPARE)
        kind = "contains" if negated else word
        return syn.Match(kind, left, search, negated, left.start, search.end, at)

    def _skip(self, word: str) -> bool:
        if self.token.word != word:
            return False
        self._next()
        return True

    def _in(self, left: syn.Syntax, negated: bool, at: int) -> syn.Syntax:
        if not self._is_symbol("("):
            return self._period(left, negated, at)
        opening = self._next()
        if self._is_symbol(")"):
            self._fail("the list of 'in' is empty", "name at least one value", token=opening)
        items = self._list(f"to close the list of '{'not in' if negated else 'in'}'")
        return syn.Membership(left, items, negated, left.start, self.tokens[self.at - 1].end, at)

    def _list(self, why: str) -> tuple[syn.Syntax, ...]:
        """The items up to the closing parenthesis, which is consumed."""
        items = [self._expression(0)]
        while self._is_symbol(","):
            self._next()
            items.append(self._expression(0))
        self._expect_symbol(")", why)
        return tuple(items)

    def _period(self, left: syn.Syntax, negated: bool, at: int) -> syn.Syntax:
        start = self.token
        if start.word in ("today", "yesterday", "tomorrow"):
            end = self._next().end
            return syn.InPeriod(left, start.word.upper(), None, negated, left.start, end, at)
        if start.word == "this":
            self._next()
            fiscal = "fiscal " if self._skip("fiscal") else ""
            literal = FIXED_PERIODS.get(fiscal + self.token.word)
            if literal is None:
                self._fail(
                    f"{fiscal + self._found()} is no period",
                    "after 'in this': week, month, quarter, year, fiscal quarter, fiscal year",
                )
            return syn.InPeriod(left, literal, None, negated, left.start, self._next().end, at)
        with_current = start.word == "current"
        if with_current:
            self._next()
            if self.token.word != "and":
                self._fail(
                    f"'and last' or 'and next' expected after 'in current', found {self._found()}",
                    "write in this month, or in current and last 3 months",
                )
            self._next()
        direction = self.token.word
        if direction not in ("last", "next"):
            self._no_period(start)
        self._next()
        if self.token.kind not in (TokenKind.NUMBER, TokenKind.PARAM):
            self._fail(
                f"a number expected after 'in {direction}', found {self._found()}", f"write in {direction} 7 days"
            )
        count = self._prefix()
        fiscal = "fiscal " if self._skip("fiscal") else ""
        literal = counted_period(with_current, direction, fiscal + UNIT_WORDS.get(self.token.word, ""))
        if literal is None:
            self._fail(
                f"{fiscal + self._found()} is no unit of a period",
                "days, weeks, months, quarters, years, fiscal quarters or fiscal years",
            )
        return syn.InPeriod(left, literal, count, negated, left.start, self._next().end, at)

    def _no_period(self, start: Token) -> NoReturn:
        if start.kind in (TokenKind.TEXT, TokenKind.NUMBER, TokenKind.PARAM):
            self._fail(
                "'in' is followed by values in parentheses",
                f"write in ({self.text[start.start : start.end][:40]})",
                token=start,
            )
        self._fail(
            f"values in parentheses or a period expected after 'in', found {self._found()}",
            "for example in ('a', 'b'), in last 7 days, in current and last 3 months, in this fiscal quarter, in today",
            nearest(self.token.word, ("last", "next", "this", "today", "yesterday", "tomorrow", "current"))
            if self.token.word
            else "",
        )

    # operands

    def _prefix(self) -> syn.Syntax:
        token = self.token
        kind = token.kind
        if kind is TokenKind.NUMBER or kind is TokenKind.TEXT:
            self._next()
            value = self._number(token) if kind is TokenKind.NUMBER else token.value
            return syn.Constant(value, token.start, token.end)
        if kind is TokenKind.PARAM:
            self._next()
            return syn.Param(token.value, token.start, token.end)
        if kind is TokenKind.BRACKETED:
            return self._path()
        if kind is TokenKind.WORD:
            return self._word(token)
        if kind is TokenKind.SYMBOL and token.value in ("(", "-", "+"):
            return self._symbol_prefix(token)
        hint = "count(*) belongs into show" if token.value == "*" else ""
        message = f"a value expected, found {self._found()}"
        raise syntax_error(message, self.text, token.start, token.end - token.start, hint)

    def _number(self, token: Token) -> Decimal:
        number = parse_number(token.value)
        if number is None:
            self._fail("the number has more than 29 integer digits", token=token)
        return number

    def _symbol_prefix(self, token: Token) -> syn.Syntax:
        self._next()
        if token.value == "(":
            inner = self._expression(0)
            if self._is_symbol(","):
                self._fail("one value expected in these parentheses", "a list follows in: Status in ('a', 'b')")
            if not self._is_symbol(")") and self.token.kind is not TokenKind.END:
                self._unexpected_operator()
            self._expect_symbol(")", f"to close the parenthesis at column {token.start + 1}")
            return inner
        operand = self._expression(NEGATE)
        if token.value == "+":
            return operand
        return syn.Unary("-", operand, token.start, operand.end)

    def _word(self, token: Token) -> syn.Syntax:
        word = token.word
        if word in ("true", "false", "null"):
            self._next()
            return syn.Constant({"true": True, "false": False, "null": None}[word], token.start, token.end)
        if word == "case":
            return self._case()
        if word == "not":
            self._next()
            operand = self._expression(NOT)
            return syn.Unary("not", operand, token.start, operand.end)
        if word in ("date", "datetime") and self._peek().kind is TokenKind.TEXT:
            return self._dated(word)
        if word in RESERVED:
            self._fail(
                f"a value expected, found the word {token.value!r}",
                f"a field of that name needs brackets: [{token.value}]",
            )
        if self._peek().kind is TokenKind.SYMBOL and self._peek().value == "(":
            return self._call()
        if word == "rule_date":
            self._next()
            return syn.Invoke("rule_date", (), token.start, token.end)
        return self._path()

    def _dated(self, word: str) -> syn.Syntax:
        start = self._next().start
        token = self._next()
        if word == "date":
            day = parse_date(token.value)
            if day is None:
                self._fail(f"{token.value!r} is no date", "write date '2026-01-31' (year-month-day)", token=token)
            return syn.Constant(day, start, token.end)
        instant = parse_datetime(token.value)
        if instant is None:
            self._fail(
                f"{token.value!r} is no date-time",
                "write datetime '2026-01-31T09:30:00Z'; without an offset the tenant's zone is meant",
                token=token,
            )
        return syn.Constant(instant, start, token.end)

    def _path(self) -> syn.Syntax:
        first = self.token
        parts = [self._part()]
        while self._is_symbol("."):
            self._next()
            parts.append(self._part())
        return syn.Name(tuple(parts), first.start, self.tokens[self.at - 1].end)

    def _part(self) -> str:
        token = self.token
        if token.kind not in (TokenKind.WORD, TokenKind.BRACKETED):
            self._fail(f"a field name expected after the dot, found {self._found()}")
        if not token.value:
            self._fail("the brackets hold no field name", token=token)
        return self._next().value

    def _call(self) -> syn.Syntax:
        name = self._next()
        self._next()
        if self._is_symbol(")"):
            return syn.Invoke(name.value, (), name.start, self._next().end)
        if self._is_symbol("*"):
            self._fail(f"{name.value}(*) is an aggregate", "aggregates such as count(*) belong into show")
        args = self._list(f"to close the arguments of {name.value}")
        return syn.Invoke(name.value, args, name.start, self.tokens[self.at - 1].end)

    def _case(self) -> syn.Syntax:
        start = self._next().start
        if self.token.word != "when":
            self._fail(
                f"'when' expected after 'case', found {self._found()}",
                "write case when … then … else … end; a field of that name needs brackets: [Case]",
            )
        branches: list[tuple[syn.Syntax, syn.Syntax]] = []
        while self._skip("when"):
            condition = self._expression(0)
            self._expect_case_word("then")
            branches.append((condition, self._expression(0)))
        default = self._expression(0) if self._skip("else") else None
        return syn.CaseWhen(tuple(branches), default, start, self._expect_case_word("end").end)

    def _expect_case_word(self, word: str) -> Token:
        if self.token.word not in ("when", "then", "else", "end") and self.token.kind is not TokenKind.END:
            self._unexpected_operator()
        return self._expect_word(word, "in 'case when … then … else … end'")

    def _unexpected_operator(self) -> NoReturn:
        """A complete value is followed by something that is no operator."""
        token, before = self.token, self.tokens[self.at - 1]
        if token.word in ("includes", "excludes"):
            message = f"{token.word} is for multi-picklists of Salesforce only (INVALID_QUERY_FILTER_OPERATOR)"
            hint = f"write {'in' if token.word == 'includes' else 'not in'} ('a', 'b'); on a text, contains 'a'"
            raise InputError(problem_at(self.text, "GS-OPERATOR", message, token.start, token.end, hint=hint))
        if (
            before.word
            and before.word not in RESERVED
            and token.kind in (TokenKind.WORD, TokenKind.NUMBER)
            and token.word not in HABITS
            and token.word not in RESERVED
        ):
            name = f"[{before.value} {token.value}]"
            self._fail(
                f"an operator expected, found {self._found()}",
                f"a field name of several words needs brackets: {name}",
                nearest(token.word, OPERATOR_WORDS),
            )
        hint = HABITS.get(token.word, "")
        if not hint and token.value == ")":
            hint = "no parenthesis is open here"
        if not hint and token.kind in (TokenKind.TEXT, TokenKind.BRACKETED, TokenKind.PARAM):
            hint = "join values with an operator such as +, =, and"
        if token.value == "," and before.kind is TokenKind.NUMBER:
            hint = "a number has a point and no separators of thousands: 1234.5"
        self._fail(
            f"an operator expected, found {self._found()}",
            hint,
            nearest(token.word, OPERATOR_WORDS) if token.word else "",
        )


def too_deep(text: str, start: int) -> InputError:
    """The problem of an expression that is nested too deeply."""
    return syntax_error(
        f"the expression is nested more than {MAX_DEPTH} levels deep",
        text,
        start,
        hint="split it into several formulas or conditions",
    )


def _check_depth(tree: syn.Syntax, text: str) -> None:
    stack: list[tuple[object, int]] = [(tree, 1)]
    while stack:
        node, depth = stack.pop()
        if isinstance(node, tuple):
            stack.extend((item, depth) for item in node)
        elif isinstance(node, syn.Syntax):
            if depth > MAX_DEPTH:
                raise too_deep(text, node.start)
            stack.extend((getattr(node, field.name), depth + 1) for field in fields(node))
