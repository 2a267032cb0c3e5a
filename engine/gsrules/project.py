"""Finds a project and reads its settings (rule-language §1).

A project is a folder with `gsrules.toml`, with `[tool.gsrules]` in `pyproject.toml`, or at least with `rules/`.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import field
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any, Final

from gsrules.dataclass import dataclass
from gsrules.errors import InputError, Place, Problem, nearest
from gsrules.profile import Profile

SETTINGS_FILE: Final = "gsrules.toml"
MANAGED_BUCKET: Final = "gainsight-managed"

_RULE, _CHAIN = ".yml", ".chain.yml"
_PROFILE_KEYS: Final[Mapping[str, str]] = {
    "timezone": "tenant.timezone",
    "week_start": "calendar.week_start",
    "fiscal_year_start_month": "calendar.fiscal_year_start_month",
}
_FOLDERS: Final[Mapping[str, str]] = {"rules": "rules", "datasets": "datasets", "tests": "tests"}
_NOTIFIED: Final = ("success", "failure")
_ADDRESS = r"[^@\s,;<>]+@[^@\s,;<>]+"
_STORE: Final = ".gsrules/tenant.duckdb"
_KEYS: Final = (*_PROFILE_KEYS, *_FOLDERS, "store", "buckets", "pgp_keys", "notify", "profile", "limits", "runs")
_RUNS_TO_UNDO: Final = 20
_MOST_RUNS_TO_UNDO: Final = 1000
_BUCKET_TEXTS: Final = ("path", "url", "endpoint", "region", "profile")
_BUCKET_NUMBERS: Final[Mapping[str, tuple[int, int]]] = {
    "connect_timeout": (1, 600),
    "request_timeout": (1, 3600),
    "cache_mb": (0, 10_000_000),
}
_SECRETS_OF_BUCKETS: Final = (
    "secrets come from the environment (AWS_ACCESS_KEY_ID, …) or from an AWS profile (profile = …)"
)
_SECRET = r"(?i)secret|password|passwd|token|credential|access_?key|private_?key|passphrase"


@dataclass(frozen=True, slots=True)
class BucketSettings:
    """Where a bucket is: a folder (`path`), or real S3 (`url`); `profile` is an AWS profile.

    Of real S3: how many seconds a connection and an answer may take, and how many megabytes of its files are kept.
    """

    name: str
    path: Path | None = None
    url: str | None = None
    endpoint: str | None = None
    region: str | None = None
    profile: str | None = None
    connect_timeout: int = 5
    request_timeout: int = 20
    cache_mb: int = 5120


@dataclass(frozen=True, slots=True)
class Project:
    """A rules project: its folders, its buckets, its behaviour profile."""

    root: Path
    rules_dir: Path
    datasets_dir: Path
    tests_dir: Path
    store: Path
    buckets: Mapping[str, BucketSettings]
    profile: Profile
    settings_file: Path | None = None
    runs_to_undo: int = _RUNS_TO_UNDO
    """Of how many runs the tenant keeps what they overwrote (`[runs] undo`)."""
    pgp_keys: Mapping[str, Path] | None = field(default_factory=dict)
    """The files of secret PGP keys, by name; None where encrypted files are given in plain, as in rule tests."""
    notify: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Who is told of runs: e-mail addresses by `success` and `failure`, where a rule does not say otherwise."""

    @classmethod
    def find(cls, start: Path, explicit: Path | None = None) -> Project:
        """The project in the folder `explicit`, else the one that holds `start`.

        Raises `InputError` (GS-PROJECT-…) if there is none or its settings are wrong; then with every problem.
        """
        if explicit is not None:
            return _explicit(explicit)
        folder = start.resolve()
        above = (folder, *folder.parents)
        for candidate in above:
            settings = _settings_file(candidate)
            if settings is not None:
                return _opened(candidate, settings)
        for candidate in above:
            if (candidate / "rules").is_dir():
                return _opened(candidate, None)
        hint = "gsrules init writes a small project; gsrules demo shows one; --project DIR names one"
        raise InputError(Problem("GS-PROJECT-NONE", f"no rules project in {folder} or above it", hint=hint))

    def rule_ids(self) -> tuple[str, ...]:
        """The ids of all rules, sorted: paths below the rules folder without the ending."""
        return tuple(sorted(_ids(self.rules_dir, _RULE, _CHAIN)))

    def has_rule(self, rule_id: str) -> bool:
        """Whether there is a rule of that id."""
        return _is_id(rule_id, self.rules_dir, _RULE, _CHAIN)

    def has_chain(self, chain_id: str) -> bool:
        """Whether there is a chain of that id."""
        return _is_id(chain_id, self.rules_dir, _CHAIN, "")

    def chain_ids(self) -> tuple[str, ...]:
        """The ids of all chains, sorted."""
        return tuple(sorted(_ids(self.rules_dir, _CHAIN, "")))

    def rule_path(self, rule_id: str) -> Path:
        """The file of the rule. Raises `InputError` (GS-NAME) if there is none."""
        pure = PurePosixPath(rule_id)
        path = self.rules_dir / f"{rule_id}{_RULE}"
        if pure.is_absolute() or ".." in pure.parts or "\0" in rule_id or not path.is_file():
            known = self.rule_ids()
            hint = "a rule's id is its path below the rules folder without the ending"
            raise InputError(
                Problem("GS-NAME", f"there is no rule `{rule_id}`", None, "", rule_id, hint, nearest(rule_id, known))
            )
        return path

    def bucket(self, name: str) -> BucketSettings:
        """The settings of a bucket. Raises `InputError` (GS-PROJECT-BUCKET) if it is not known."""
        found = self.buckets.get(name)
        if found is None:
            hint = f"make the folder {self.datasets_dir / 's3' / name}, or add [buckets.{name}] to the settings"
            like = nearest(name, self.buckets)
            raise InputError(Problem("GS-PROJECT-BUCKET", f"there is no bucket `{name}`", None, "", name, hint, like))
        return found


