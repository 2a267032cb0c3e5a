"""Loads the files of a project: YAML in, frozen models out, or every problem of the file at once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from gsrules.dataclass import dataclass
from gsrules.errors import InputError, Problem
from gsrules.spec.base import Loading, Spec
from gsrules.spec.kinds import Kinds
from gsrules.spec.rule import RuleSpec
from gsrules.spec.text import YamlMapping
from gsrules.spec.yaml12 import Document, load_yaml, parse_yaml

if TYPE_CHECKING:  # each function imports the models of its files: making models takes time
    from gsrules.spec.callouts import CalloutsSpec
    from gsrules.spec.chain import ChainSpec
    from gsrules.spec.load_permissions import LoadPermissionsSpec
    from gsrules.spec.objects import ObjectSpec, PicklistsSpec
    from gsrules.spec.rule_tests import FixtureFile, TestFile
    from gsrules.spec.scorecards import ScorecardsSpec
    from gsrules.spec.snapshot import SnapshotFile

Model = TypeVar("Model", bound=Spec)


@dataclass(frozen=True, slots=True)
class Partly:
    """A rule without the tasks and actions that cannot be read (None: nothing is left), and what is wrong.

    `tasks` are the names of all its tasks.
    """

    rule: RuleSpec | None
    problems: tuple[Problem, ...]
    tasks: tuple[str, ...] = ()


def load_rule(path: Path, rule_id: str, kinds: Kinds) -> RuleSpec:
    """The rule in a file (rule-language §3). Raises `InputError` with every problem of the file."""
    return _validated(load_yaml(path), RuleSpec, kinds).located(rule_id, path)


def parse_rule(text: str | bytes, file: str, rule_id: str, kinds: Kinds) -> RuleSpec:
    """The rule in a text that comes from elsewhere than a file, as of an earlier version. Errors as `load_rule`."""
    return _validated(parse_yaml(text, file), RuleSpec, kinds).located(rule_id, Path(file))


def parse_partly(text: str | bytes, file: str, rule_id: str, kinds: Kinds) -> Partly:
    """What can be read of a rule's text, with every problem of it; for checks that look further than the first."""
    from gsrules.spec.partly import without_broken

    try:
        document = parse_yaml(text, file)
    except InputError as error:
        return Partly(None, error.problems)
    try:
        return Partly(_validated(document, RuleSpec, kinds).located(rule_id, Path(file)), ())
    except InputError as error:
        rest = without_broken(document.root, kinds)
        if rest is None:
            return Partly(None, error.problems)
        return Partly(rest.located(rule_id, Path(file)), error.problems, tuple(document.root["tasks"]))


def parse_chain(text: str | bytes, file: str) -> ChainSpec:
    """As `load_chain`, from a text."""
    from gsrules.spec.chain import ChainSpec

    return _validated(parse_yaml(text, file), ChainSpec)


def parse_tests(text: str | bytes, file: str) -> TestFile:
    """As `load_tests`, from a text."""
    from gsrules.spec.rule_tests import TestFile

    return _validated(parse_yaml(text, file), TestFile)


def parse_fixtures(text: str | bytes, file: str) -> FixtureFile:
    """As `load_fixtures`, from a text."""
    from gsrules.spec.rule_tests import FixtureFile

    return _validated(parse_yaml(text, file), FixtureFile)


def parse_object_file(text: str | bytes, file: str) -> ObjectSpec:
    """As `load_object_file`, from a text."""
    from gsrules.spec.objects import ObjectSpec

    return _validated(parse_yaml(text, file), ObjectSpec)


def parse_picklists(text: str | bytes, file: str) -> PicklistsSpec:
    """As `load_picklists`, from a text."""
    return _picklists(parse_yaml(text, file))


def load_chain(path: Path) -> ChainSpec:
    """The chain in a file (rule-language §7). Raises `InputError` with every problem of the file."""
    from gsrules.spec.chain import ChainSpec

    return _validated(load_yaml(path), ChainSpec)


