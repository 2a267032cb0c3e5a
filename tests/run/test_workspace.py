"""Rules and chains by the names that users type."""

from __future__ import annotations

import pytest

from gsrules.errors import InputError
from gsrules.run.workspace import Workspace


def test_a_chain_is_no_rule(workspace: Workspace) -> None:
    for ask in (workspace.rule, workspace.resolve_rule):
        with pytest.raises(InputError) as caught:
            ask("both")
        (problem,) = caught.value.problems
        assert problem.code == "GS-USAGE"
        assert "'both' is a chain" in problem.message


def test_a_rule_beside_a_chain_of_its_name_is_a_rule(workspace: Workspace) -> None:
    text = (workspace.project.rules_dir / "again.yml").read_text(encoding="utf-8")
    (workspace.project.rules_dir / "both.yml").write_text(text, encoding="utf-8")
    assert workspace.resolve_rule("both") == "both"
    assert workspace.rule("both").name == "Count usage"


def test_given_rules_go_before_those_in_the_folder(workspace: Workspace) -> None:
    other = workspace.with_rules({"usage": workspace.rule("again")})
    assert other.rule("usage").name == "Count usage"
    assert workspace.rule("usage").name == "Load usage"