def _ids(folder: Path, ending: str, other: str) -> Iterator[str]:
    if not folder.is_dir():
        return
    for path in folder.rglob(f"*{ending}"):
        relative = path.relative_to(folder)
        hidden = any(part.startswith(".") for part in relative.parts)
        if not hidden and path.is_file() and not (other and path.name.endswith(other)):
            yield relative.as_posix().removesuffix(ending)


def _is_id(name: str, folder: Path, ending: str, other: str) -> bool:
    """Whether `_ids` has that name; only the folders on its way are looked into."""
    file = f"{name}{ending}"
    if other and file.endswith(other):
        return False
    for part in file.split("/"):
        # names in listings have the letter case of the file, whatever the file system makes of that
        if part.startswith(".") or not folder.is_dir() or part not in os.listdir(folder):
            return False
        folder /= part
        if folder.is_dir() and folder.is_symlink():
            return False
    return folder.is_file()


def _explicit(folder: Path) -> Project:
    if folder.is_file() and folder.name in (SETTINGS_FILE, "pyproject.toml"):
        folder = folder.parent
    if not folder.is_dir():
        message = f"there is no folder {folder}"
        raise InputError(Problem("GS-PROJECT-NONE", message, hint="--project names the folder of a rules project"))
    root = folder.resolve()
    settings = _settings_file(root)
    if settings is None and not (root / "rules").is_dir():
        message = f"{root} is no rules project: it has neither {SETTINGS_FILE} nor a folder rules/"
        raise InputError(Problem("GS-PROJECT-NONE", message, hint="gsrules init writes a small project"))
    return _opened(root, settings)


def _settings_file(folder: Path) -> Path | None:
    own, shared = folder / SETTINGS_FILE, folder / "pyproject.toml"
    if own.is_file():
        return own
    if shared.is_file() and "tool.gsrules" in shared.read_text(encoding="utf-8", errors="replace"):
        return shared
    return None