def load_tests(path: Path) -> TestFile:
    """The rule tests in a file (rule-language §8). Raises `InputError` with every problem of the file."""
    from gsrules.spec.rule_tests import TestFile

    return _validated(load_yaml(path), TestFile)


def load_fixtures(path: Path) -> FixtureFile:
    """The fixtures in a file that test files share. Raises `InputError` with every problem of the file."""
    from gsrules.spec.rule_tests import FixtureFile

    return _validated(load_yaml(path), FixtureFile)


def load_snapshot(path: Path) -> SnapshotFile:
    """The kept snapshot in a file. Raises `InputError` with every problem of the file."""
    from gsrules.spec.snapshot import SnapshotFile

    return _validated(load_yaml(path), SnapshotFile)


def load_object_file(path: Path) -> ObjectSpec:
    """The object in a file (rule-language §2). Raises `InputError` with every problem of the file."""
    from gsrules.spec.objects import ObjectSpec

    return _validated(load_yaml(path), ObjectSpec)


def load_picklists(path: Path) -> PicklistsSpec:
    """The picklist options of a project; an empty file has none. Raises `InputError` with every problem of the file."""
    return _picklists(load_yaml(path))


def load_scorecards(path: Path) -> ScorecardsSpec:
    """The scorecards of a project; an empty file has none. Raises `InputError` with every problem of the file."""
    from gsrules.spec.scorecards import ScorecardsSpec

    return _validated(_or_nothing(load_yaml(path)), ScorecardsSpec)


def load_load_permissions(path: Path) -> LoadPermissionsSpec:
    """The load permission list of a project. Raises `InputError` with every problem of the file."""
    from gsrules.spec.load_permissions import LoadPermissionsSpec

    return _validated(_or_nothing(load_yaml(path)), LoadPermissionsSpec)


def load_callouts(path: Path) -> CalloutsSpec:
    """The callouts of a project. Raises `InputError` with every problem of the file, none of which shows a secret."""
    from gsrules.spec.callouts import CalloutsSpec

    try:
        return _validated(_or_nothing(load_yaml(path)), CalloutsSpec)
    except InputError as error:
        raise InputError(map(without_source, error.problems)) from None


def without_source(problem: Problem) -> Problem:
    """The problem without the line of the file and the value, which may hold a secret."""
    place = problem.place
    return replace(problem, place=replace(place, text="") if place is not None else None, value="")


def _picklists(document: Document) -> PicklistsSpec:
    from gsrules.spec.objects import PicklistsSpec

    return _validated(_or_nothing(document), PicklistsSpec)


def _or_nothing(document: Document) -> Document:
    """The document, or an empty mapping in the place of an empty file."""
    if document.root is not None:
        return document
    return Document(YamlMapping(place=document.place), document.place, document.problems)


def _validated(document: Document, model: type[Model], kinds: Kinds | None = None) -> Model:
    if document.root is None and not document.problems:
        keys = [found.alias or name for name, found in model.model_fields.items() if found.is_required()]
        hint = "it needs " + ", ".join(f"`{key}`" for key in keys)
        raise InputError(Problem("GS-YAML-EMPTY", "the file holds nothing", document.place, hint=hint))
    loading = Loading(kinds)
    made, found = _attempt(document, model, loading)
    problems = [*document.problems, *_beyond(document.problems, [*loading.problems, *found])]
    if made is None or problems:
        from gsrules.spec.problems import in_order

        raise InputError(in_order(problems))
    return made


def _attempt(document: Document, model: type[Model], loading: Loading) -> tuple[Model | None, list[Problem]]:
    root: Any = document.root
    try:
        return model.model_validate(root, context=loading), []
    except ValidationError as error:
        from gsrules.spec.problems import problems_of

        return None, problems_of(error, root, document.place)


def _beyond(first: tuple[Problem, ...], more: list[Problem]) -> list[Problem]:
    """The problems of `more` that do not only follow from one of `first` at the same spot."""
    taken = {(p.place.line, p.place.column) for p in first if p.place is not None}
    return [p for p in more if p.place is None or (p.place.line, p.place.column) not in taken]
