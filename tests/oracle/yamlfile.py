"""YAML read with the few plain types of YAML 1.2: `on`, `yes` and `no` are words, numbers are exact."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

_NUMBER = r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$"


class RuleLoader(yaml.CSafeLoader):
    """Dates stay text, as in a rule file."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012


class ExpectedLoader(RuleLoader):
    """Plain dates and datetimes are values; quoted ones are text."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012


def _constructed_date(loader: yaml.Loader, node: yaml.ScalarNode) -> date:
    return date.fromisoformat(node.value)


def _constructed_datetime(loader: yaml.Loader, node: yaml.ScalarNode) -> datetime:
    return datetime.fromisoformat(node.value).astimezone(UTC).replace(tzinfo=None)


for _loader in (RuleLoader, ExpectedLoader):
    _loader.add_implicit_resolver("!bool", re.compile("^(true|false)$"), list("tf"))
    _loader.add_implicit_resolver("!null", re.compile("^(null|~|)$"), ["n", "~", ""])
    _loader.add_implicit_resolver("!number", re.compile(_NUMBER), list("-0123456789"))
    _loader.add_constructor("!bool", lambda loader, node: node.value == "true")
    _loader.add_constructor("!null", lambda loader, node: None)
    _loader.add_constructor("!number", lambda loader, node: Decimal(node.value))
ExpectedLoader.add_implicit_resolver("!date", re.compile(r"^\d{4}-\d\d-\d\d$"), list("0123456789"))
ExpectedLoader.add_implicit_resolver("!datetime", re.compile(r"^\d{4}-\d\d-\d\dT[0-9:.]+Z$"), list("0123456789"))
ExpectedLoader.add_constructor("!date", _constructed_date)
ExpectedLoader.add_constructor("!datetime", _constructed_datetime)


def load_rule_file(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), RuleLoader) if path.exists() else {}


def load_expected(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), ExpectedLoader)