def _opened(root: Path, settings: Path | None) -> Project:
    reader = _Settings(root, settings, *(_read(settings) if settings else ({}, "")))
    project = reader.project()
    if reader.problems:
        raise InputError(reader.problems)
    return project


def _read(path: Path) -> tuple[dict[str, Any], str]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
        content = tomllib.loads(text)
    except OSError as error:
        message = f"cannot read the settings: {error.strerror}"
        raise InputError(Problem("GS-PROJECT-SETTINGS", message, Place(str(path), 1, 1))) from error
    except UnicodeDecodeError as error:
        message, hint = "the settings are not UTF-8", "save the file as UTF-8"
        raise InputError(Problem("GS-PROJECT-SETTINGS", message, Place(str(path), 1, 1), hint=hint)) from error
    except tomllib.TOMLDecodeError as error:
        raise InputError(_broken(error, path, text)) from error
    if path.name == SETTINGS_FILE:
        return content, text
    tool = content.get("tool", {})
    return (tool.get("gsrules", {}) if isinstance(tool, dict) else {}), text


def _broken(error: tomllib.TOMLDecodeError, path: Path, text: str) -> Problem:
    found = re.search(r"line (\d+), column (\d+)", str(error))
    lines = text.split("\n")
    line, column = (int(found[1]), int(found[2])) if found else (len(lines), len(lines[-1]) + 1)
    shown = lines[line - 1] if line <= len(lines) else ""
    place = Place(str(path), line, column, "" if re.search(_SECRET, shown) else shown)
    reason = re.sub(r" \(at .*\)$", "", str(error))
    return Problem("GS-PROJECT-SETTINGS", f"the settings are not TOML: {reason}", place, hint='texts need quotes: "…"')


