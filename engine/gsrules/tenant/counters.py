"""GSIDs and insertion numbers of new records (platform.md §2.2)."""

from __future__ import annotations

import secrets

from sqlglot import exp

from gsrules.catalogue import ObjectDef
from gsrules.catalogue.gsids import SUFFIX_LENGTH
from gsrules.profile import Profile
from gsrules.tenant.names import GSID, SEQUENCE, column, spell
from gsrules.tenant.statements import Statements
from gsrules.tenant.tables import Tables

# Counters stay below 36^12: they fit a BIGINT, and ids from elsewhere with other suffixes are left alone.
_ZEROS = "0" * (SUFFIX_LENGTH - 12)
_HALF = SUFFIX_LENGTH // 2
# New Salesforce records have ids such as 001LOCAL0000001: key prefix, mark, counter.
_SALESFORCE_MARK = "LOCAL"
_SALESFORCE_DIGITS = 7

CounterState = tuple[dict[str, int], dict[str, int]]
"""What was handed out last, by object: counters and insertion numbers."""


class Counters:
    """Hands out counters; knows the last ones used, by object, once they were asked for."""

    def __init__(self, statements: Statements, profile: Profile, tables: Tables) -> None:
        self._statements = statements
        self._tenant_id: str = profile["tenant.id"]
        self._random = profile["object.gsid_suffix"] == "random"
        self._salts = (secrets.randbits(48), secrets.randbits(48))
        self._tables = tables
        self._last: dict[str, int] = {}
        self._sequences: dict[str, int] = {}

    def state(self) -> CounterState:
        """What `restore` takes after a rollback."""
        return dict(self._last), dict(self._sequences)

    def restore(self, state: CounterState) -> None:
        self._last, self._sequences = dict(state[0]), dict(state[1])

    def allocate(self, definition: ObjectDef, count: int, others: exp.Expression | None = None) -> int:
        """Reserves `count` counters and returns the first; above every id stored, and above those of `others`."""
        name = definition.name
        last = self._last.get(name)
        if last is None and self._tables.is_new(name):
            last = 0
        if last is None:
            last = self._largest_stored(definition)
        if others is not None:
            last = max(last, self._largest(definition, others))
        self._last[name] = last + count
        return last + 1

    def next_sequence(self, name: str, count: int) -> int:
        """Reserves `count` insertion numbers and returns the one before the first."""
        last = self._sequences.get(name)
        if last is None and self._tables.is_new(name):
            last = 0
        if last is None:
            table = self._tables.table(name)
            text = self._statements.spelled(
                ("sequence", table.catalog, name), lambda: exp.select(exp.Max(this=column(SEQUENCE))).from_(table)
            )
            last = int(self._statements.rows(text)[0][0] or 0)
        self._sequences[name] = last + count
        return last

    def gsid(self, definition: ObjectDef, counter: exp.Expression) -> exp.Expression:
        """SQL for the GSID of a counter, or for a Salesforce id of 15 characters."""
        if definition.group == "SALESFORCE":
            own = exp.Literal.string(self._prefix(definition))
            return exp.DPipe(this=own, expression=_base36(counter.copy(), _SALESFORCE_DIGITS))
        prefix = exp.Literal.string(self._prefix(definition))
        if self._random:
            halves = [_base36(self._scrambled(counter, salt), _HALF) for salt in self._salts]
            return exp.DPipe(this=exp.DPipe(this=prefix, expression=halves[0]), expression=halves[1])
        return exp.DPipe(this=prefix, expression=_base36(counter.copy(), SUFFIX_LENGTH))

    def _prefix(self, definition: ObjectDef) -> str:
        """What begins the ids of new records."""
        return definition.family + (_SALESFORCE_MARK if definition.group == "SALESFORCE" else self._tenant_id)

    def _scrambled(self, counter: exp.Expression, salt: int) -> exp.Expression:
        hashed = exp.Anonymous(this="hash", expressions=[counter.copy(), exp.Literal.number(salt)])
        rest = exp.Mod(this=hashed, expression=exp.Literal.number(36**_HALF))
        return exp.Cast(this=exp.Paren(this=rest), to=exp.DataType.build("BIGINT"))

    def _largest_stored(self, definition: ObjectDef) -> int:
        table = self._tables.table(definition.name)
        key = ("largest", table.catalog, definition.name)
        text = self._statements.spelled(
            key, lambda: self._in_own_form(definition, exp.select(column(GSID)).from_(table))
        )
        return self._counter(definition, self._statements.rows(text))

    def _largest(self, definition: ObjectDef, ids: exp.Expression) -> int:
        return self._counter(definition, self._statements.rows(spell(self._in_own_form(definition, ids))))

    def _counter(self, definition: ObjectDef, rows: list[tuple[str | None]]) -> int:
        largest = rows[0][0]
        return int(largest[len(self._prefix(definition)) :], 36) if largest else 0

    def _in_own_form(self, definition: ObjectDef, ids: exp.Expression) -> exp.Expression:
        """The largest counter among GSIDs of the object's own form; padding makes it the largest text, too."""
        prefix = self._prefix(definition)
        if definition.group == "SALESFORCE":
            form = exp.Literal.string(f"{prefix}[0-9A-Z]{{{_SALESFORCE_DIGITS}}}")
            own: exp.Expression = exp.Anonymous(this="regexp_full_match", expressions=[column(GSID), form])
        else:
            own = exp.And(
                this=exp.GTE(this=column(GSID), expression=exp.Literal.string(prefix + _ZEROS)),
                expression=exp.LT(this=column(GSID), expression=exp.Literal.string(prefix + _ZEROS[:-1] + "1")),
            )
        return exp.select(exp.Max(this=column(GSID))).from_(exp.Subquery(this=ids, alias="ids")).where(own)


def _base36(number: exp.Expression, width: int) -> exp.Expression:
    digits = [number, exp.Literal.number(36), exp.Literal.number(width)]
    return exp.Anonymous(this="to_base", expressions=digits)
