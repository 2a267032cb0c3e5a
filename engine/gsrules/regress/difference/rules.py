"""The difference between two forms of a rule on the same data, and between two kept runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from gsrules.errors import GsrulesError, InputError, Problem, nearest
from gsrules.regress.changes import rule_changes
from gsrules.regress.changes.matching import same_actions, same_tasks
from gsrules.regress.difference.effects import compare_effects, new_at_hand, one_sided
from gsrules.regress.difference.model import (
    DatasetDifference,
    EffectsDifference,
    RuleDifference,
    StructureChange,
)
from gsrules.regress.difference.naming import with_record_names
from gsrules.regress.difference.sides import DiffOptions, Ran, absent, kept_side, run_side, set_down
from gsrules.regress.difference.table import DEFAULT_LIMITS, Limits, compare_tables
from gsrules.regress.difference.versions import Version
from gsrules.run.kept import find_run
from gsrules.run.options import RunOptions, parameters
from gsrules.run.workspace import Workspace
from gsrules.spec import RuleSpec
from gsrules.spec.chain import ChainLink
from gsrules.tenant import Tenant


@dataclass(frozen=True, slots=True)
class RulePair:
    """A rule by its ids before and after; None where that side does not have it."""

    before: str | None
    after: str | None

    @property
    def shown(self) -> str:
        return self.after or self.before or ""


def pairs_named(names: Sequence[str], before: Version, after: Version) -> tuple[RulePair, ...]:
    """The rules that a user names, by id, file or chain; also those that only the base has. Raises InputError."""
    made: dict[RulePair, None] = {}
    problems: list[Problem] = []
    for name in names:
        try:
            made |= dict.fromkeys(_resolved(name, before, after))
        except InputError as error:
            problems.extend(error.problems)
    if problems:
        raise InputError(problems)
    return tuple(made)


def _resolved(name: str, before: Version, after: Version) -> Iterator[RulePair]:
    workspace = after.workspace
    plain = name.removesuffix(".yml")
    removed = next((each for each in (plain, _below_rules(plain, workspace)) if before.has(each)), None)
    try:
        found = workspace.resolve(name)
    except InputError:
        if removed is None:
            raise
        yield RulePair(removed, _twin(removed, before, after))
        return
    if workspace.is_chain(found):
        for link in workspace.chain(found).rules:
            yield from (pair for rule in _linked(link) for pair in _resolved(rule, before, after))
        return
    yield RulePair(found if before.has(found) else _twin(found, after, before), found)


def _below_rules(name: str, workspace: Workspace) -> str:
    try:
        return (Path.cwd() / name).resolve().relative_to(workspace.project.rules_dir.resolve()).as_posix()
    except ValueError:
        return name


def _linked(link: ChainLink) -> Iterator[str]:
    yield str(link.rule)
    for below in link.then:
        yield from _linked(below)


def _twin(rule_id: str, here: Version, there: Version) -> str | None:
    """The rule of the same title that only the other side has: its file was renamed."""
    title = _title(here, rule_id)
    alone = [each for each in there.workspace.rule_ids() if not here.has(each)]
    return next((each for each in alone if title and _title(there, each) == title), None)


def _title(version: Version, rule_id: str) -> str:
    try:
        return str(version.workspace.rule(rule_id).name)
    except GsrulesError:
        return ""


def pairs_changed(before: Version, after: Version) -> tuple[RulePair, ...]:
    """The rules of which the files differ; all of them where objects, options or settings do."""
    ids = dict.fromkeys((*after.workspace.rule_ids(), *before.workspace.rule_ids()))
    everything = bool(_notes(before, after))
    made: dict[RulePair, None] = {}
    for rule_id in ids:
        both = before.has(rule_id) and after.has(rule_id)
        if both and not everything and before.text(rule_id) == after.text(rule_id):
            continue
        if both:
            made[RulePair(rule_id, rule_id)] = None
        elif after.has(rule_id):
            made[RulePair(_twin(rule_id, after, before), rule_id)] = None
        elif _twin(rule_id, before, after) is None:
            made[RulePair(rule_id, None)] = None
    return tuple(made)


def compare_rules(
    before: Version, after: Version, pairs: Sequence[RulePair], options: DiffOptions
) -> tuple[RuleDifference, ...]:
    """The difference of each rule, on the data of the side after. Raises InputError for a wrong parameter."""
    _check_params(before, after, pairs, options)
    return tuple(_compare_rule(before, after, pair, options) for pair in pairs)


def _check_params(before: Version, after: Version, pairs: Sequence[RulePair], options: DiffOptions) -> None:
    known: dict[str, str] = {}
    for pair in pairs:
        for version, rule_id in ((before, pair.before), (after, pair.after)):
            try:
                rule = version.workspace.rule(rule_id) if rule_id else None
            except GsrulesError:
                return
            known |= {str(name).lower(): str(name) for name in (rule.params if rule else ())}
    unknown = [
        Problem("GS-NAME", f"none of the rules has a parameter '{name}'", value=name, nearest=nearest(name, known))
        for name in options.params
        if name.lower() not in known
    ]
    if unknown and pairs:
        raise InputError(unknown)
    for rule in (after.workspace.rule(pair.after) for pair in pairs if pair.after):
        own = {str(name).lower() for name in rule.params}
        parameters(rule, {name: value for name, value in options.params.items() if name.lower() in own})


def _compare_rule(before: Version, after: Version, pair: RulePair, options: DiffOptions) -> RuleDifference:
    options = _dated(after, options)
    with TemporaryDirectory(prefix="gsrules-diff-") as folder:
        left = absent(before)
        if pair.before is not None:
            with before.workspace.tenant("dry_run", options.tenant) as tenant:
                ran = run_side(before, pair.before, options, tenant)
                unread = _unread(before, after, ran.rule, pair)
                left = set_down(ran, tenant, Path(folder), lambda task: task not in unread)
        with after.workspace.tenant("dry_run", options.tenant) as tenant:
            right = run_side(after, pair.after, options, tenant) if pair.after else absent(after)
            catalogues = (before.workspace.catalogue, after.workspace.catalogue)
            structure = tuple(
                replace(
                    change, place_before=before.place(change.place_before), place_after=after.place(change.place_after)
                )
                for change in _structure(left, right)
            )
            datasets = tuple(_datasets(tenant.con, left, right, options))
            return RuleDifference(
                rule=pair.shown,
                name=str(next((ran.rule.name for ran in (right, left) if ran.rule), pair.shown)),
                before=left.side,
                after=right.side,
                structure=structure,
                datasets=with_record_names(_explained(datasets, structure, right.rule), tenant, catalogues),
                effects=with_record_names(tuple(_effects(tenant.con, left, right, options)), tenant, catalogues),
                notes=(*_renaming(pair), *_notes(before, after), *_keyless(options.key, left, right)),
            )


def _dated(after: Version, options: DiffOptions) -> DiffOptions:
    """The options with the one rule date of both sides."""
    date = RunOptions(rule_date=options.rule_date).date_in(after.workspace.project.profile)
    return replace(options, rule_date=date)


def _structure(before: Ran, after: Ran) -> tuple[StructureChange, ...]:
    return rule_changes(before.rule, after.rule) if before.rule and after.rule else ()


def _unread(before: Version, after: Version, rule: RuleSpec | None, pair: RulePair) -> frozenset[str]:
    """The tasks that are the same on both sides with all that they read: their rows need not be compared."""
    if rule is None or pair.after is None or _notes(before, after):
        return frozenset()
    try:
        other = after.workspace.rule(pair.after)
    except GsrulesError:
        return frozenset()
    return unaffected(rule, other)


def unaffected(before: RuleSpec, after: RuleSpec) -> frozenset[str]:
    """The tasks (names before) whose rows cannot differ: their text and that of all they read is the same."""
    if dict(before.params) != dict(after.params) or dict(before.profile) != dict(after.profile):
        return frozenset()
    pairs = same_tasks(before, after)
    changed = {change.subject for change in rule_changes(before, after) if change.kind != "renamed"}
    by_key = {str(name).lower(): str(name) for name in after.tasks}
    tasks = {str(name): task for name, task in after.tasks.items()}
    alike: dict[str, bool] = {}

    def same(name: str) -> bool:
        if name not in alike:
            alike[name] = False  # whatever reads itself is not the same
            inputs = [by_key.get(str(each).strip().lower()) for each in tasks[name].inputs]
            own = name in pairs and f"task '{name}'" not in changed
            alike[name] = own and all(each is not None and same(each) for each in inputs)
        return alike[name]

    return frozenset(pairs[name] for name in pairs if same(name))


def _datasets(
    con: duckdb.DuckDBPyConnection, before: Ran, after: Ran, options: DiffOptions
) -> Iterator[DatasetDifference]:
    if before.side.failed or after.side.failed:
        return
    pairs = _names(before, after)
    rows_before, rows_after = before.rows, after.rows
    for name in after.rows:
        old = pairs.get(name)
        if old is None:
            yield DatasetDifference(name, "only_after", rows_after=rows_after[name])
            continue
        renamed = old if old.lower() != name.lower() else None
        counts = (rows_before.get(old), rows_after[name])
        if old not in before.tasks or name not in after.tasks:
            state = "same" if counts[0] == counts[1] else "differs"
            yield DatasetDifference(name, "same" if state == "same" else "differs", None, *counts, renamed)
            continue
        hints = (*after.keys.get(name, ()), *before.keys.get(old, ()))
        key = options.key if all(_has(after, name, column) for column in options.key) else ()
        table = compare_tables(
            con, name, before.tasks[old], after.tasks[name], key=key, hints=hints, limits=options.limits
        )
        yield DatasetDifference(name, "differs" if table else "same", table, table.before, table.after, renamed)
    for name in before.rows:
        if name not in pairs.values():
            yield DatasetDifference(name, "only_before", rows_before=rows_before[name])


def _explained(
    datasets: tuple[DatasetDifference, ...], structure: tuple[StructureChange, ...], rule: RuleSpec | None
) -> tuple[DatasetDifference, ...]:
    """The datasets with what changed in their own task, and the differing ones that they read."""
    if rule is None:
        return datasets
    inputs = {str(name): [str(each).strip().lower() for each in task.inputs] for name, task in rule.tasks.items()}
    differing = {each.task.lower(): each.task for each in datasets if each.state != "same"}
    return tuple(
        each
        if each.state == "same"
        else replace(
            each,
            changed_here=tuple(change.text for change in structure if change.subject == f"task '{each.task}'"),
            follows=tuple(differing[name] for name in inputs.get(each.task, ()) if name in differing),
        )
        for each in datasets
    )


def _has(ran: Ran, task: str, column: str) -> bool:
    return column.strip().lower() in {name.lower() for name in ran.tasks[task].types}


def _names(before: Ran, after: Ran) -> Mapping[str, str]:
    """Dataset after → dataset before."""
    if before.rule and after.rule:
        return same_tasks(before.rule, after.rule)
    by_key = {name.lower(): name for name in before.rows}
    return {name: by_key[name.lower()] for name in after.rows if name.lower() in by_key}


def _effects(
    con: duckdb.DuckDBPyConnection, before: Ran, after: Ran, options: DiffOptions
) -> Iterator[EffectsDifference]:
    if before.side.failed or after.side.failed:
        return
    pairs = _ids(before, after)
    with new_at_hand(con, before.actions) as olds, new_at_hand(con, after.actions) as news:
        for name, effects in news.items():
            old = olds.get(pairs.get(name, ""))
            made = compare_effects(con, old, effects, options.limits) if old else None
            yield made or one_sided(con, effects, is_after=True)
        for name, effects in olds.items():
            if name not in pairs.values():
                yield one_sided(con, effects, is_after=False)


def _ids(before: Ran, after: Ran) -> Mapping[str, str]:
    """Action after → action before."""
    if before.rule and after.rule:
        return same_actions(before.rule, after.rule)
    by_key = {name.lower(): name for name in before.actions}
    return {name: by_key[name.lower()] for name in after.actions if name.lower() in by_key}


def _notes(before: Version, after: Version) -> tuple[str, ...]:
    """What else than the rules differs between the two versions."""
    notes = []
    if before.workspace.catalogue.fingerprint != after.workspace.catalogue.fingerprint:
        notes.append("objects or options differ: each side has its own")
    old, new = before.workspace.project.profile, after.workspace.project.profile
    for key in new:
        if old[key] != new[key]:
            notes.append(f"the behaviour profile differs: {key} {_word(old[key])} → {_word(new[key])}")
    return tuple(notes)


def _given_params(before: Ran, after: Ran) -> Iterator[str]:
    """The parameters that were not given alike to two runs; one that was not given had the rule's own value."""
    given = [dict(side.side.report.params) if side.side.report else {} for side in (before, after)]
    own = [
        {str(name): _word(value) for name, value in side.rule.params.items()} if side.rule else {}
        for side in (before, after)
    ]
    for name in dict.fromkeys((*given[0], *given[1])):
        old, new = (told.get(name, unsaid.get(name, "the rule's own")) for told, unsaid in zip(given, own, strict=True))
        if old != new:
            yield f"the parameter {name} differs: {old} → {new}"


