"""The JSON Schema of rule files, for editors: made from the models, completed by the registered kinds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic.json_schema import models_json_schema

from gsrules.spec.base import Spec
from gsrules.spec.kinds import Kinds
from gsrules.spec.rule import RuleSpec

_SOURCE = re.compile(r"\s*\([^()]*§[^()]*\)")
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def rule_schema(kinds: Kinds) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a rule file; `type` and `action` select what else a task or action has."""
    models: list[type[Spec]] = [RuleSpec, *kinds.tasks.values(), *kinds.actions.values()]
    _, made = models_json_schema([(model, "validation") for model in dict.fromkeys(models)], by_alias=True)
    definitions = {name: tidied(schema) for name, schema in made["$defs"].items()}
    names = _definition_names(models)
    rule = definitions.pop(names[RuleSpec])
    for base in ("TaskSpec", "ActionSpec"):
        definitions.pop(base, None)
    definitions["Task"] = _selected("type", {kind: names[model] for kind, model in kinds.tasks.items()}, kinds.tasks)
    actions = {kind: names[model] for kind, model in kinds.actions.items()}
    definitions["Action"] = _selected("action", actions, kinds.actions)
    for kind, model in (*kinds.tasks.items(), *kinds.actions.items()):
        key = "type" if kind in kinds.tasks else "action"
        definitions[names[model]]["properties"][key] = {"const": kind}
        definitions[names[model]]["required"] = [*dict.fromkeys((key, *definitions[names[model]].get("required", ())))]
    properties = rule["properties"]
    properties["tasks"] |= {"additionalProperties": {"$ref": "#/$defs/Task"}}
    properties["tasks"].setdefault("propertyNames", {"pattern": r"^(?! )[\w ]{1,80}(?<! )$"})
    properties["actions"] |= {"items": {"$ref": "#/$defs/Action"}}
    head = {"$schema": _DIALECT, "title": "A rule", "description": "A Gainsight rule as text."}
    return {**rule, **head, "$defs": definitions}


def tests_schema() -> dict[str, Any]:
    """The JSON Schema of a file of rule tests; a `*.fixtures.yml` is one without `rule` and `tests`."""
    from gsrules.spec.rule_tests import FixtureFile, TestFile

    made = tidied(TestFile.model_json_schema(by_alias=True))
    shared = tidied(FixtureFile.model_json_schema(by_alias=True))
    definitions = {**shared.pop("$defs", {}), **made.pop("$defs", {})}
    tests = {key: value for key, value in made.items() if key in _SHAPE}
    fixtures = {key: value for key, value in shared.items() if key in _SHAPE}
    head = {"$schema": _DIALECT, "title": "Rule tests", "description": "Tests of a rule, or fixtures that tests share."}
    alone = {"required": ["fixtures"], "not": {"anyOf": [{"required": ["rule"]}, {"required": ["tests"]}]}}
    return {**head, "type": "object", "if": alone, "then": fixtures, "else": tests, "$defs": definitions}


_SHAPE = ("type", "properties", "required", "additionalProperties")


def _definition_names(models: list[type[Spec]]) -> dict[type[Spec], str]:
    """The name that pydantic gave each model among the definitions."""
    references, _ = models_json_schema([(model, "validation") for model in dict.fromkeys(models)], by_alias=True)
    return {model: references[(model, "validation")]["$ref"].rpartition("/")[2] for model in dict.fromkeys(models)}


def _selected(key: str, names: Mapping[str, str], models: Mapping[str, type[Spec]]) -> dict[str, Any]:
    """An object whose `key` selects one of the definitions."""
    docs = {kind: _SOURCE.sub("", (models[kind].__doc__ or "").strip().split("\n")[0]) for kind in names}
    chosen = {"enum": list(names), "description": "; ".join(f"{kind}: {doc}" for kind, doc in docs.items())}
    cases = [
        {
            "if": {"properties": {key: {"const": kind}}, "required": [key]},
            "then": {"$ref": f"#/$defs/{name}"},
        }
        for kind, name in names.items()
    ]
    selected: dict[str, Any] = {"type": "object", "properties": {key: chosen}, "required": [key]}
    return {**selected, "allOf": cases} if cases else selected


def tidied(schema: Any, *, names: bool = False) -> Any:
    """Without pydantic's titles, and without null where a key may only be left out.

    `names`: the keys of `schema` are names of the language, not words of JSON Schema.
    """
    if isinstance(schema, list):
        return [tidied(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    tidy = {
        key: tidied(value, names=key in ("properties", "$defs", "patternProperties") and not names)
        for key, value in schema.items()
        if names or key != "title"
    }
    if not names and isinstance(tidy.get("description"), str):
        tidy["description"] = _SOURCE.sub("", tidy["description"]).replace("\n", " ")
    return tidy if names else _without_null(tidy)


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    if "default" not in schema or schema["default"] is not None:
        return schema
    kept = {key: value for key, value in schema.items() if key != "default"}
    choices = [choice for choice in kept.get("anyOf", ()) if choice != {"type": "null"}]
    if len(choices) != 1:
        return {**kept, "anyOf": choices} if choices else kept
    del kept["anyOf"]
    return {**choices[0], **kept}
