"""The page of one run, or of several in a row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import duckdb

from gsrules.actions.changes.messages import ROWS, WARNINGS
from gsrules.catalogue import Catalogue
from gsrules.errors import Place, Problem
from gsrules.run.graph import rule_graph, task_key
from gsrules.run.kept import FirstRows, KeptRun, first_effects, first_rows
from gsrules.run.record_names import gsids_in, record_names
from gsrules.run.report import ActionReport, RunReport, TaskReport
from gsrules.run.workspace import Workspace
from gsrules.spec import ActionSpec, RuleSpec
from gsrules.tenant.changes import OUTCOMES
from gsrules.views.pages.cells import plain, texts_of
from gsrules.views.pages.drawing import Badge, Drawings, draw
from gsrules.views.pages.rendering import render


@dataclass(frozen=True, slots=True)
class Caps:
    """The most rows that a page carries of each dataset and of each action."""

    dataset: int = 200
    effects: int = 500


ONE_RUN: Final = Caps()
SEVERAL_RUNS: Final = Caps(dataset=50, effects=100)


@dataclass(frozen=True, slots=True)
class Change:
    """One field of an effect; `has_before` tells a change from a value of a new record."""

    label: str
    name: str
    before: Any
    after: Any
    has_before: bool


@dataclass(frozen=True, slots=True)
class Effect:
    """One matched row, ready to be shown. `same` counts the fields that were compared and did not change."""

    row: int
    outcome: str
    code: str
    message: str
    key: str
    gsid: str
    warnings: tuple[str, ...]
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Rows with one code: failed, skipped or warned."""

    kind: str
    code: str
    rows: int
    example: str
    meaning: str


@dataclass(frozen=True, slots=True)
class ActionPart:
    """An action on the page; `effects` are some of `total` rows."""

    report: ActionReport
    spec: ActionSpec | None
    criteria: tuple[tuple[str, str], ...]
    logic: str
    bars: tuple[tuple[str, int, float, float], ...]
    groups: tuple[Group, ...]
    object: str
    effects: tuple[Effect, ...]
    total: int
    file: str

    @property
    def codes(self) -> list[str]:
        """The codes that occur among the effects, for the filter."""
        return sorted({effect.code for effect in self.effects if effect.code})

    @property
    def outcomes(self) -> list[str]:
        """The outcomes that occur among the effects, for the filter."""
        found = {effect.outcome for effect in self.effects}
        return [name for name in OUTCOMES if name in found]


@dataclass(frozen=True, slots=True)
class DatasetPart:
    """A dataset on the page; `rows` is None where it was not kept."""

    report: TaskReport
    rows: FirstRows | None
    file: str


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter and the value that it had; `given` when not by the rule itself."""

    name: str
    value: str
    given: bool


@dataclass(frozen=True, slots=True)
class RunPart:
    """A run on the page."""

    report: RunReport
    params: tuple[Parameter, ...]
    counts: Mapping[str, int]
    drawings: Drawings | None
    actions: tuple[ActionPart, ...]
    datasets: tuple[DatasetPart, ...]
    text: str
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


def run_page(
    workspace: Workspace,
    runs: Sequence[KeptRun],
    badges: Mapping[str, Badge] | None = None,
    store: Path | None = None,
) -> str:
    """One self-contained page of the kept runs.

    `badges`, by key of a node, stand on the graph. `store` is the tenant that knows the names of records; by default
    the project's.
    """
    caps = ONE_RUN if len(runs) == 1 else SEVERAL_RUNS
    with duckdb.connect() as connection:
        parts = [_part(workspace.catalogue, connection, run, caps, badges or {}) for run in runs]
    names = record_names(workspace, gsids_in(_texts(parts)), store)
    drawings = [part.drawings for part in parts]
    title = parts[0].report.name if len(parts) == 1 else f"{len(parts)} rules, one after the other"
    return render("run.html.j2", names, runs=parts, drawings=drawings, title=title)


def _part(
    catalogue: Catalogue,
    connection: duckdb.DuckDBPyConnection,
    run: KeptRun,
    caps: Caps,
    badges: Mapping[str, Badge],
) -> RunPart:
    report, rule = run.report, run.rule
    return RunPart(
        report=report,
        params=tuple(_params(rule, report)),
        counts={
            name: sum(getattr(action.counts, name) for action in report.actions) for name in ("matched", *OUTCOMES)
        },
        drawings=draw(rule_graph(rule, report), {**badges, **_failed_tasks(rule, report)}) if rule else None,
        actions=tuple(
            _action(catalogue, connection, run, position, action, caps.effects)
            for position, action in enumerate(report.actions, start=1)
        ),
        datasets=tuple(_dataset(connection, run, task, caps.dataset) for task in report.tasks),
        text=run.text,
        problems=tuple(_with_line(problem, run) for problem in report.problems),
        warnings=tuple(_with_line(problem, run) for problem in report.warnings),
    )


def _failed_tasks(rule: RuleSpec, report: RunReport) -> dict[str, Badge]:
    """Marks for the tasks that the problems of a failed run name."""
    named = {
        str(name): problem.message
        for problem in report.problems
        for name in rule.tasks
        if problem.where.startswith(f"task '{name}'")
    }
    return {task_key(name): Badge("failed", "bad", message) for name, message in named.items()}


def _params(rule: RuleSpec | None, report: RunReport) -> Iterable[Parameter]:
    given = {name.lower(): value for name, value in report.params.items()}
    for name, value in (rule.params if rule else {}).items():
        own = plain(value)
        yield Parameter(str(name), given.get(name.lower(), own), name.lower() in given)


def _dataset(connection: duckdb.DuckDBPyConnection, run: KeptRun, task: TaskReport, cap: int) -> DatasetPart:
    path = run.dataset_file(task.task)
    return DatasetPart(task, first_rows(connection, path, cap), _shown(run, "datasets", path.name))


def _shown(run: KeptRun, part: str, file: str) -> str:
    """A kept file as people find it: from the project's root."""
    return f"{run.report.artifacts or run.folder}/{part}/{file}"


