"""The effects of an action, and what its report counts (actions.md §10.1)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

from sqlglot import exp

from gsrules.actions.changes.messages import WARNINGS, message, said
from gsrules.actions.changes.staging import (
    Scratch,
    column,
    fragment,
    named,
    select,
    struct,
    sub,
    text,
    typed_null,
)
from gsrules.dataclass import dataclass
from gsrules.tenant.changes import EFFECT_COLUMNS, OUTCOMES, ChangeList, Counts, ErrorCount, Write


@dataclass(frozen=True, slots=True)
class EffectColumns:
    """The parts of an effect row as SQL over `source`; `before` and `after` hold the same fields."""

    source: exp.Select
    row: exp.Expr
    outcome: exp.Expr
    codes: exp.Expr
    field: exp.Expr
    shown: exp.Expr
    words: exp.Expr
    key: exp.Expr
    object: str
    gsid: exp.Expr
    gsids: exp.Expr
    warnings: exp.Expr
    before: Sequence[tuple[str, exp.Expr]]
    after: Sequence[tuple[str, exp.Expr]]
    has_before: exp.Expr
    has_after: exp.Expr

    def query(self) -> exp.Select:
        """The columns of EFFECT_COLUMNS, in order."""
        return self._over_parts(
            tuple(EFFECT_COLUMNS),
            named(self.gsid, "gsid"),
            named(self.gsids, "gsids"),
            named(_side(self.before, self.has_before), "before"),
            named(_side(self.after, self.has_after), "after"),
        )

    def brief(self) -> exp.Select:
        """The columns that a report counts and quotes; what only the other ones need is not computed.

        `said` holds what the message is made of: it costs less to put together the few that are quoted.
        """
        return self._over_parts(("row", "outcome", "code", "said", "key", "warnings"))

    def _over_parts(self, wanted: Sequence[str], *more: exp.Expr) -> exp.Select:
        """The columns over a sub-select, so that each part is spelled once. The source becomes part of the query."""
        parts = self.source.select(
            named(self.row, "row"),
            named(self.outcome, "outcome"),
            named(self.codes, "codes"),
            named(_or(self.field, "the value"), "field"),
            named(_or(self.shown, "∅"), "shown"),
            named(self.words, "words"),
            named(self.key, "key"),
            named(self.warnings, "warnings"),
            *more,
            copy=False,
        )
        code = fragment("list_extract(:c, 1)", c=column("codes"))
        warned = "CASE WHEN :o <> 'failed' AND COALESCE(:c <> 'DUPLICATE_IN_BATCH', TRUE) THEN :w ELSE :n END"
        made = {
            "code": code,
            "message": _message(),
            "said": struct([*((name, column(name)) for name in ("field", "shown", "words")), ("key", _key())]),
            "object": text(self.object),
            "warnings": fragment(warned, o=column("outcome"), c=code, w=column("warnings"), n=typed_null("VARCHAR[]")),
        }
        columns = (named(made.get(name, column(name)), name) for name in wanted)
        return select(*columns).from_(sub(parts, "e"), copy=False)


@cache
def _message() -> exp.Expr:
    """The message over the columns of an effect."""
    usual = message(fragment("list_extract(:c, 1)", c=column("codes")), column("field"), column("shown"), _key())
    return fragment(
        "CASE WHEN NOT :w IS NULL THEN CONCAT(:f, ': ', :w) ELSE :m END", w=column("words"), f=column("field"), m=usual
    )


def _key() -> exp.Expr:
    return _or(column("key"), "∅")


def _or(value: exp.Expr, empty: str) -> exp.Expr:
    return fragment("COALESCE(CAST(:v AS VARCHAR), :e)", v=value, e=text(empty))


def _side(fields: Sequence[tuple[str, exp.Expr]], present: exp.Expr) -> exp.Expr:
    return fragment("CASE WHEN :c THEN :s END", c=present, s=struct(fields)) if fields else exp.Null()


@dataclass(frozen=True, slots=True)
class Received:
    """Rows of the dataset, rows that passed the criteria, rows for which the criteria is unknown."""

    received: int
    matched: int
    filtered_null: int


def change_list(
    scratch: Scratch,
    effects: str,
    writes: Sequence[Write],
    received: Received,
    brief: Callable[[], exp.Select],
    *,
    records_written: int,
    outcomes: dict[str, int] | None = None,
    may_warn: bool = True,
    warned: Sequence[ErrorCount] = (),
) -> ChangeList:
    """Counts the effects, which `brief` gives with the columns that this needs.

    `outcomes` spares the counting if it is known, `may_warn` the search for warnings.
    `warned` holds warnings about the action as a whole.
    """
    groups: tuple[_Group, ...] = ()
    if outcomes is None:
        groups = _groups(scratch, effects, brief)
        outcomes = _outcomes(groups)
        may_warn = may_warn and any(group.warned for group in groups)
    elif outcomes.get("skipped") or outcomes.get("failed"):
        groups = _groups(scratch, effects, brief)
    counts = Counts(
        received=received.received,
        matched=received.matched,
        filtered_null=received.filtered_null,
        records_written=records_written,
        **{name: outcomes.get(name, 0) for name in OUTCOMES},
    )
    skips, failures = _of(groups, "skipped"), _of(groups, "failed")
    warnings = [*warned, *(_warnings(scratch, effects, brief) if may_warn and counts.matched else ())]
    superseded = [group for group in skips if group.code == "DUPLICATE_IN_BATCH"]
    warnings += [ErrorCount(group.code, group.rows, WARNINGS[group.code]) for group in superseded]
    if not counts.matched:
        warnings.append(ErrorCount("NO_DATA", 0, _no_data(received)))
    return ChangeList(effects, tuple(writes), counts, failures, skips, tuple(warnings))


def _no_data(received: Received) -> str:
    if not received.received:
        return "the dataset has no rows"
    unknown = f", {received.filtered_null} of them only because of a null" if received.filtered_null else ""
    return f"no row matched the criteria: 0 of {received.received}{unknown}"


@dataclass(frozen=True, slots=True)
class _Group:
    """The effects with one outcome and code: their number, the message of the first, how many have warnings."""

    outcome: str
    code: str
    rows: int
    message: str
    warned: int


def _groups(scratch: Scratch, effects: str, brief: Callable[[], exp.Select]) -> tuple[_Group, ...]:
    def query() -> exp.Select:
        return (
            select(
                column("outcome"),
                column("code"),
                exp.Count(this=exp.Star()),
                fragment("ARG_MIN(:s, :r)", s=column("said"), r=column("row")),
                fragment("COUNT(:w)", w=column("warnings")),
            )
            .from_(sub(brief(), "b"), copy=False)
            .group_by(column("outcome"), column("code"), copy=False)
        )

    found = scratch.rows(f"groups of {effects}", query)
    return tuple(_Group(outcome, code, rows, said(code, **of), warned) for outcome, code, rows, of, warned in found)


def _outcomes(groups: Sequence[_Group]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for group in groups:
        counts[group.outcome] = counts.get(group.outcome, 0) + group.rows
    return counts


def _of(groups: Sequence[_Group], outcome: str) -> tuple[ErrorCount, ...]:
    """The codes of an outcome, the most frequent first."""
    found = sorted((group for group in groups if group.outcome == outcome), key=lambda each: (-each.rows, each.code))
    return tuple(ErrorCount(group.code, group.rows, group.message) for group in found)


def _warnings(scratch: Scratch, effects: str, brief: Callable[[], exp.Select]) -> tuple[ErrorCount, ...]:
    def query() -> exp.Select:
        each = select(column("row"), column("key"), named(fragment("UNNEST(:w)", w=column("warnings")), "code"))
        return (
            select(
                column("code"),
                named(exp.Count(this=exp.Star()), "n"),
                named(fragment("ARG_MIN(:k, :r)", k=column("key"), r=column("row")), "example"),
            )
            .from_(sub(each.from_(sub(brief(), "b"), copy=False), "w"), copy=False)
            .group_by(column("code"), copy=False)
            .order_by(column("code"), copy=False)
        )

    found = scratch.rows(f"warnings of {effects}", query)
    return tuple(ErrorCount(code, rows, _words(code, key)) for code, rows, key in found)


def _words(code: str, key: str | None) -> str:
    return f"{WARNINGS.get(code, code)}: {key}" if key else WARNINGS.get(code, code)
