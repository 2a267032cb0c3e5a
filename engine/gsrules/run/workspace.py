"""A project opened for work: its settings, its catalogue, its rules and chains by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gsrules.actions.registry import action_models
from gsrules.catalogue import Catalogue
from gsrules.dataclass import dataclass
from gsrules.errors import InputError, Problem, nearest
from gsrules.project import Project
from gsrules.spec import Kinds, RuleSpec
from gsrules.spec.load import load_chain, load_rule
from gsrules.tenant import Tenant, TenantMode

if TYPE_CHECKING:
    from gsrules.spec.chain import ChainSpec

_CHAIN_ENDING = ".chain.yml"


def kinds() -> Kinds:
    """All task kinds and action kinds of this version."""
    return Kinds(actions=action_models())


def schema_of_rules() -> dict[str, Any]:
    """The JSON Schema of rule files."""
    from gsrules.spec.schema import rule_schema

    return rule_schema(kinds())


def schema_of_tests() -> dict[str, Any]:
    """The JSON Schema of files of rule tests."""
    from gsrules.spec.schema import tests_schema

    return tests_schema()


@dataclass(frozen=True, slots=True)
class Workspace:
    """One project. Rules are loaded when asked for, and once.

    `told` are keys of the behaviour profile that a command was given: they go before those of project and rules.
    """

    project: Project
    catalogue: Catalogue
    kinds: Kinds
    told: Mapping[str, object] = field(default_factory=dict)
    _rules: dict[str, RuleSpec] = field(default_factory=dict, repr=False)

    @classmethod
    def open(cls, start: Path, explicit: Path | None = None) -> Workspace:
        """The project that holds `start`, or the one in the folder `explicit`."""
        project = Project.find(start, explicit)
        return cls(project, Catalogue.load(project), kinds())

    def rule_ids(self) -> tuple[str, ...]:
        """The ids of all rules, sorted."""
        return self.project.rule_ids()

    def chain_ids(self) -> tuple[str, ...]:
        """The ids of all chains, sorted."""
        return self.project.chain_ids()

    def rule(self, name: str) -> RuleSpec:
        """The rule of that id, or of that file. Raises as `resolve_rule`, and for what is wrong with the file."""
        rule_id = name if name in self._rules else self.resolve(name)
        if rule_id not in self._rules:
            self.resolve_rule(rule_id)
            self._rules[rule_id] = load_rule(self.project.rule_path(rule_id), rule_id, self.kinds)
        return self._rules[rule_id]

    def with_rules(self, rules: Mapping[str, RuleSpec]) -> Workspace:
        """The same project with these rules by id; the others are loaded anew when they are asked for."""
        return replace(self, _rules=dict(rules))

    def with_rule(self, rule_id: str, rule: RuleSpec) -> Workspace:
        """The same project with this rule in the place of its file's."""
        return replace(self, _rules={**self._rules, rule_id: rule})

    def under(self, settings: Mapping[str, object]) -> Workspace:
        """The same project under another behaviour profile, also where a rule sets a key itself. Raises InputError."""
        if not settings:
            return self
        project = replace(self.project, profile=self.project.profile.overlaid(settings))
        return Workspace(project, Catalogue.load(project), self.kinds, dict(settings), self._rules)

    def chain(self, chain_id: str) -> ChainSpec:
        """The chain of that id."""
        return load_chain(self.chain_path(chain_id))

    def chain_path(self, chain_id: str) -> Path:
        return self.project.rules_dir / f"{chain_id}{_CHAIN_ENDING}"

    def resolve(self, name: str) -> str:
        """The id of the rule or chain that a user names by id or by file; InputError GS-NAME for anything else."""
        if self.project.has_rule(name) or self.project.has_chain(name):
            return name
        for ending in (_CHAIN_ENDING, ".yml"):
            if name.endswith(ending):
                for path in (Path(name), self.project.root / name, self.project.rules_dir / name):
                    if path.is_file() and path.resolve().is_relative_to(self.project.rules_dir.resolve()):
                        return self._id_of(path.resolve(), ending)
        known = (*self.rule_ids(), *self.chain_ids())
        raise InputError(
            Problem(
                "GS-NAME",
                f"there is no rule or chain '{name}'",
                where=str(self.project.rules_dir),
                value=name,
                nearest=nearest(name, known),
                hint="a rule's id is its path below rules/ without the ending"
                if known
                else "the project has no rules yet",
            )
        )

    def resolve_rule(self, name: str) -> str:
        """The id of the rule that a user names by id or by file; InputError GS-NAME, and GS-USAGE for a chain."""
        found = self.resolve(name)
        if self.is_chain(found) and not self.project.has_rule(found):
            raise InputError(Problem("GS-USAGE", f"'{name}' is a chain; this command takes one rule", value=name))
        return found

    def is_chain(self, resolved: str) -> bool:
        """Whether a resolved id is that of a chain."""
        return self.project.has_chain(resolved)

    def _id_of(self, path: Path, ending: str) -> str:
        return path.relative_to(self.project.rules_dir.resolve()).as_posix().removesuffix(ending)

    @contextmanager
    def tenant(self, mode: TenantMode = "live", path: Path | None = None) -> Iterator[Tenant]:
        """The tenant's store at `path`, by default the project's."""
        with Tenant.open(path or self.project.store, self.catalogue, self.project, mode) as tenant:
            yield tenant
