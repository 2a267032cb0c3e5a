"""The answer of `gsrules why` in plain words: a story for one record, a table for many."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from gsrules.regress.why.model import ActionStep, Check, Effect, End, Near, Record, Step, Value, Why
from gsrules.views.paint import Painter, one_line

_SHOWN_CHANGES: Final = 12
_TITLE: Final = 60


def show(why: Why, format: str) -> None:
    """Prints the answer as text, or as JSON."""
    if format == "json":
        print(json.dumps(why.as_json(), indent=2, ensure_ascii=False))
        return
    for line in lines(why, Painter.of(sys.stdout)):
        print(line)


def lines(why: Why, painter: Painter) -> Iterator[str]:
    """The answer line by line."""
    yield f"{painter.paint(why.name, 'bold')}  {painter.paint(f'{why.rule}  rule date {why.rule_date}', 'dim')}"
    yield ""
    if not why.total:
        yield from _nothing(why)
    elif why.total == 1:
        yield from _story(why.records[0], painter)
    else:
        yield from _many(why, painter)
    if why.made_of:
        yield ""
        yield "What was asked about is made of:"
        yield from (f"  {_rows(each.found)} of the {each.rows:,} in {each.place}" for each in why.made_of)


def ends_text(ends: Sequence[End]) -> str:
    """Where a record ended; places where the same happened together."""
    alike: dict[tuple[object, ...], list[End]] = {}
    for end in ends:
        alike.setdefault((end.kind, end.outcome, end.code, end.reasons, end.unknown, end.partner), []).append(end)
    said = []
    for found in alike.values():
        names = list(dict.fromkeys(end.place for end in found))
        joined = f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]
        words = end_text(replace(found[0], place=joined))
        said.append(words if len(names) == 1 else words.replace("the action ", "the actions ", 1))
    return "; ".join(said) or "nothing in the rule goes on with it"


def end_text(end: End) -> str:
    """Where rows ended, in a few words."""
    reasons = " and ".join(f"{each} (unknown: no value)" if each in end.unknown else each for each in end.reasons)
    match end.kind:
        case "filter":
            return f"dropped by the filter of {end.place}, which wants {reasons}"
        case "criteria":
            return f"not matched by the action {end.place}, which wants {reasons}"
        case "customers":
            return f"dropped by {end.place}: its account is no company"
        case "merge":
            return f"lost at the merge {end.place}: {end.partner} has no row with its key"
        case "dataset":
            return f"in the dataset {end.place}, which nothing uses"
    code = f", {end.code}" if end.code else ""
    return f"{end.outcome} by the action {end.place}{code}"


# many records


def _many(why: Why, painter: Painter) -> Iterator[str]:
    found = " and ".join(f"{each.found:,} in {each.place}" for each in why.searched if each.found)
    yield f"{why.total:,} records have {why.condition}: {found}."
    yield ""
    rows = [(f"{group.records:,}", ends_text(group.ends)) for group in why.groups]
    yield from painter.columns(("records", "where they ended"), rows, frozenset({0}))
    yield ""
    told = [(_cut(each.title), ends_text(each.final)) for each in why.records]
    yield from painter.columns(("record", "where it ended"), told, frozenset())
    if why.total > len(why.records):
        yield painter.paint(f"  and {why.total - len(why.records):,} more: --limit {why.total} lists them all", "dim")
    yield ""
    yield "Ask about one of them to hear its whole story."


def _cut(title: str) -> str:
    title = one_line(title)
    return title if len(title) <= _TITLE else f"{title[: _TITLE - 1]}…"


def _nothing(why: Why) -> Iterator[str]:
    yield f"No record has {why.condition}."
    for each in why.searched:
        yield f"Looked through {each.place}: {_rows(each.rows)}.{_near_text(each.near)}"


def _near_text(near: Sequence[Near]) -> str:
    if not near:
        return ""
    return " Nearest: " + "; ".join(f"{each.text}, which is {_difference(each.how)}" for each in near) + "."


def _difference(how: str) -> str:
    return how if how.startswith("almost") else f"the same but {how.removeprefix('differs ').removesuffix(' only')}"


# one record


def _story(record: Record, painter: Painter) -> Iterator[str]:
    yield f"{painter.paint(one_line(record.title), 'bold')}  {painter.paint(f'{record.source}, {record.id}', 'dim')}"
    yield f"In short: {ends_text(record.final)}{_values_that_decided(record)}."
    yield ""
    told = [*map(_step_lines, record.steps), *map(_action_lines, record.actions)]
    for number, texts in enumerate(told, start=1):
        yield from _numbered(number, texts)


def _values_that_decided(record: Record) -> str:
    """The values for which a record was kept out in the end, and what an action says that did not act."""
    out = {end.place for end in record.final if end.kind in ("filter", "criteria")}
    found = [step.checks for step in record.steps if step.kind == "filter" and step.task in out]
    found += [action.checks for action in record.actions if action.action in out]
    kept_out = [check for checks in found for check in checks if check.decided and not check.fits]
    values = [f"{_bare(value.name)} is {value.text}" for check in kept_out for value in check.values]
    values += [effect.message for action in record.actions for effect in action.effects if effect.code]
    return f"; {', '.join(dict.fromkeys(values))}" if values else ""


def _numbered(number: int, texts: Iterator[str]) -> Iterator[str]:
    head = f"{number:>2}. "
    for at, text in enumerate(texts):
        yield (head if at == 0 else " " * len(head)) + text


def _step_lines(step: Step) -> Iterator[str]:
    match step.kind:
        case "source":
            many = f" {step.rows_out} times" if step.rows_out > 1 else ""
            yield f"{step.task} reads it from {step.text}{many}."
        case "filter":
            yield from _filter_lines(step)
        case "customers":
            word = "drops it: no company has" if step.lost else "keeps it: a company has"
            yield f"{step.task} takes customers only and {word} {_pairs(step.keys)}."
        case "lookup":
            yield from _lookup_lines(step)
        case "columns":
            yield f"{step.task} computes:"
            yield from (f"  {value.name} is {value.text}{_note(value)}" for value in step.values)
        case "group" | "pivot":
            yield from _group_lines(step)
        case "merge":
            yield from _merge_lines(step)
        case "union":
            yield f"{step.task} takes {_its(step.rows_in)} from {step.text}."
        case "distinct":
            yield f"{step.task} keeps equal rows once: {step.rows_out} of {step.rows_in}."


def _filter_lines(step: Step) -> Iterator[str]:
    if not step.lost:
        said = f"{step.task} keeps it" if step.rows_in == 1 else f"{step.task} keeps all {step.rows_in} rows of it"
    elif step.lost == step.rows_in:
        said = f"{step.task} drops it" if step.rows_in == 1 else f"{step.task} drops all {step.rows_in} rows of it"
    else:
        said = f"{step.task} keeps {step.rows_in - step.lost} of its {step.rows_in} rows; one that it drops"
    yield from _checked(said, step.checks)


def _checked(said: str, checks: Sequence[Check]) -> Iterator[str]:
    if len(checks) == 1:
        yield f"{said}: {_check_text(checks[0])}."
        return
    yield f"{said}:" if checks else f"{said}."
    for check in checks:
        mark = "  <- this decided" if check.decided and not check.fits else ""
        yield f"  {_check_text(check)}{mark}"


def _check_text(check: Check) -> str:
    values = " and ".join(f"{_bare(value.name)} is {value.text}" for value in check.values) or check.text
    if check.result == "unknown":
        return f"{values}, so whether it is {check.wanted} is unknown, and unknown does not pass"
    verdict = "as wanted" if check.fits else "which it is not"
    return f"{values}; wanted: {check.wanted}, {verdict}"


def _lookup_lines(step: Step) -> Iterator[str]:
    if not step.lost:
        yield f"{step.task} looks up {step.text} by {_pairs(step.keys)}: {_pairs(step.values) or 'found'}."
        return
    near = _near_text(step.near)
    empty = any(value.text == "empty" for value in step.keys)
    reason = "there is nothing to look up" if empty else f"no {step.text} record has that id"
    yield f"{step.task} looks up {step.text} by {_with_ids(step.keys)}: {reason}, so its fields are empty.{near}"


def _group_lines(step: Step) -> Iterator[str]:
    key = f" for {_pairs(step.keys)}" if step.keys else ""
    yield f"{step.task} puts {_its(step.rows_in)} into the group{key}, which has {_rows(step.members)}."
    for value in step.values:
        yield f"  {value.name} is {value.text}{_note(value)}"
    if step.members > 1 and step.sample:
        shown = "; ".join(step.sample)
        more = f"; and {step.members - len(step.sample)} more" if step.members > len(step.sample) else ""
        yield f"  rows of the group: {shown}{more}"


def _merge_lines(step: Step) -> Iterator[str]:
    said = f"{step.task} merges it with {step.other} where {step.text}"
    if not step.members:
        found = next((value.text for value in step.values if value.name == "rows found"), "1")
        brought = [value for value in step.values if value.name != "rows found"]
        rows = "1 row" if found == "1" else f"{found} rows"
        yield f"{said}: {rows} found for {_pairs(step.keys)}."
        if brought:
            yield f"  {step.other} says: {_pairs(brought)}"
        return
    kept = "and loses it" if step.lost else "and keeps it without a partner"
    if 0 < step.members < step.rows_in:
        kept = f"and finds nothing for {step.members} of its {step.rows_in} rows"
    if any(value.text == "empty" for value in step.keys):
        yield f"{said} {kept}: {_pairs(step.keys)}, and an empty key matches nothing."
        return
    yield f"{said} {kept}: {step.other} has no row for {_with_ids(step.keys)}.{_near_text(step.near)}"
    if step.elsewhere:
        yield f"  {step.elsewhere[:1].upper()}{step.elsewhere[1:]}."


def _action_lines(step: ActionStep) -> Iterator[str]:
    name = f"The action {step.action} ({step.kind.replace('_', ' ')})"
    if not step.matched:
        said = f"{name} does not match it" if step.rows == 1 else f"{name} matches none of its {step.rows} rows; one"
        yield from _checked(said, step.checks)
        return
    matches = f"{name} matches it" if step.rows == 1 else f"{name} matches {step.matched} of its {step.rows} rows"
    if step.checks:
        yield from _checked(matches, step.checks)
    else:
        yield f"{name} takes every row." if step.rows == 1 else f"{name} takes all {step.rows} rows of it."
    for effect in step.effects:
        yield from (f"  {line}" for line in _effect_lines(effect))
    if step.matched > len(step.effects):
        yield f"  and {step.matched - len(step.effects)} more rows"


def _effect_lines(effect: Effect) -> Iterator[str]:
    record = effect.record or effect.key
    said = f"{effect.outcome}: {effect.object}{f' {record!r}' if record else ''}"
    reason = f", because {effect.message} ({effect.code})" if effect.code else ""
    yield f"{said}{reason}"
    if effect.because:
        yield f"  because {effect.because}"
    turned = [change for change in effect.changes if change.before != change.after]
    for change in turned[:_SHOWN_CHANGES]:
        arrow = f"{change.before} -> {change.after}" if change.before else change.after
        if change.before or change.after != "empty":
            yield f"  {change.field}: {arrow}"
    if effect.warnings:
        yield f"  warned: {', '.join(effect.warnings)}"


def _pairs(values: Sequence[Value]) -> str:
    return ", ".join(f"{_bare(value.name)} {value.text}" for value in values)


def _with_ids(values: Sequence[Value]) -> str:
    return ", ".join(f"{_bare(v.name)} {v.text}{f' ({v.id})' if v.id else ''}" for v in values)


def _note(value: Value) -> str:
    return f", {value.note}" if value.note.startswith("because") else f" ({value.note})" if value.note else ""


def _bare(name: str) -> str:
    """A column's name without the brackets that expressions need."""
    return name[1:-1] if name.startswith("[") and name.endswith("]") and "[" not in name[1:] else name


def _rows(number: int) -> str:
    return "1 row" if number == 1 else f"{number:,} rows"


def _its(number: int) -> str:
    return "its row" if number == 1 else f"its {number} rows"