@dataclass(slots=True)
class _Settings:
    """Reads one settings table and collects what is wrong with it."""

    root: Path
    file: Path | None
    table: dict[str, Any]
    text: str
    problems: list[Problem] = field(default_factory=list)

    def project(self) -> Project:
        for key in self.table:
            self._check_key(key, _KEYS, key)
        folders = {key: self.root / self._text_of(key, default) for key, default in _FOLDERS.items()}
        return Project(
            root=self.root,
            rules_dir=folders["rules"],
            datasets_dir=folders["datasets"],
            tests_dir=folders["tests"],
            store=self.root / self._text_of("store", _STORE),
            buckets=MappingProxyType(self._buckets(folders["datasets"] / "s3")),
            profile=self._profile(),
            settings_file=self.file,
            runs_to_undo=self._runs_to_undo(),
            pgp_keys=MappingProxyType(self._pgp_keys()),
            notify=MappingProxyType(self._notify()),
        )

    def _profile(self) -> Profile:
        wanted: dict[str, object] = {}
        spelled: dict[str, str] = {}
        for key, value in _flat(self._table_of("profile")):
            self._set(wanted, spelled, key, value, f"profile.{key}")
        for key, value in self._table_of("limits").items():
            self._set(wanted, spelled, f"limits.{key}", value, f"limits.{key}")
        for key, target in _PROFILE_KEYS.items():
            if key in self.table:
                self._set(wanted, spelled, target, self.table[key], key)
        try:
            return Profile.default().overlaid(wanted, lambda key: self._place(spelled.get(key, key)))
        except InputError as error:
            self.problems.extend(error.problems)
            return Profile.default()

    def _set(self, wanted: dict[str, object], spelled: dict[str, str], key: str, value: object, path: str) -> None:
        if key in wanted:
            message = f"`{path}` and `{spelled[key]}` set the same thing"
            self._problem(message, path, hint="keep one of them")
            return
        wanted[key], spelled[key] = value, path

    def _buckets(self, folder: Path) -> dict[str, BucketSettings]:
        names = {path.name for path in folder.iterdir() if path.is_dir()} if folder.is_dir() else set()
        names = {name for name in names if not name.startswith(".")} | {MANAGED_BUCKET}
        found = {name: BucketSettings(name, path=folder / name) for name in sorted(names)}
        for name, table in self._table_of("buckets").items():
            if isinstance(table, dict):
                found[name] = self._bucket(name, table)
            else:
                hint = f'write [buckets.{name}] and below it path = "…"'
                self._problem(f"`buckets.{name}` must be a table", f"buckets.{name}", hint=hint)
        return found

    def _bucket(self, name: str, table: dict[str, Any]) -> BucketSettings:
        where = f"buckets.{name}"
        known = (*_BUCKET_TEXTS, *_BUCKET_NUMBERS)
        values = {key: value for key, value in table.items() if self._check_key(key, known, f"{where}.{key}")}
        texts = {key: str(value) for key, value in values.items() if self._is_bucket_text(where, key, value)}
        numbers = {key: value for key, value in values.items() if self._is_bucket_number(where, key, value)}
        if ("path" in table) == ("url" in table):
            message = f"the bucket `{name}` needs either `path` (a folder) or `url` (s3://bucket/prefix)"
            self._problem(message, where)
        self._check_address(where, texts, "url", r"s3://[^/?#\s]+(/[^?#\0]*)?", "s3://bucket/prefix")
        self._check_address(where, texts, "endpoint", r"https?://[^/?#\s]+/?", "http://localhost:9000")
        if "path" in texts:
            for key in sorted(values.keys() - {"path", "url"}):
                self._problem(f"`{where}.{key}` belongs to a bucket with `url`", f"{where}.{key}")
            return BucketSettings(name, self.root / texts["path"])
        endpoint = texts["endpoint"].rstrip("/") if "endpoint" in texts else None
        return BucketSettings(
            name, None, texts.get("url"), endpoint, texts.get("region"), texts.get("profile"), **numbers
        )

    def _is_bucket_text(self, where: str, key: str, value: object) -> bool:
        if key not in _BUCKET_TEXTS:
            return False
        if isinstance(value, str) and value.strip():
            return True
        self._problem(f"`{where}.{key}` must be a text", f"{where}.{key}", value=value, hint=f'{key} = "…"')
        return False

    def _is_bucket_number(self, where: str, key: str, value: object) -> bool:
        if key not in _BUCKET_NUMBERS:
            return False
        low, high = _BUCKET_NUMBERS[key]
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return True
        message = f"`{where}.{key}` must be a whole number from {low} to {high}"
        self._problem(message, f"{where}.{key}", value=value)
        return False

    def _check_address(self, where: str, texts: Mapping[str, str], key: str, form: str, example: str) -> None:
        address = texts.get(key)
        if address is None:
            return
        if "@" in address.partition("://")[2].partition("/")[0]:
            message = f"`{where}.{key}`: secrets do not belong into the settings"
            self._problem(message, f"{where}.{key}", code="GS-PROJECT-SECRET", hint=_SECRETS_OF_BUCKETS)
        elif not re.fullmatch(form, address):
            self._problem(f"`{where}.{key}` is no S3 address", f"{where}.{key}", value=address, hint=example)

    def _runs_to_undo(self) -> int:
        table = self._table_of("runs")
        for key in table:
            self._check_key(key, ("undo",), f"runs.{key}")
        value = table.get("undo", _RUNS_TO_UNDO)
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST_RUNS_TO_UNDO:
            return value
        message = f"`runs.undo` must be a whole number from 0 to {_MOST_RUNS_TO_UNDO}"
        self._problem(message, "runs.undo", value=value, hint="of so many runs the tenant keeps what they overwrote")
        return _RUNS_TO_UNDO

    def _notify(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for key, value in self._table_of("notify").items():
            if not self._check_key(key, _NOTIFIED, f"notify.{key}"):
                continue
            given = [value] if isinstance(value, str) else value
            if isinstance(given, list) and all(isinstance(one, str) and re.fullmatch(_ADDRESS, one) for one in given):
                found[key] = tuple(given)
            else:
                hint = f'{key} = ["ops@example.com"]'
                self._problem(f"`notify.{key}` must be a list of e-mail addresses", f"notify.{key}", hint=hint)
        return found

    def _pgp_keys(self) -> dict[str, Path]:
        found: dict[str, Path] = {}
        for name, table in self._table_of("pgp_keys").items():
            where = f"pgp_keys.{name}"
            if not isinstance(table, dict):
                self._problem(f"`{where}` must be a table", where, hint=f'write [{where}] and below it path = "…"')
                continue
            hint = "a passphrase comes from the environment variable GSRULES_PGP_<NAME>_PASSPHRASE"
            for key in table:
                self._check_key(key, ("path",), f"{where}.{key}", hint)
            path = table.get("path")
            if isinstance(path, str) and path.strip():
                found[name] = self.root / path
            else:
                self._problem(f"`{where}.path` must be the file of a secret key", where, hint='path = "…"')
        return found

    def _check_key(self, key: str, known: tuple[str, ...], path: str, instead: str = _SECRETS_OF_BUCKETS) -> bool:
        if key in known:
            return True
        if re.search(_SECRET, key):
            message = f"`{path}`: secrets do not belong into the settings"
            self._problem(message, path, code="GS-PROJECT-SECRET", hint=instead)
            return False
        like = nearest(key, known)
        hint = "" if like else "known here: " + ", ".join(known)
        self._problem(f"`{path}` is no setting", path, value=key, hint=hint, near=like)
        return False

    def _text_of(self, key: str, default: str) -> str:
        value = self.table.get(key, default)
        if isinstance(value, str) and value.strip():
            return value
        self._problem(f"`{key}` must be a path", key, value=value, hint=f'for example: {key} = "{default}"')
        return default

    def _table_of(self, key: str) -> dict[str, Any]:
        value = self.table.get(key, {})
        if isinstance(value, dict):
            return value
        self._problem(f"`{key}` must be a table", key, value=value, hint=f"write [{key}] and the keys below it")
        return {}

    def _problem(
        self,
        message: str,
        path: str,
        *,
        code: str = "GS-PROJECT-SETTINGS",
        value: object = "",
        hint: str = "",
        near: str = "",
    ) -> None:
        self.problems.append(Problem(code, message, self._place(path), "", str(value), hint, near))

    def _place(self, path: str) -> Place | None:
        """Where a setting stands: tomllib keeps no places, so the line is looked for."""
        if self.file is None:
            return None
        number, column = _line_of(self.text, path)
        line = self.text.split("\n")[number - 1].rstrip("\r")
        if re.search(_SECRET, path) or "@" in line:
            line = line.split("=")[0] + "= …"  # a report is no place for a secret either
        return Place(_shown(self.file), number, column, line, max(len(line.split("=")[0].strip()), 1))


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _line_of(text: str, path: str) -> tuple[int, int]:
    """Line and column of the setting `path` (dotted), or of the nearest table above it."""
    table, best = "", (1, 1)
    depth = -1
    for number, line in enumerate(text.split("\n"), 1):
        header = re.match(r"\s*\[([^\[\]]+)\]", line)
        entry = re.match(r"\s*([\w.\"'\- ]+?)\s*=", line)
        if header:
            table = _plain(header[1]).removeprefix("tool.gsrules").removeprefix(".")
            full = table
        elif entry:
            full = f"{table}.{_plain(entry[1])}" if table else _plain(entry[1])
        else:
            continue
        if (path == full or path.startswith(f"{full}.")) and len(full) > depth:
            depth, best = len(full), (number, len(line) - len(line.lstrip()) + 1)
    return best


def _plain(key: str) -> str:
    return re.sub(r"[\"'\s]", "", key)


def _shown(path: Path) -> str:
    try:
        return path.relative_to(Path.cwd()).as_posix()
    except ValueError:
        return str(path)
