"""A difference on the terminal: words first, then transitions, then rows; capped, and saying how to see all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from gsrules.regress.difference.model import (
    ChangedRow,
    ColumnDifference,
    DatasetDifference,
    DiffSide,
    Duplicates,
    EffectsDifference,
    Movement,
    OneSidedRow,
    OutcomeTurn,
    RuleDifference,
    StructureChange,
    TableDifference,
)
from gsrules.views.paint import Painter, one_line, width
from gsrules.views.problems import as_text
from gsrules.views.table import cell

_TALL_ABOVE: Final = 6
_TRANSITIONS: Final = 4
_SAMPLES: Final = 2
_LONGEST: Final = 60
_SIGNS: Final = {"added": "+", "removed": "-", "renamed": "~", "moved": "~", "changed": "~"}
_STYLES: Final = {"+": "green", "-": "red", "~": "yellow"}


def difference_text(differences: Sequence[RuleDifference], painter: Painter, rows: int = 10) -> str:
    """All differences as text; at most `rows` rows of each kind are shown of each table."""
    view = _View(painter, rows)
    blocks = ["\n".join(view.rule(each)) for each in differences]
    blocks.append(summary(differences, view.hidden))
    return "\n\n".join(blocks) + "\n"


def summary(differences: Sequence[RuleDifference], hidden: int = 0) -> str:
    """The last line: how many rules differ, and how to see the rows that were left out."""
    if not differences:
        return "no rule has changed"
    text_only = sum(bool(each) and not each.differs_in_effect for each in differences)
    effects = sum(each.differs_in_effect for each in differences)
    total = f"{len(differences)} rule{'' if len(differences) == 1 else 's'} compared"
    parts = [f"{effects} of them {'does' if effects == 1 else 'do'} something else with this data" if effects else ""]
    parts.append(f"{text_only} changed without an effect on this data" if text_only else "")
    broken = sum(not each and each.after.failed for each in differences)
    same = len(differences) - effects - text_only - broken
    parts.append(f"{same} the same" if same else "")
    parts.append(f"{broken} cannot be run on either side" if broken else "")
    more = f"\n{hidden:,} more rows; --rows N shows more of them, --format json has them as data" if hidden else ""
    return f"{total}: {', '.join(part for part in parts if part)}{more}"


class _View:
    """Puts differences into lines and counts the rows that it leaves out."""

    def __init__(self, painter: Painter, rows: int) -> None:
        self._painter = painter
        self._paint = painter.paint
        self._rows = rows
        self.hidden = 0

    def rule(self, found: RuleDifference) -> Iterator[str]:
        """One rule: its head, its text, its datasets, its effects."""
        date = next((side.report.rule_date for side in (found.after, found.before) if side.report), "")
        yield (
            f"{self._paint(found.rule, 'bold')}  {found.name}  "
            + self._paint(f"{found.before.label} → {found.after.label}{f'  rule date {date}' if date else ''}", "dim")
        )
        for note in found.notes:
            yield f"  {self._paint('note', 'cyan')}  {note}"
        for side in (found.before, found.after):
            yield from self._side(side, found)
        if found.structure:
            yield "  the rule"
            for change in found.structure:
                yield from self._change(change)
        elif not any(side.absent or side.failed for side in (found.before, found.after)):
            yield self._paint("  the rule says the same", "dim")
        yield from self._datasets(found.datasets)
        for effects in found.effects:
            yield from self._effects(effects)

    def _side(self, side: DiffSide, found: RuleDifference) -> Iterator[str]:
        if side.absent:
            if side is found.before:
                yield f"  {self._paint('a new rule', 'yellow')}: {side.label} does not have it"
            else:
                yield f"  {self._paint('the rule is gone', 'yellow')}: only {found.before.label} has it"
            if side is found.before and found.after.report:
                for action in found.after.report.actions:
                    yield f"    {action.id}: {_counts(action.counts.of_outcomes())}"
        for line in as_text(side.problems, colour=self._painter.colour).splitlines():
            yield f"  {side.label}: {line}" if line[:1].strip() else f"    {line}"

    def _change(self, change: StructureChange) -> Iterator[str]:
        sign = _SIGNS[change.kind]
        place = change.place_after or change.place_before
        where = f"  {place.file}:{place.line}" if place else ""
        head = "" if change.subject == "rule" else f"{change.subject}: "
        yield f"    {self._signed(sign)} {one_line(head + change.text)}{self._paint(where, 'dim')}"

    def _datasets(self, datasets: Sequence[DatasetDifference]) -> Iterator[str]:
        same = [each for each in datasets if each.state == "same"]
        if same:
            names = ", ".join(each.task for each in same)
            yield self._paint(f"  datasets that are the same ({len(same)} of {len(datasets)}): {names}", "dim")
        for each in datasets:
            if each.state == "only_after":
                yield f"  {self._signed('+')} {self._paint(each.task, 'bold')}  a new dataset, {_rows(each.rows_after)}"
            elif each.state == "only_before":
                had = f"is gone; it had {_rows(each.rows_before)}"
                yield f"  {self._signed('-')} {self._paint(each.task, 'bold')}  {had}"
            elif each.state == "differs" and each.table is None:
                rows = f"{each.rows_before:,} → {each.rows_after:,}"
                yield f"  {self._paint(each.task, 'bold')}  {self._paint('DIFFERS', 'yellow')}   rows {rows}"
            elif each.state == "differs" and each.table is not None:
                was = f" (was {each.renamed_from})" if each.renamed_from else ""
                yield from self._dataset(each, f"{each.task}{was}", each.table, datasets)

    def _effects(self, each: EffectsDifference) -> Iterator[str]:
        about = f"{each.kind}{f' → {each.object}' if each.object else ''}"
        title = f"{self._paint(each.action, 'bold')}  {self._paint(about, 'dim')}"
        was = f"  (was {each.renamed_from})" if each.renamed_from else ""
        if each.state == "same":
            yield f"  {title}{was}  {self._paint('does the same', 'dim')}"
            return
        if each.state in ("only_after", "only_before"):
            gone = each.state == "only_before"
            words = "is gone; it did" if gone else "a new action"
            counts = _counts((each.before if gone else each.after) or {})
            yield f"  {self._signed('-' if gone else '+')} {title}  {words}: {counts or 'nothing'}"
            return
        yield f"  {title}{was}  {self._paint('DIFFERS', 'yellow')}   {_both(each.before or {}, each.after or {})}"
        for turn in each.turns:
            yield f"    {self._turn(turn)}"
        if each.table is not None:
            yield from self._body(each.table, skip=("outcome",))

    def _turn(self, turn: OutcomeTurn) -> str:
        listed = self._rows > 0 and None in (turn.before, turn.after)  # the rows below have the keys
        keys = "" if listed else _keys(turn.samples, turn.rows)
        if turn.before is None:
            sign, words = (
                "+",
                f"{turn.rows:,} more {turn.after}" + ("" if turn.after != "unchanged" else " (matched now)"),
            )
        elif turn.after is None:
            sign, words = "-", f"{turn.rows:,} no longer {turn.before}"
        else:
            sign, words = "~", f"{turn.before} → {turn.after} {turn.rows:,}"
        return f"{self._signed(sign)} {words}{f' ({keys})' if keys else ''}"

    def _dataset(
        self, each: DatasetDifference, title: str, table: TableDifference, datasets: Sequence[DatasetDifference]
    ) -> Iterator[str]:
        """A dataset with all that differs, but for what one that it reads has shown already."""
        key = ", ".join(table.key.columns) or "none, rows are compared whole"
        rows = table.same + table.new + table.gone + table.changed
        yield (
            f"  {self._paint(title, 'bold')}  {self._paint('DIFFERS', 'yellow')}   key: {key}     "
            f"rows {rows:,} = {table.same:,} same  +{table.new:,} new  -{table.gone:,} gone  ~{table.changed:,} changed"
        )
        if each.follows and not each.changed_here:
            yield self._paint(f"    follows from {', '.join(each.follows)}", "dim")
        read = [other for other in datasets if other.task in each.follows and other.table is not None]
        known = {change: other.task for other in read if other.table for change in other.table.changes}
        again = [change for change in table.changes if change in known]
        if again:
            parts = (f"{change.column} as in {known[change]}" for change in again)
            yield self._paint(f"    {', '.join(parts)}", "dim")
        counts = (table.new, table.gone, table.changed)
        alike = next((o.task for o in read if o.table and (o.table.new, o.table.gone, o.table.changed) == counts), "")
        if len(again) == len(table.changes) and alike and not (table.added or table.removed or table.retyped):
            yield self._paint(f"    the same rows as in {alike}", "dim")
            return
        yield from self._body(table, skip=[change.column for change in again])

    def _body(self, table: TableDifference, skip: Sequence[str] = ()) -> Iterator[str]:
        for column in table.added:
            yield f"    {self._signed('+')} column {column.name} ({column.type})"
        for column in table.removed:
            yield f"    {self._signed('-')} column {column.name} ({column.type})"
        for retyped in table.retyped:
            yield f"    {self._signed('~')} column {retyped.name} is {retyped.after}, was {retyped.before}"
        for twins in table.duplicates:
            yield f"    {self._paint('!', 'red')} {_twins(twins)}"
        changes = [each for each in table.changes if each.column not in skip]
        if changes:
            cells = [(each.column, f"{each.changed:,}", _transitions(each)) for each in changes]
            header = ("column", "changed", "transitions (count, sample keys)")
            for line in self._painter.columns(header, cells, frozenset({1})):
                yield f"  {line}"
        yield from self._sample_rows(table, skip)

    def _sample_rows(self, table: TableDifference, skip: Sequence[str]) -> Iterator[str]:
        lines: list[str] = []
        telling = [row for row in table.changed_rows if any(each.column not in skip for each in row.cells)]
        for row in telling[: self._rows]:
            lines += self._changed(row, skip)
        lines += [self._one_sided("+", "new", row) for row in table.new_rows[: self._rows]]
        lines += [self._one_sided("-", "gone", row) for row in table.gone_rows[: self._rows]]
        sides = (table.new_rows[: self._rows], table.gone_rows[: self._rows])
        left = table.new + table.gone - sum(row.rows for rows in sides for row in rows)
        # of rows that changed in other columns, too, only those count that the columns shown here tell of
        changed = (
            table.changed if not skip else max((e.changed for e in table.changes if e.column not in skip), default=0)
        )
        left += max(0, changed - len(telling[: self._rows]))
        if left > 0:
            self.hidden += left
            lines.append(self._paint(f"… {left:,} more rows", "dim"))
        for i, line in enumerate(lines):
            yield f"    {'rows' if i == 0 else '    '}  {line}"

    def _changed(self, row: ChangedRow, skip: Sequence[str]) -> list[str]:
        texts = [f"{each.column}  {turned(each.before, each.after)}" for each in row.cells if each.column not in skip]
        why = f"   why: {row.why}" if row.why else ""
        head = f"{self._signed('~')} {key_of(row.key)}"
        if len(texts) > _TALL_ABOVE:
            return [head + why, *(f"      {text}" for text in texts)]
        return [f"{head}  {'   '.join(texts)}{why}"]

    def _one_sided(self, sign: str, word: str, row: OneSidedRow) -> str:
        words = f"{word}: {row.why}" if row.why else word
        times = f" × {row.rows:,}" if row.rows > 1 else ""
        if row.key:
            outcome = row.values.get("outcome") if "code" in row.values else None
            words = f"{outcome}" if outcome and sign == "+" else f"no longer {outcome}" if outcome else words
            return f"{self._signed(sign)} {key_of(row.key)}  ({words}){times}"
        values = "  ".join(f"{name}: {shown(value)}" for name, value in row.values.items())
        return f"{self._signed(sign)} {values}  ({words}){times}"

    def _signed(self, sign: str) -> str:
        return self._paint(sign, _STYLES[sign])


def _transitions(each: ColumnDifference) -> str:
    """How a column changed, on one line: the most frequent transitions, or, for many of numbers, how they moved."""
    if each.movement is not None and each.different > _TRANSITIONS:
        return moved(each.movement)
    parts = []
    all_alone = each.different > _TRANSITIONS and each.transitions[0].rows == 1
    for turn in each.transitions[: 1 if all_alone else _TRANSITIONS]:
        keys = _keys(turn.samples, turn.rows)
        parts.append(f"{turned(turn.before, turn.after)} {turn.rows:,}{f' ({keys})' if keys else ''}")
    more = each.different - len(parts)
    return "   ".join([*parts, f"… {more:,} more" if more > 0 else ""]).rstrip()


def moved(movement: Movement) -> str:
    """How numbers moved: `up 30, down 2, by -2.5 to 10`."""
    parts = [f"{word} {count:,}" for word, count in (("up", movement.up), ("down", movement.down)) if count]
    if movement.least is not None and movement.greatest is not None:
        steps = [cell(step) for step in (movement.least, movement.greatest)]
        parts.append(f"by {steps[0]}" if steps[0] == steps[1] else f"by {steps[0]} to {steps[1]}")
    parts += [
        f"{word} {count:,}" for word, count in (("from ∅", movement.from_null), ("to ∅", movement.to_null)) if count
    ]
    return ", ".join(parts)


def turned(before: Any, after: Any) -> str:
    """`before → after`; every space shows where they differ in spaces alone."""
    pair = [shown(before), shown(after)]
    if isinstance(before, str) and isinstance(after, str) and before.split() == after.split():
        pair = [text.replace(" ", "·") for text in pair]
    return " → ".join(pair)


def shown(value: Any) -> str:
    """A value for people: null as ∅, an empty text as '', spaces at the ends as dots, on one line and not too long."""
    if value == "":
        return "''"
    text = one_line(cell(value))
    bare = text.strip(" ")
    start = len(text) - len(text.lstrip(" "))
    text = "·" * start + bare + "·" * (len(text) - start - len(bare))
    return text if width(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def key_of(parts: Sequence[Any]) -> str:
    """The key of a row."""
    return ", ".join(shown(part) for part in parts)


def _keys(samples: Sequence[str], rows: int) -> str:
    if not samples:
        return ""
    some = ", ".join(shown(sample) for sample in samples[:_SAMPLES])
    return f"{some}…" if rows > _SAMPLES else some


def _twins(twins: Duplicates) -> str:
    keys = "1 key occurs" if twins.keys == 1 else f"{twins.keys:,} keys occur"
    return f"{keys} more than once {twins.side}, in {twins.rows:,} rows ({_keys(twins.samples, twins.keys)})"


def _rows(count: int | None) -> str:
    return "rows unknown" if count is None else f"{count:,} row{'' if count == 1 else 's'}"


def _counts(counts: Any) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)


def _both(before: Any, after: Any) -> str:
    names = [*before, *(name for name in after if name not in before)]
    parts = []
    for name in names:
        old, new = before.get(name, 0), after.get(name, 0)
        parts.append(f"{name} {old:,}" if old == new else f"{name} {old:,} → {new:,}")
    return ", ".join(parts)
