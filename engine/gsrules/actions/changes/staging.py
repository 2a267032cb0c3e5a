"""SQL for actions: fragments with parts filled in, and temporary relations with generated names.

Names and values never enter SQL as text: they are sqlglot nodes that fill the `:name` places of constant fragments.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import cache, reduce
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

import sqlglot
from sqlglot import exp

from gsrules.tenant.changes import Write

if TYPE_CHECKING:
    from gsrules.tenant.statements import Statements

Made = TypeVar("Made")

_PREFIX: Final = "gs_action_"
_numbers = itertools.count(1)


_PART = re.compile(r"(?<![:\w]):([a-z_]\w*)")
_MARK: Final = "part:"


@cache
def _parsed(text: str) -> exp.Expr:
    """The fragment with its parts as marked columns: their names may be words of SQL."""
    return sqlglot.parse_one(_PART.sub(rf'"{_MARK}\1"', text), dialect="duckdb")


def fragment(text: str, **parts: exp.Expr) -> exp.Expr:
    """The constant SQL `text` with each `:name` replaced by that part (in brackets if it needs them)."""
    return _filled(_parsed(text), parts)


def _filled(node: exp.Expr, parts: Mapping[str, exp.Expr]) -> exp.Expr:
    """The node made anew, with the parts in their places; much quicker than copying it and replacing in it."""
    if isinstance(node, exp.Column) and node.name.startswith(_MARK):
        return _bracketed(parts[node.name.removeprefix(_MARK)])
    return node.__class__(**{name: _filled_arg(arg, parts) for name, arg in node.args.items()})


def _filled_arg(arg: Any, parts: Mapping[str, exp.Expr]) -> Any:
    if isinstance(arg, exp.Expr):
        return _filled(arg, parts)
    return [_filled_arg(each, parts) for each in arg] if isinstance(arg, list) else arg


def use(part: exp.Expr) -> exp.Expr:
    """The part itself the first time, a copy once it has a place in a tree."""
    return part if part.parent is None else part.copy()


def _bracketed(part: exp.Expr) -> exp.Expr:
    loose = isinstance(part, exp.Binary | exp.Unary | exp.Query | exp.Between | exp.In | exp.Is) and not isinstance(
        part, exp.Paren | exp.Subquery | exp.Dot
    )
    return exp.Paren(this=use(part)) if loose else use(part)


def column(name: str, table: str | None = None) -> exp.Column:
    """A quoted column."""
    return exp.Column(this=identifier(name), table=identifier(table) if table else None)


def identifier(name: str) -> exp.Identifier:
    """Any text as a quoted name."""
    return exp.Identifier(this=name, quoted=True)


def named(value: exp.Expr, name: str) -> exp.Expr:
    """`value` under a quoted output name."""
    return exp.Alias(this=use(value), alias=identifier(name))


def text(value: str) -> exp.Expr:
    return exp.Literal.string(value)


def given_number() -> exp.Expr:
    """A whole number that the statement is given as a value."""
    return cast(exp.Placeholder(), "BIGINT")


def number(value: int) -> exp.Expr:
    return exp.Literal.number(value) if value >= 0 else exp.Neg(this=exp.Literal.number(-value))


@cache
def _type(storage: str) -> exp.DataType:
    return exp.DataType.build(storage, dialect="duckdb")


def cast(value: exp.Expr, storage: str) -> exp.Expr:
    """The value as a DuckDB type."""
    return exp.Cast(this=use(value), to=_type(storage).copy())


def call(name: str, *arguments: exp.Expr) -> exp.Expr:
    """A call of a DuckDB function, spelled as named here."""
    return exp.Anonymous(this=name, expressions=[use(argument) for argument in arguments])


def typed_null(storage: str) -> exp.Expr:
    return cast(exp.Null(), storage)


def all_of(conditions: Iterable[exp.Expr]) -> exp.Expr:
    """The conjunction; of nothing: TRUE."""
    return _connected(exp.And, conditions) or exp.true()


def any_of(conditions: Iterable[exp.Expr]) -> exp.Expr:
    """The disjunction; of nothing: FALSE."""
    return _connected(exp.Or, conditions) or exp.false()


def _connected(kind: type[exp.Connector], conditions: Iterable[exp.Expr]) -> exp.Expr | None:
    found = list(conditions)
    if len(found) < 2:
        return use(found[0]) if found else None
    return reduce(lambda left, right: kind(this=left, expression=right), (_grouped(each) for each in found))


def _grouped(condition: exp.Expr) -> exp.Expr:
    loose = isinstance(condition, exp.Connector | exp.Not)
    return exp.Paren(this=use(condition)) if loose else use(condition)


def texts(values: Sequence[exp.Expr]) -> exp.Expr:
    """A list of texts."""
    return cast(exp.Array(expressions=[use(value) for value in values]), "VARCHAR[]")


def case(
    branches: Iterable[tuple[exp.Expr, exp.Expr]], default: exp.Expr | None = None, subject: exp.Expr | None = None
) -> exp.Expr:
    """CASE over (condition or value of `subject`, result) pairs."""
    return exp.Case(
        this=use(subject) if subject is not None else None,
        ifs=[exp.If(this=use(when), true=use(then)) for when, then in branches],
        default=use(default) if default is not None else None,
    )


def struct(items: Sequence[tuple[str, exp.Expr]]) -> exp.Expr:
    """A STRUCT with quoted keys; of nothing: NULL."""
    if not items:
        return exp.Null()
    return exp.Struct(
        expressions=[exp.PropertyEQ(this=identifier(name), expression=use(value)) for name, value in items]
    )


def relation(name: str, alias: str | None = None) -> exp.Table:
    return exp.Table(this=identifier(name), alias=_alias(alias) if alias else None)


def _alias(alias: str) -> exp.TableAlias:
    return exp.TableAlias(this=identifier(alias))


def aliased(table: exp.Table, alias: str) -> exp.Table:
    """A copy of the table under another name."""
    made = table.copy()
    made.set("alias", _alias(alias))
    return made


def select(*items: exp.Expr) -> exp.Select:
    """The start of a query with these columns, used as they are."""
    return exp.Select(expressions=[use(item) for item in items])


def sub(query: exp.Query, alias: str = "q") -> exp.Subquery:
    """The query as a source of another; it becomes part of that one."""
    return exp.Subquery(this=use(query), alias=_alias(alias))


def left_join(source: exp.Expr, on: exp.Expr) -> exp.Join:
    """For `Select.join`, which would parse the kind of a join anew each time."""
    return exp.Join(this=source, side="LEFT", on=use(on))


def spelled(tree: exp.Expr) -> str:
    return tree.sql(dialect="duckdb", unsupported_level=sqlglot.ErrorLevel.RAISE)


def scratch_prefix() -> str:
    """The beginning of names that nobody has used yet."""
    return f"{_PREFIX}{next(_numbers)}_"


class Scratch:
    """The temporary relations of one action in one run; all names begin with `prefix`.

    Each statement has a name, under which its text is remembered for the next run of the same action: the tree is
    built only if the text is not known. So a name stands for one text; what differs from run to run are `values`,
    and nothing may be executed while a text is built: the next run would not do so.
    """

    def __init__(self, statements: Statements, prefix: str, texts: dict[Hashable, Any]) -> None:
        self._statements = statements
        self._texts = texts
        self._building = False
        self.prefix = prefix

    def once(self, name: Hashable, make: Callable[[], Made]) -> Made:
        """What `make` gave when the action was planned first."""
        if name not in self._texts:
            outer, self._building = self._building, True
            try:
                self._texts[name] = make()
            finally:
                self._building = outer
        found: Made = self._texts[name]
        return found

    def table(self, name: str, query: Callable[[], exp.Query], values: Sequence[int] = ()) -> str:
        """Creates a temporary table of the query's rows; returns its name."""
        full = self._own(name)
        self._statements.table(full, self._text(name, query), values)
        return full

    def view(self, name: str, query: Callable[[], exp.Query]) -> str:
        """Creates a temporary view, for what is read seldom or once; returns its name."""
        full = self._own(name)
        self._statements.view(full, self._text(name, query))
        return full

    def rows(self, name: str, query: Callable[[], exp.Query]) -> list[tuple[Any, ...]]:
        """All rows of a query that gives few."""
        self._own(name)
        return self._statements.rows(self._text(f"?{name}", query))

    def row(self, name: str, query: Callable[[], exp.Query]) -> tuple[Any, ...]:
        """The one row of a query."""
        return self.rows(name, query)[0]

    def _own(self, name: str) -> str:
        assert not self._building, f"'{name}' is executed while the text of another statement is built"
        return self.prefix + name

    def _text(self, name: str, query: Callable[[], exp.Query]) -> str:
        # the query is the caller's no more: spelling need not copy it first
        return self.once(
            name, lambda: query().sql(dialect="duckdb", unsupported_level=sqlglot.ErrorLevel.RAISE, copy=False)
        )


def write_view(
    scratch: Scratch,
    object: str,
    kind: Literal["insert", "update"],
    fields: Callable[[], Mapping[str, exp.Expr]],
    source: Callable[[], exp.Select],
    name: str = "",
) -> Write:
    """A write of `fields` over `source`, which already selects the Gsid; both are asked for once an action.

    `name` is needed where an action has several writes of a kind.
    """
    name = name or kind

    def query() -> exp.Select:
        return source().select(*(named(value, name) for name, value in fields().items()), copy=False)

    view = scratch.view(name, query)
    return Write(object, kind, view, scratch.once(("fields", name), lambda: tuple(fields())))


def discard(statements: Statements, effects: str) -> None:
    """Drops all temporary relations of the change list with that effects table."""
    prefix = re.match(rf"{_PREFIX}\d+_", effects)
    if prefix is not None:
        statements.discard(prefix[0])
