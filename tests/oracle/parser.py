"""The expression language read into a plain tree (rule-language.md §4)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from tests.oracle.values import RefusedError

_TOKEN = re.compile(
    r"""\s*(?:(?P<number>\d+(?:\.\d*)?|\.\d+)|(?P<text>'(?:[^']|'')*')|(?P<bracket>\[[^\]]*\])
    |(?P<param>:[A-Za-z_]\w*)|(?P<word>[A-Za-z_]\w*)|(?P<op><=|>=|!=|!~|[=<>~+\-*/(),.]))""",
    re.VERBOSE,
)
UNITS = {unit + ending for unit in ("day", "week", "month", "quarter", "year") for ending in ("", "s")}
COMPARISONS = ("=", "!=", "<", "<=", ">", ">=", "~", "!~")


@dataclass(frozen=True)
class Node:
    """`kind` says what `parts` hold."""

    kind: str
    parts: tuple[Any, ...]


@dataclass(frozen=True)
class Token:
    kind: str
    text: str


def tokens_of(text: str) -> list[Token]:
    found, at = [], 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if not match or match.end() == at:
            raise RefusedError("GS-SYNTAX", f"unexpected {text[at:]!r}")
        kind = str(match.lastgroup)
        found.append(Token(kind, match.group(kind)))
        at = match.end()
    return found


class Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokens_of(text)
        self.at = 0

    # -- small steps -------------------------------------------------------------------------------------------
    def words_ahead(self, *words: str) -> bool:
        ahead = self.tokens[self.at : self.at + len(words)]
        return len(ahead) == len(words) and all(
            t.kind == "word" and t.text.lower() == w for t, w in zip(ahead, words, strict=True)
        )

    def take_words(self, *words: str) -> bool:
        if self.words_ahead(*words):
            self.at += len(words)
            return True
        return False

    def take_op(self, *ops: str) -> str:
        if self.at < len(self.tokens):
            token = self.tokens[self.at]
            if token.kind == "op" and token.text in ops:
                self.at += 1
                return token.text
        return ""

    def need_op(self, op: str) -> None:
        if not self.take_op(op):
            raise RefusedError("GS-SYNTAX", f"{op} expected in {self.text}")

    def next(self) -> Token:
        if self.at >= len(self.tokens):
            raise RefusedError("GS-SYNTAX", f"{self.text} ends too early")
        self.at += 1
        return self.tokens[self.at - 1]

    # -- grammar -----------------------------------------------------------------------------------------------
    def whole(self) -> Node:
        node = self.either()
        if self.at != len(self.tokens):
            raise RefusedError("GS-SYNTAX", f"unexpected {self.tokens[self.at].text} in {self.text}")
        return node

    def either(self) -> Node:
        node = self.both()
        while self.take_words("or"):
            node = Node("or", (node, self.both()))
        return node

    def both(self) -> Node:
        node = self.negated()
        while self.take_words("and"):
            node = Node("and", (node, self.negated()))
        return node

    def negated(self) -> Node:
        if self.take_words("not"):
            return Node("not", (self.negated(),))
        return self.comparison()

    def comparison(self) -> Node:
        left = self.sum()
        if op := self.take_op(*COMPARISONS):
            self.no_period()
            return Node("compare", (op, left, self.sum()))
        if self.take_words("includes") or self.take_words("excludes"):
            raise RefusedError("GS-OPERATOR", "only for multi-picklists of Salesforce")
        if self.take_words("is", "not", "null"):
            return Node("not", (Node("null", (left,)),))
        if self.take_words("is", "null"):
            return Node("null", (left,))
        for words, kind, negative in (
            (("contains",), "contains", False),
            (("does", "not", "contain"), "contains", True),
            (("starts", "with"), "starts", False),
            (("ends", "with"), "ends", False),
        ):
            if self.take_words(*words):
                return self.signed(negative, Node("search", (kind, left, self.sum())))
        negative = self.words_ahead("not", "between") or self.words_ahead("not", "in")
        self.at += negative
        if self.take_words("between"):
            self.no_period()
            low = self.sum()
            if not self.take_words("and"):
                raise RefusedError("GS-SYNTAX", "between needs and")
            return self.signed(negative, Node("between", (left, low, self.sum())))
        if self.take_words("in"):
            if self.take_op("("):
                return self.signed(negative, Node("in", (left, self.listed())))
            return self.signed(negative, self.period(left))
        return left

    @staticmethod
    def signed(negative: bool, node: Node) -> Node:
        """An operator in its negative form, such as `not in`: one condition, unlike `not (… in …)`."""
        return Node("denied", (node,)) if negative else node

    def listed(self) -> tuple[Node, ...]:
        """The rest of `( a, b, … )`."""
        if self.take_op(")"):
            return ()
        items = [self.either()]
        while self.take_op(","):
            items.append(self.either())
        self.need_op(")")
        return tuple(items)

    def no_period(self) -> None:
        """A period stands after `in` only (§3.3)."""
        if any(
            self.words_ahead(word) for word in ("today", "yesterday", "tomorrow", "this", "last", "next", "current")
        ):
            raise RefusedError("GS-OPERATOR", "a period with another operator than in")

    def period(self, left: Node) -> Node:
        for word in ("today", "yesterday", "tomorrow"):
            if self.take_words(word):
                return Node("period", (left, word, 1, "day"))
        if self.take_words("this"):
            return Node("period", (left, "this", 0, self.unit()))
        kind = "current and " if self.take_words("current", "and") else ""
        word = self.next().text.lower()
        amount = self.next()
        if word in ("last", "next") and amount.kind == "number" and not amount.text.isdigit():
            raise RefusedError("GS-TYPE", "half periods")
        if word not in ("last", "next") or amount.kind != "number" or not amount.text.isdigit():
            raise RefusedError("GS-SYNTAX", f"no period: {self.text}")
        return Node("period", (left, kind + word, int(amount.text), self.unit()))

    def unit(self) -> str:
        fiscal = "fiscal " if self.take_words("fiscal") else ""
        word = self.next().text.lower()
        if word not in UNITS or (fiscal and word.removesuffix("s") not in ("quarter", "year")):
            raise RefusedError("GS-SYNTAX", f"{word} is no period")
        return fiscal + word.removesuffix("s")

    def sum(self) -> Node:
        node = self.product()
        while op := self.take_op("+", "-"):
            right = self.product()
            ahead = self.tokens[self.at] if self.at < len(self.tokens) else None
            if ahead and ahead.kind == "word" and ahead.text.lower() in UNITS:
                self.at += 1
                node = Node("shift", (op, node, right, ahead.text.lower()))
            else:
                node = Node("math", (op, node, right))
        return node

    def product(self) -> Node:
        node = self.signed_value()
        while op := self.take_op("*", "/"):
            node = Node("math", (op, node, self.signed_value()))
        return node

    def signed_value(self) -> Node:
        if self.take_op("-"):
            return Node("minus", (self.signed_value(),))
        return self.value()

    def value(self) -> Node:
        token = self.next()
        if token.kind == "number":
            return Node("value", (Decimal(token.text),))
        if token.kind == "text":
            return Node("value", (token.text[1:-1].replace("''", "'"),))
        if token.kind == "param":
            return Node("param", (token.text[1:],))
        if token.kind == "op":
            if token.text != "(":
                raise RefusedError("GS-SYNTAX", f"unexpected {token.text} in {self.text}")
            node = self.either()
            self.need_op(")")
            return node
        return self.name(token)

    def name(self, token: Token) -> Node:
        word = token.text.lower()
        if token.kind == "word":
            following = self.tokens[self.at] if self.at < len(self.tokens) else Token("", "")
            if word in ("true", "false"):
                return Node("value", (word == "true",))
            if word == "null":
                return Node("value", (None,))
            if word == "date" and following.kind == "text":
                return Node("value", (date.fromisoformat(self.next().text[1:-1]),))
            if word == "datetime" and following.kind == "text":
                return Node("moment", (self.next().text[1:-1],))
            if word == "case":
                return self.case()
            if self.take_op("("):
                return Node("call", (word, self.listed()))
            if word == "rule_date":
                return Node("call", (word, ()))
        names = [token.text.strip("[]")]
        while self.take_op("."):
            names.append(self.next().text.strip("[]"))
        return Node("field", tuple(names))

    def case(self) -> Node:
        branches: list[tuple[Node, Node]] = []
        other = Node("value", (None,))
        while self.take_words("when"):
            condition = self.either()
            if not self.take_words("then"):
                raise RefusedError("GS-SYNTAX", "then expected")
            branches.append((condition, self.either()))
        if self.take_words("else"):
            other = self.either()
        if not self.take_words("end") or not branches:
            raise RefusedError("GS-SYNTAX", "end expected")
        return Node("case", (tuple(branches), other))


def parse(text: str) -> Node:
    return Parser(str(text)).whole()


def logic_tree(logic: str, letters: dict[str, Node]) -> Node:
    """Advanced Logic: letters, and, or, parentheses (data-setup.md §5.1)."""
    known = {letter.lower(): node for letter, node in letters.items()}

    def filled(node: Node) -> Node:
        if node.kind in ("and", "or"):
            return Node(node.kind, tuple(filled(part) for part in node.parts))
        if node.kind != "field" or node.parts[0].lower() not in known:
            raise RefusedError("GS-*", f"no such condition in {logic}")
        return known[node.parts[0].lower()]

    return filled(parse(logic))


def condition_tree(given: Any) -> Node:
    """A condition as text, or with its own switches for nulls and letter case (§5.3, §5.4)."""
    if not isinstance(given, dict):
        return parse(given)
    return Node("switched", (parse(given["condition"]), given.get("include_nulls"), given.get("ignore_case")))


def where_tree(where: Any) -> Node | None:
    """A string, a list of conditions, or lettered conditions with their logic."""
    if where is None:
        return None
    if isinstance(where, str):
        return parse(where)
    if isinstance(where, list):
        if len(where) > 26:
            raise RefusedError("GS-LIMIT", "more than 26 conditions")
        letters = {chr(65 + i): condition_tree(given) for i, given in enumerate(where)}
        logic = None
    else:
        letters = {name: condition_tree(given) for name, given in where.items() if name != "logic"}
        logic = where.get("logic")
    return logic_tree(logic or " and ".join(letters), letters)
