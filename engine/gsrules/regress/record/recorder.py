"""Records a rule: runs it on real data, chooses rows, masks them, writes a test of them, and proves that it passes."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path
from typing import Any, Final

from gsrules.dataclass import dataclass
from gsrules.errors import InputError, Problem, RunError
from gsrules.regress.branches import Branch, TracedTables, taken_by
from gsrules.regress.collecting import collect
from gsrules.regress.outcome import TestOutcome
from gsrules.regress.record.book import Book, Unit, plain
from gsrules.regress.record.candidates import chosen_candidates
from gsrules.regress.record.choose import Choice, Chooser
from gsrules.regress.record.draft import Draft
from gsrules.regress.record.expectations import Expectation, expectation_of
from gsrules.regress.record.gather import Gathered, all_branches, gather, is_code, source_units
from gsrules.regress.record.literals import RuleTexts, rule_texts
from gsrules.regress.record.masking import Masking, MaskOptions, masking_of
from gsrules.regress.record.meets import find, named_units
from gsrules.regress.record.replay import Replays
from gsrules.regress.record.writer import TestText, said
from gsrules.regress.running import run_case
from gsrules.run.engine import RunOptions, RunResult, run_rule
from gsrules.run.options import parameters
from gsrules.run.rows import writing
from gsrules.run.session import Session
from gsrules.run.workspace import Workspace
from gsrules.spec.tasks import S3Task
from gsrules.tenant import Tenant
from gsrules.tenant.names import GSID, SEQUENCE, column, run, select_from

MOST_ROWS: Final = 60


def _silent(_step: str) -> None:
    """Nobody watches."""


@dataclass(frozen=True, slots=True)
class RecordOptions:
    """What the user asks of a recording; `on_step` is told what is being done."""

    rule_date: dt.date | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    masks: MaskOptions = field(default_factory=MaskOptions)
    most_rows: int = MOST_ROWS
    name: str | None = None
    snapshot: bool = False
    on_step: Callable[[str], None] = _silent


@dataclass(frozen=True, slots=True)
class Recording:
    """A recorded test.

    `branches` are the rule's; `real` and `taken` the ids of those that the real data and the test exercise. `given_up`
    were left out to keep the test small; `kept_columns` had to stay unmasked for the rule to do the same.
    """

    rule: str
    rule_date: dt.date
    text: str
    rows: int
    branches: tuple[Branch, ...]
    real: frozenset[str]
    taken: frozenset[str]
    given_up: frozenset[str]
    masking: Masking
    kept_columns: tuple[str, ...]
    salesforce: tuple[str, ...]
    given: Mapping[str, Sequence[Mapping[str, Any]]]
    snapshot: bool = False

    @property
    def counted(self) -> tuple[Branch, ...]:
        return tuple(branch for branch in self.branches if branch.counted)

    @property
    def unexercised(self) -> tuple[Branch, ...]:
        """The branches that count and that no real row takes."""
        return tuple(branch for branch in self.counted if branch.id not in self.real)

    @property
    def lost(self) -> tuple[Branch, ...]:
        """The branches that real rows take, but the test does not."""
        return tuple(branch for branch in self.branches if branch.id in self.real - self.taken)

    @property
    def masked(self) -> dict[str, tuple[str, ...]]:
        """The masked columns that the test shows, by what they hold."""
        shown = {(name, key) for name, rows in self.given.items() for row in rows for key in row}
        found = {
            kind.value: tuple(each.title for each in columns if each.field is None or (each.owner, each.name) in shown)
            for kind, columns in self.masking.by_kind().items()
        }
        return {kind: columns for kind, columns in found.items() if columns}

    def as_json(self) -> dict[str, Any]:
        """The recording as plain data, without the text of the test."""
        return {
            "rule": self.rule,
            "rule_date": self.rule_date.isoformat(),
            "rows": self.rows,
            "branches": len(self.counted),
            "exercised": sum(branch.id in self.taken for branch in self.counted),
            "no_real_row": [branch.as_json() for branch in self.unexercised],
            "not_in_the_test": [branch.as_json() for branch in self.lost],
            "masked": {kind: list(columns) for kind, columns in self.masked.items()},
            "not_masked": [*self.masking.masks.unmasked, *self.kept_columns],
            "left_as_they_are": list(self.masking.left()),
            "salesforce_samples": list(self.salesforce),
        }


def target_of(workspace: Workspace, rule: str, output: Path | None, *, force: bool) -> Path:
    """The file of a recording. Raises InputError GS-RECORD if it is there, unless `force`."""
    path = output or workspace.project.tests_dir / f"{workspace.resolve_rule(rule)}.recorded.yml"
    if path.exists() and not force:
        hint = "--force writes over it, --output FILE writes elsewhere"
        raise InputError(Problem("GS-RECORD", "the test file is there already", value=str(path), hint=hint))
    return path


def record_to(
    workspace: Workspace, rule: str, path: Path, options: RecordOptions, tenant_path: Path | None = None
) -> Recording:
    """Records a rule into a test file; see `record`. The file is written only when the test passes."""
    made = record(workspace, rule, options, tenant_path)
    with writing(path):
        path.write_text(made.text, encoding="utf-8")
    return made


def record(workspace: Workspace, rule: str, options: RecordOptions, tenant_path: Path | None = None) -> Recording:
    """Records a rule on the project's real files and tenant; nothing is written there.

    Raises InputError for a rule that cannot be recorded, RunError where the real run fails on its data.
    """
    rule_id = workspace.resolve_rule(rule)
    _check_files(workspace, rule_id)
    with Session(workspace) as session:
        return _Recorder(workspace, rule_id, options, session).recording(tenant_path)


def _check_files(workspace: Workspace, rule: str) -> None:
    """A test gives its files as plain text."""
    problems = []
    for name, task in workspace.rule(rule).tasks.items():
        if isinstance(task, S3Task) and task.pgp_key is not None:
            message = "a test cannot give an encrypted file"
            hint = "record a copy of the rule that reads the plain file"
            problems.append(Problem("GS-NOT-YET", message, task.place_of("pgp_key"), f"task '{name}'", hint=hint))
    if problems:
        raise InputError(problems)


class _Recorder:
    def __init__(self, workspace: Workspace, rule: str, options: RecordOptions, session: Session) -> None:
        self._workspace = workspace
        self._rule = rule
        self._options = options
        date = options.rule_date or RunOptions().date_in(workspace.project.profile)
        self._run = RunOptions(rule_date=date, params=options.params, mode="dry_run", keep_all_tasks=True, trace=True)
        self._date = date
        self._replays = Replays(workspace, session, rule, date, self._run)

    def recording(self, tenant_path: Path | None) -> Recording:
        gathered, texts = self._gathered(tenant_path)
        self._replays = replace(self._replays, codes=tuple(each for each in gathered.branches if is_code(each)))
        self._options.on_step("choosing rows")
        book = gathered.book
        chooser = Chooser(book, lambda units: self._replays.taken(self._draft(book, units, Masking())), gathered.met)
        choice = chooser.choose(gathered.purposes, gathered.taken, self._options.most_rows)
        self._options.on_step("masking")
        masking, kept = self._masked(book, choice, texts)
        draft = self._draft(book, choice.units, masking)
        self._options.on_step("writing the test")
        taken, expect, notes = self._replays.look(draft, lambda result, tenant: self._seen(draft, result, tenant))
        made = Recording(
            self._rule,
            self._date,
            "",
            draft.rows(),
            gathered.branches,
            gathered.taken,
            taken,
            choice.given_up,
            masking,
            kept,
            book.wanted.salesforce,
            draft.given_records(),
            self._options.snapshot,
        )
        made = replace(made, text=self._text(made, draft, None if self._options.snapshot else expect, notes))
        self._prove(made)
        return made

    def _draft(self, book: Book, units: frozenset[Unit], masking: Masking) -> Draft:
        return Draft(book, units, masking, self._workspace.project.profile)

    def _gathered(self, tenant_path: Path | None) -> tuple[Gathered, RuleTexts]:
        """Runs on the real data, and looks up what the chosen rows need."""
        self._options.on_step("running on the real data")
        with self._workspace.tenant("dry_run", tenant_path) as tenant:
            result = run_rule(self._workspace, self._rule, self._run, tenant)
            if result.report.problems or result.trace is None:
                raise RunError(result.report.problems)
            self._options.on_step("looking for rows of each branch")
            gathered = gather(result.trace, result, self._workspace.catalogue)
            texts = rule_texts(result.trace.bound)
        with self._workspace.tenant("read", tenant_path) as tenant:
            met = gathered.met | find(tenant, gathered.matches) | set(named_units(texts.gsids, tenant.catalogue))
            gathered.book.load(tenant, {*gathered.units, *met})
        return replace(gathered, met=frozenset(unit for unit in met if unit in gathered.book.records)), texts

    def _masked(self, book: Book, choice: Choice, texts: RuleTexts) -> tuple[Masking, tuple[str, ...]]:
        """The masking under which the rows do what they did; columns that stand in its way are kept as they are."""
        options = self._options.masks
        masking = masking_of(book, choice.units, texts, options)
        kept: list[str] = []
        lost = self._lost(book, choice, masking)
        for column_ in masking.columns if lost else ():
            if not masking.is_masked(column_):
                continue
            tried = replace(options, kept=(*options.kept, *kept, column_.path))
            made = masking_of(book, choice.units, texts, tried)
            still = self._lost(book, choice, made)
            if len(still) < len(lost):
                kept.append(column_.path)
                masking, lost = made, still
            if not lost:
                break
        return masking, tuple(kept)

    def _lost(self, book: Book, choice: Choice, masking: Masking) -> frozenset[str]:
        return choice.taken - self._replays.taken(self._draft(book, choice.units, masking))

    def _seen(
        self, draft: Draft, result: RunResult, tenant: Tenant
    ) -> tuple[frozenset[str], Expectation, dict[str, dict[int, str]]]:
        """What the finished draft takes, what its test expects, and what each of its rows is there for."""
        assert result.trace is not None
        branches = all_branches(result.trace, result)
        taken = taken_by(result, branches)
        counted = [branch for branch in branches if branch.id in taken]
        chosen = chosen_candidates(result.trace, counted, TracedTables(result))
        notes: dict[str, dict[int, str]] = {}
        positions = _positions(draft, tenant)
        seen: set[str] = set()
        for candidate in chosen:
            own = [branch for branch in counted if branch.id in candidate.branches and branch.id not in seen]
            seen |= {branch.id for branch in own}
            places = [positions[unit] for unit in source_units(result.trace, candidate.sources) if unit in positions]
            words = said(own)
            if places and words:
                name, at = min(places)[1:]
                before = notes.setdefault(name, {}).get(at)
                notes[name][at] = f"{before}; {words}" if before else words
        return taken, expectation_of(self._workspace, result, tenant), notes

    def _text(
        self, made: Recording, draft: Draft, expect: Expectation | None, notes: Mapping[str, Mapping[int, str]]
    ) -> str:
        counted = made.counted
        done = sum(branch.id in made.taken for branch in counted)
        name = self._options.name or f"Recorded rows exercise {done} of {len(counted)} branches"
        return TestText(
            self._rule,
            name,
            self._date,
            self._params(),
            draft.given_records(),
            draft.given_files(),
            notes,
            expect,
            _heading(made),
        ).yaml()

    def _params(self) -> dict[str, Any]:
        """The parameters that the user gave, as the test file holds them."""
        rule = self._workspace.rule(self._rule)
        given = {name.lower() for name in self._options.params}
        return {
            name: plain(value)
            for name, value in parameters(rule, self._options.params).items()
            if name.lower() in given
        }

    def _prove(self, made: Recording) -> None:
        """Runs the test as `gsrules test` does. Raises RunError GS-RECORD if it does not pass."""
        if made.snapshot:
            return
        with tempfile.TemporaryDirectory(prefix="gsrules-record-") as folder:
            path = Path(folder) / "recorded.yml"
            path.write_text(made.text, encoding="utf-8")
            cases = collect(self._workspace.project, [path]).cases
            tests = [run_case(self._replays.session, self._workspace, case) for case in cases]
        failed = [test for test in tests if not test.passed]
        if failed:
            hint = "some of what it does depends on more than its rows; --snapshot records the rows alone"
            found = [problem for test in failed for problem in test.problems]
            message = "the recorded test does not pass: " + "; ".join(_difference(test) for test in failed)
            raise RunError([Problem("GS-RECORD", message, value=self._rule, hint=hint), *found])


def _difference(test: TestOutcome) -> str:
    subjects = [fact.subject for fact in test.facts] + [rows.subject for rows in test.rows]
    return ", ".join(subjects) or test.name


def _positions(draft: Draft, tenant: Tenant) -> dict[Unit, tuple[int, str, int]]:
    """Where the rows of a replay stand in the test: their rank in the file, object or file, and position."""
    found: dict[Unit, tuple[int, str, int]] = {}
    for rank, name in enumerate(draft.records):
        query = select_from(tenant.table(name), column(GSID)).order_by(column(SEQUENCE), copy=False)
        for at, (gsid,) in enumerate(run(tenant.con, query).fetchall()):
            found[name, gsid] = (rank, name, at)
    for rank, (key, lines) in enumerate(draft.lines.items(), start=len(found)):
        found |= {(key, str(at + 1)): (rank, key, at) for at in range(len(lines))}
    return found


def _heading(made: Recording) -> Sequence[str]:
    masked = ", ".join(made.masked)
    words = [f"Recorded with `gsrules record {made.rule}` from real rows" + (f"; masked: {masked}." if masked else ".")]
    if made.unexercised:
        words.append("No real row exercises:")
    for branch in made.unexercised:
        words.append(f"  {branch.name}: {' '.join(branch.text.split())}: {branch.side}")
    return words