def _action(
    catalogue: Catalogue,
    connection: duckdb.DuckDBPyConnection,
    run: KeptRun,
    position: int,
    report: ActionReport,
    cap: int,
) -> ActionPart:
    path = run.effects_file(position, report.id)
    found = first_effects(connection, path, cap)
    spec = _spec(run.rule, report.id)
    when = spec.when if spec else None
    rows = [dict(zip((name for name, _ in found.columns), row, strict=True)) for row in found.rows] if found else []
    objects = [str(row["object"]) for row in rows if row["object"]]
    return ActionPart(
        report=report,
        spec=spec,
        criteria=tuple((str(letter), str(text)) for letter, text in when.written.items()) if when else (),
        logic=str(when.logic) if when and when.logic else "",
        bars=_bars(report),
        groups=tuple(_groups(report)),
        object=objects[0] if objects else "",
        effects=tuple(_effect(catalogue, row) for row in rows),
        total=found.total if found else 0,
        file=_shown(run, "effects", path.name),
    )


def _spec(rule: RuleSpec | None, action_id: str) -> ActionSpec | None:
    return next((action for action in rule.actions if str(action.id) == action_id), None) if rule else None


def _bars(report: ActionReport) -> tuple[tuple[str, int, float, float], ...]:
    """The outcomes as parts of a bar of 100: name, rows, where it begins, how long it is."""
    matched, at, bars = report.counts.matched, 0.0, []
    for name in OUTCOMES:
        count = getattr(report.counts, name)
        if count:
            length = 100 * count / matched if matched else 0.0
            bars.append((name, count, at, length))
            at += length
    return tuple(bars)


def _groups(report: ActionReport) -> Iterable[Group]:
    skipped = {group.code for group in report.skips}
    for kind, groups in (("failed", report.errors), ("skipped", report.skips), ("warning", report.warnings)):
        for group in groups:
            if kind == "warning" and group.code in skipped:
                continue
            meaning = (WARNINGS if kind == "warning" else ROWS).get(group.code, "")
            yield Group(kind, group.code, group.rows, group.example, _general(meaning))


def _general(words: str) -> str:
    """The words of a code without the parts that only a row can fill in."""
    for part, general in (
        (": {shown}", ""), (": {field}", ""), (" {key}", ""), ("'{shown}'", "the value"), ("{field}", "the field")
    ):  # fmt: skip
        words = words.replace(part, general)
    return words[:1].upper() + words[1:]


def _effect(catalogue: Catalogue, row: Mapping[str, Any]) -> Effect:
    return Effect(
        row=row["row"],
        outcome=row["outcome"],
        code=row["code"] or "",
        message=row["message"] or "",
        key=row["key"] or "",
        gsid=row["gsid"] or "",
        warnings=tuple(row["warnings"] or ()),
        changes=tuple(_changes(catalogue, str(row["object"] or ""), row["before"], row["after"])),
    )


def _changes(
    catalogue: Catalogue, object_name: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> Iterable[Change]:
    """The fields that turned; of a new record those that have a value."""
    definition = catalogue.object(object_name) if object_name else None
    for name, value in (after or {}).items():
        old = before.get(name) if before else None
        if value == old:
            continue
        field = definition.field(name) if definition else None
        yield Change(field.label if field else name, name, old, value, before is not None)


def _with_line(problem: Problem, run: KeptRun) -> Problem:
    """The problem with the line of the rule as it was, where its place is in the rule's file."""
    place = problem.place
    lines = run.text.splitlines()
    own = run.rule is not None and run.rule.path is not None and place is not None
    if not own or place is None or not run.rule or run.rule.path is None:
        return problem
    if not run.rule.path.as_posix().endswith(place.file) or not 0 < place.line <= len(lines):
        return problem
    return replace(problem, place=Place(place.file, place.line, place.column, lines[place.line - 1]))


def _texts(parts: Sequence[RunPart]) -> Iterable[str]:
    """Every text of the pages that may hold a GSID."""
    for part in parts:
        for dataset in part.datasets:
            yield from texts_of(dataset.rows.rows if dataset.rows else ())
        for action in part.actions:
            yield from (group.example for group in action.groups)
            for effect in action.effects:
                yield from (effect.key, effect.message, effect.gsid)
                yield from texts_of((change.before, change.after) for change in effect.changes)
