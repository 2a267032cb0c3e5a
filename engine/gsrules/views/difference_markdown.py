"""A difference as Markdown for a pull request, below what GitHub takes in one comment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from gsrules.regress.difference.model import (
    DatasetDifference,
    EffectsDifference,
    RuleDifference,
    TableDifference,
)
from gsrules.views.difference_text import key_of, moved, shown, summary

LONGEST: Final = 60_000
_RESERVE: Final = 400
_TRANSITIONS: Final = 4
_SAMPLES: Final = 3


def difference_markdown(differences: Sequence[RuleDifference], rows: int = 10, longest: int = LONGEST) -> str:
    """All differences; what does not fit into `longest` characters is left out, and said."""
    kept: list[str] = []
    size = 0
    blocks = [
        f"**gsrules diff**: {summary(differences)}",
        *(block for each in differences for block in _rule(each, rows)),
    ]
    left = 0
    for block in blocks:
        if left or size + len(block) + 2 > longest - _RESERVE:
            left += 1
            continue
        kept.append(block)
        size += len(block) + 2
    if left:
        kept.append(
            f"_Cut here: {left:,} more part{'' if left == 1 else 's'} would not fit into one comment. "
            "`gsrules diff --html diff.html` or `--format json` has everything._"
        )
    return "\n\n".join(kept) + "\n"


def _rule(found: RuleDifference, rows: int) -> Iterator[str]:
    date = next((side.report.rule_date for side in (found.after, found.before) if side.report), "")
    yield (
        f"### {_plain(found.name)}\n\n{code(found.rule)} · {code(found.before.label)} → {code(found.after.label)}"
        + (f" · rule date {date}" if date else "")
    )
    for note in found.notes:
        yield f"> {_plain(note)}"
    for side in (found.before, found.after):
        if side.absent:
            yield "A new rule." if side is found.before else "The rule is gone."
        if side.problems:
            items = (f"- {code(each.code)} {_plain(each.message)}{_place(each.place)}" for each in side.problems)
            yield f"**{_plain(side.label)} cannot be run**\n\n" + "\n".join(items)
    if found.structure:
        yield "**The rule**\n\n" + "\n".join(
            f"- {_worded('' if change.subject == 'rule' else change.subject + ': ', change.text)}"
            f"{_place(change.place_after or change.place_before)}"
            for change in found.structure
        )
    yield from _effects_overview(found.effects)
    for each in found.effects:
        if each.table is not None and (each.table.changes or each.table.new or each.table.gone):
            yield _details(f"{each.action}: what differs", each.table, rows)
    yield from _datasets_overview(found.datasets)
    for dataset in found.datasets:
        if dataset.state == "differs" and dataset.table is not None:
            yield _details(f"Dataset {dataset.task}", dataset.table, rows)


def _effects_overview(effects: Sequence[EffectsDifference]) -> Iterator[str]:
    if not effects:
        return
    lines = ["| action | before | after | what turns |", "|---|---|---|---|"]
    for each in effects:
        turns = "; ".join(
            f"{turn.before or 'not matched'} → {turn.after or 'not matched'} {turn.rows:,}" for turn in each.turns
        )
        if not turns and each.table is not None and each.table.changed:
            turns = f"values of {each.table.changed:,} record{'' if each.table.changed == 1 else 's'}"
        state = {"same": "nothing", "only_after": "a new action", "only_before": "gone"}.get(each.state, turns)
        lines.append(
            f"| {code(each.action)} | {_counts(each.before)} | {_counts(each.after)} | {_plain(state or turns)} |"
        )
    yield "**What the actions do**\n\n" + "\n".join(lines)


def _datasets_overview(datasets: Sequence[DatasetDifference]) -> Iterator[str]:
    if not any(each.state != "same" for each in datasets):
        return
    lines = ["| dataset | rows before | rows after | new | gone | changed |", "|---|--:|--:|--:|--:|--:|"]
    for each in datasets:
        if each.state == "same":
            continue
        before, after = ("–" if count is None else f"{count:,}" for count in (each.rows_before, each.rows_after))
        table = each.table
        numbers = (f"{table.new:,}", f"{table.gone:,}", f"{table.changed:,}") if table else ("–", "–", "–")
        was = f" (was {code(each.renamed_from)})" if each.renamed_from else ""
        lines.append(f"| {code(each.task)}{was} | {before} | {after} | {' | '.join(numbers)} |")
    yield "**Datasets that differ**\n\n" + "\n".join(lines)


def _details(title: str, table: TableDifference, rows: int) -> str:
    """One table, folded."""
    key = ", ".join(code(name) for name in table.key.columns) or "none: rows are compared whole"
    counts = f"{table.same:,} same, {table.new:,} new, {table.gone:,} gone, {table.changed:,} changed"
    parts = [f"Key: {key}. {table.after:,} rows = {counts}."]
    shapes = [f"column {code(each.name)} added ({each.type})" for each in table.added]
    shapes += [f"column {code(each.name)} removed" for each in table.removed]
    shapes += [f"column {code(each.name)} is {each.after}, was {each.before}" for each in table.retyped]
    shapes += [f"{each.keys:,} keys occur more than once {each.side}" for each in table.duplicates]
    if shapes:
        parts.append("\n".join(f"- {shape}" for shape in shapes))
    if table.changes:
        parts.append("\n".join(_changes(table)))
    parts += [block for block in (_changed(table, rows), _one_sided(table, rows)) if block]
    body = "\n\n".join(parts)
    return f"<details><summary>{_html(title)}</summary>\n\n{body}\n\n</details>"


def _changes(table: TableDifference) -> Iterator[str]:
    yield "| column | changed | transitions |"
    yield "|---|--:|---|"
    for each in table.changes:
        if each.movement is not None and each.different > _TRANSITIONS:
            words = moved(each.movement)
        else:
            some = each.transitions[:_TRANSITIONS]
            words = "; ".join(f"{code(turn.before)} → {code(turn.after)} {turn.rows:,}" for turn in some)
            more = each.different - len(some)
            words += f"; {more:,} more" if more > 0 else ""
        yield f"| {code(each.column)} | {each.changed:,} | {words} |"


def _changed(table: TableDifference, rows: int) -> str:
    lines = []
    for row in table.changed_rows[:rows]:
        cells = ", ".join(f"{code(each.column)} {code(each.before)} → {code(each.after)}" for each in row.cells)
        lines.append(f"- {code(key_of(row.key))}: {cells}")
    left = table.changed - len(lines)
    return "\n".join([*lines, f"- … {left:,} more changed"] if lines and left > 0 else lines)


def _one_sided(table: TableDifference, rows: int) -> str:
    lines = []
    for word, sides, total in (("new", table.new_rows, table.new), ("gone", table.gone_rows, table.gone)):
        some = sides[:rows]
        for row in some:
            what = (
                code(key_of(row.key))
                if row.key
                else ", ".join(f"{code(name)} {code(value)}" for name, value in row.values.items())
            )
            lines.append(f"- {word}: {what}{f' × {row.rows:,}' if row.rows > 1 else ''}")
        left = total - sum(row.rows for row in some)
        if some and left > 0:
            lines.append(f"- … {left:,} more {word}")
    return "\n".join(lines)


def code(value: Any) -> str:
    """A value as a code span: nothing in it is markup, a mention or a reference; safe inside tables."""
    text = (shown(value) if not isinstance(value, str) or value == "" else _short(value)).replace("|", "\\|")
    if "`" not in text:
        return f"`{text}`"
    return f"`` {text} ``" if "``" not in text else f"``` {text} ```"


def _short(text: str) -> str:
    return shown(text)


def _worded(head: str, text: str) -> str:
    """Words in which values already stand in backticks."""
    return (head + text).replace("|", "\\|").replace("\n", "⏎").replace("<", "&lt;")


def _plain(text: str) -> str:
    """A text in which nothing is markup."""
    escaped = "".join(f"\\{letter}" if letter in "\\`*_{}[]()#+!|~<>@" else letter for letter in text)
    return escaped.replace("\r", "").replace("\n", " ")


def _html(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\n", " ")


def _place(place: Any) -> str:
    return f" ({code(f'{place.file}:{place.line}')})" if place else ""


def _counts(counts: Any) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in (counts or {}).items()) or "–"
