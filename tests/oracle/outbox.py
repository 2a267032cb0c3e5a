"""`call_external_api` and `export_to_s3` (actions.md §9)."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from tests.oracle import formats
from tests.oracle.entities import Env
from tests.oracle.mapping import Staged
from tests.oracle.values import Column, FailedError, RefusedError, text_of

TOKEN = re.compile(r"\{\{\s*(\w+)\s*\}\}|\$\{\s*([^}]+?)\s*\}")
SEPARATORS = {"comma": ",", "tab": "\t", "pipe": "|", "semicolon": ";"}
QUOTES = {"double_quote": '"', "single_quote": "'"}
ESCAPES = {"backslash": "\\", "single_quote": "'", "double_quote": '"'}


class Call:
    """One outbox entry a row; every field of the callout is mapped to a column."""

    def __init__(self, env: Env) -> None:
        self.env, self.tenant = env, env.tenant
        callouts = env.tenant.callouts
        name = env.action["callout"]
        if name not in callouts or callouts[name].get("active", True) is False:
            raise RefusedError("GS-*", f"no callout {name}")
        self.callout: dict[str, Any] = callouts[name]
        if env.action.get("connection") not in (None, self.callout["connection"]):
            raise RefusedError("GS-*", "another connection")
        if len(str(env.action.get("description", ""))) > 500:
            raise RefusedError("GS-*", "the description is too long")
        fields = list(self.callout.get("fields", []))
        given = env.action.get("fields") or {}
        if not given or set(given) != set(fields) or len(set(fields)) != len(fields):
            raise RefusedError("GS-*", "every field of the callout is mapped, and nothing else")
        if not all(isinstance(column, str) for column in given.values()):
            raise RefusedError("GS-*", "literals are not allowed")
        texts = [self.callout["url"], self.callout.get("body") or "", *(self.callout.get("headers") or {}).values()]
        used = {a or b for text in texts for a, b in TOKEN.findall(text)}
        used -= {token for token in used if token.startswith("env:")}  # of the environment, in headers
        if not used <= set(fields):
            raise RefusedError("GS-*", f"tokens that are no fields: {used}")
        self.fields = {field: env.column(column) for field, column in given.items()}

    def run(self, rows: list[Staged]) -> None:
        headers = {
            name: value if name.lower() == "content-type" else "***"
            for name, value in (self.callout.get("headers") or {}).items()
        }
        kind = next((v for n, v in headers.items() if n.lower() == "content-type"), "")
        body = self.callout.get("body")
        as_json = "json" in kind.lower() or (not kind and is_json(body))
        for staged in rows:
            values = {f: text_of(c(staged.source), self.env.context) or "" for f, c in self.fields.items()}
            escaped = {f: json.dumps(v, ensure_ascii=False)[1:-1] if as_json else v for f, v in values.items()}
            self.tenant.outbox.append({
                "kind": "api_call", "row": staged.row, "connection": self.callout["connection"],
                "method": self.callout.get("method", "POST"), "headers": headers,
                "url": filled(self.callout["url"], {f: quote(v, safe="") for f, v in values.items()}),
                "body": None if body is None else filled(body, escaped),
            })  # fmt: skip
            staged.outcome = "created"


def filled(text: str, values: dict[str, str]) -> str:
    return TOKEN.sub(lambda found: values[found[1] or found[2]], text)


def is_json(text: str | None) -> bool:
    try:
        json.loads(TOKEN.sub("0", text or ""))
    except ValueError:
        return False
    return True


class Export:
    """A file of the rows, as far as texts of files are compared."""

    def __init__(self, env: Env) -> None:
        self.env = env
        action = env.action
        columns = env.scope.columns
        named = action.get("columns")
        named = [named] if isinstance(named, str) else named
        pairs = [name.partition(" as ") for name in named or ()]
        self.columns: list[Column] = [env.scope.column(name) for name, _, _ in pairs] if named else columns
        self.headers = [alias or c.label or c.name for (_, _, alias), c in zip(pairs, self.columns, strict=False)]
        self.headers = self.headers or [c.label or c.name for c in columns]
        self.file = action.get("file") or {}
        self.zone = ZoneInfo(action.get("timezone") or env.profile["tenant.timezone"])
        if action["path"].count("${pattern}") != ("pattern" in action):
            raise RefusedError("GS-*", "token and pattern come together")

    def run(self, rows: list[Staged]) -> None:
        for staged in rows:
            staged.outcome = "created"
        size = int(self.env.action.get("split_rows") or 0)
        parts = [rows[i : i + size] for i in range(0, len(rows), size)] if size and rows else [rows]
        for number, part in enumerate(parts, 1):
            key = self.key(number if size else None)
            existing = self.env.tenant.files.get(key)
            if existing is not None and self.env.profile["run.export_on_exists"] == "error":
                raise FailedError("EXPORT_EXISTS", key)
            self.env.tenant.files[key] = self.text(part)

    def key(self, number: int | None) -> str:
        action, context = self.env.action, self.env.context
        path = action["path"].replace("${rule_date}", context.rule_date.isoformat())
        if "pattern" in action:
            day = context.rule_date - timedelta(days=int(action["pattern"].get("subtract_days", 0)))
            path = path.replace("${pattern}", formats.write(day, action["pattern"]["format"], context.zone))
        stem, _, ending = path.rpartition(".")
        return f"{action.get('bucket', 'gainsight-managed')}/" + (f"{stem}_{number}.{ending}" if number else path)

    def text(self, rows: list[Staged]) -> str:
        separator = SEPARATORS[self.file.get("separator", "comma")]
        lines = [separator.join(self.quoted(header, separator) for header in self.headers)]
        lines += [separator.join(self.cell(s.source[c.name], separator) for c in self.columns) for s in rows]
        return "".join(line + "\n" for line in lines)

    def cell(self, value: Any, separator: str) -> str:
        action = self.env.action
        if value is None:
            return ""
        if isinstance(value, str):
            return self.quoted(value, separator)
        if hasattr(value, "hour"):
            pattern = action.get("datetime_format", "yyyy-MM-dd HH:mm:ss")
            return self.quoted(formats.write(value, pattern, self.zone), separator)
        if hasattr(value, "year"):
            return self.quoted(formats.write(value, action.get("date_format", "yyyy-MM-dd"), self.zone), separator)
        return self.quoted(text_of(value, self.env.context) or "", separator)

    def quoted(self, text: str, separator: str) -> str:
        quote_sign = QUOTES[self.file.get("qualifier", "double_quote")]
        escape = ESCAPES[self.file.get("escape", "backslash")]
        if text and not any(sign in text for sign in (separator, quote_sign, escape, "\n", "\r")):
            return text
        if escape != quote_sign:
            text = text.replace(escape, escape * 2)
        return quote_sign + text.replace(quote_sign, escape + quote_sign) + quote_sign