def _renaming(pair: RulePair) -> tuple[str, ...]:
    if pair.before is None or pair.after is None or pair.before == pair.after:
        return ()
    return (f"the file was renamed: {pair.before} → {pair.after}",)


def _keyless(key: Sequence[str], before: Ran, after: Ran) -> Iterator[str]:
    """The columns that the user named as a key, but that no dataset has."""
    known = {name.lower(): name for ran in (before, after) for table in ran.tasks.values() for name in table.types}
    for name in key if known else ():
        if name.lower() not in known:
            near = nearest(name, known.values())
            yield f"no dataset has the column '{name}' of --key{f'; nearest known name: {near}' if near else ''}"


def _word(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "none" if value is None else ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def compare_runs(
    workspace: Workspace, before: str, after: str, key: tuple[str, ...] = (), limits: Limits = DEFAULT_LIMITS
) -> RuleDifference:
    """The difference between two kept runs, by their ids. Raises InputError GS-RUN where one is not there."""
    runs = [find_run(workspace, name) for name in (before, after)]
    with Tenant.open(workspace.project.store, workspace.catalogue, workspace.project, "dry_run") as tenant:
        left, right = (kept_side(run, tenant) for run in runs)
        reports = [run.report for run in runs]
        notes = []
        if reports[0].rule != reports[1].rule:
            notes.append(f"the runs are of two rules: {reports[0].rule} and {reports[1].rule}")
        if reports[0].rule_date != reports[1].rule_date:
            notes.append(f"the rule dates differ: {reports[0].rule_date} → {reports[1].rule_date}")
        notes += _given_params(left, right)
        names, options = (workspace.catalogue,), DiffOptions(key=key, limits=limits)
        structure = _structure(left, right)
        datasets = _explained(tuple(_datasets(tenant.con, left, right, options)), structure, right.rule)
        return RuleDifference(
            rule=reports[1].rule,
            name=reports[1].name,
            before=left.side,
            after=right.side,
            structure=structure,
            datasets=with_record_names(datasets, tenant, names),
            effects=with_record_names(tuple(_effects(tenant.con, left, right, options)), tenant, names),
            notes=tuple(notes),
        )
