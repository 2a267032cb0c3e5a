"""The effects of an action, and what its report counts (actions.md §10.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from gsrules.actions.messages import WARNINGS, message
from gsrules.actions.staging import Scratch, column, fragment, named, relation, struct, text, typed_null
from gsrules.tenant.changes import ChangeList, Counts, ErrorCount, Write

OUTCOMES = ("created", "updated", "closed", "unchanged", "skipped", "failed")


@dataclass(frozen=True, slots=True)
class EffectColumns:
    """The parts of an effect row as SQL over `source`; `before` and `after` hold the same fields."""

    source: exp.Select
    row: exp.Expr
    outcome: exp.Expr
    codes: exp.Expr
    field: exp.Expr
    shown: exp.Expr
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
        code = fragment("(:c)[1]", c=self.codes)
        none = typed_null("VARCHAR[]")
        return self.source.select(
            named(self.row, "row"),
            named(self.outcome, "outcome"),
            named(code, "code"),
            named(self.codes, "codes"),
            named(message(code, self.field, self.shown, self.key), "message"),
            named(self.key, "key"),
            named(text(self.object), "object"),
            named(self.gsid, "gsid"),
            named(self.gsids, "gsids"),
            named(
                fragment(
                    "CASE WHEN :o <> 'failed' AND COALESCE(:c <> 'DUPLICATE_IN_BATCH', TRUE) THEN :w ELSE :n END",
                    o=self.outcome,
                    c=code,
                    w=self.warnings,
                    n=none,
                ),
                "warnings",
            ),
            named(_side(self.before, self.has_before), "before"),
            named(_side(self.after, self.has_after), "after"),
        )


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
    *,
    records_written: int,
    outcomes: dict[str, int] | None = None,
    may_warn: bool = True,
) -> ChangeList:
    """Counts the effects. `outcomes` spares the counting if it is known, `may_warn` the search for warnings."""
    if outcomes is None:
        outcomes = dict(_grouped(scratch, effects, ["outcome"]))
    counts = Counts(
        received=received.received,
        matched=received.matched,
        filtered_null=received.filtered_null,
        records_written=records_written,
        **{name: outcomes.get(name, 0) for name in OUTCOMES},
    )
    skips = _by_code(scratch, effects, "skipped") if counts.skipped else ()
    failures = _by_code(scratch, effects, "failed") if counts.failed else ()
    warnings = list(_warnings(scratch, effects)) if may_warn and counts.matched else []
    superseded = [group for group in skips if group.code == "DUPLICATE_IN_BATCH"]
    warnings += [ErrorCount(group.code, group.rows, WARNINGS[group.code]) for group in superseded]
    if not counts.matched:
        warnings.append(ErrorCount("NO_DATA", 0, WARNINGS["NO_DATA"]))
    return ChangeList(effects, tuple(writes), counts, failures, skips, tuple(warnings))


def _grouped(scratch: Scratch, effects: str, keys: Sequence[str]) -> list[tuple[Any, ...]]:
    query = exp.select(*(column(key) for key in keys), exp.Count(this=exp.Star())).from_(relation(effects))
    return scratch.rows(query.group_by(*(column(key) for key in keys)))


def _by_code(scratch: Scratch, effects: str, outcome: str) -> tuple[ErrorCount, ...]:
    example = fragment("ARG_MIN(:m, :r)", m=column("message"), r=column("row"))
    query = (
        exp.select(column("code"), named(exp.Count(this=exp.Star()), "n"), named(example, "example"))
        .from_(relation(effects))
        .where(exp.EQ(this=column("outcome"), expression=text(outcome)))
        .group_by(column("code"))
        .order_by(exp.Ordered(this=column("n"), desc=True), column("code"))
    )
    return tuple(ErrorCount(code, rows, words) for code, rows, words in scratch.rows(query))


def _warnings(scratch: Scratch, effects: str) -> tuple[ErrorCount, ...]:
    each = exp.select(column("row"), column("key"), named(fragment("UNNEST(:w)", w=column("warnings")), "code")).from_(
        relation(effects)
    )
    query = (
        exp.select(
            column("code"),
            named(exp.Count(this=exp.Star()), "n"),
            named(fragment("ARG_MIN(:k, :r)", k=column("key"), r=column("row")), "example"),
        )
        .from_(each.subquery(exp.to_identifier("w", quoted=True)))
        .group_by(column("code"))
        .order_by(column("code"))
    )
    return tuple(ErrorCount(code, rows, _words(code, key)) for code, rows, key in scratch.rows(query))


def _words(code: str, key: str | None) -> str:
    return f"{WARNINGS.get(code, code)}: {key}" if key else WARNINGS.get(code, code)
