"""Words from other tools and older screens, and what the rule language calls the same thing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from gsrules.errors import nearest

_SAME: Final[Mapping[str, tuple[str, ...]]] = {
    "aggregate": ("value", "show"),
    "average": ("avg",),
    "bool": ("boolean",),
    "condition": ("where", "when"),
    "conditions": ("where", "when"),
    "criteria": ("when", "where"),
    "cron": ("advanced",),
    "csv": ("s3",),
    "daily": ("day",),
    "dataset": ("from", "fetch"),
    "decimal": ("number",),
    "dropdown": ("picklist",),
    "extract": ("fetch",),
    "field": ("show", "column"),
    "fields": ("show", "columns"),
    "file": ("s3",),
    "filter": ("where", "when"),
    "filters": ("where", "when"),
    "float": ("number",),
    "full": ("all",),
    "group": ("group_by",),
    "groupby": ("group_by",),
    "having": ("where",),
    "if": ("when",),
    "inner": ("common",),
    "input": ("from",),
    "inputs": ("from",),
    "int": ("number",),
    "integer": ("number",),
    "join": ("merge",),
    "key": ("identifiers",),
    "keys": ("identifiers",),
    "mapping": ("fields",),
    "mappings": ("fields",),
    "mean": ("avg",),
    "monthly": ("month",),
    "multiselect": ("multi_picklist",),
    "name": ("rule", "chain", "id"),
    "outer": ("all",),
    "parameters": ("params",),
    "parent": ("from",),
    "percentage": ("percent",),
    "richtext": ("rich_text",),
    "schedules": ("schedule",),
    "select": ("show",),
    "steps": ("tasks",),
    "table": ("object",),
    "text": ("string",),
    "timestamp": ("datetime",),
    "title": ("rule", "chain", "id"),
    "update_or_insert": ("upsert",),
    "variables": ("params",),
    "weekly": ("week",),
    "when": ("where",),
    "where": ("when",),
}


def meant(word: str, known: Collection[str]) -> str:
    """The known word that `word` most likely stands for: the same thing by another name, else the most like it."""
    same = next((other for other in _SAME.get(word.lower().strip(), ()) if other in known), "")
    return same or nearest(word, known)
