"""The tables that graphs work on: records of two objects and a few files, all from one seed."""

from __future__ import annotations

import bz2
import gzip
import random
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from tests.conformance.random_graphs import pools
from tests.oracle import formats

COMMON = {
    "Text__gc": ("text", "string"), "Kind__gc": ("text", "string"), "Num__gc": ("number", "number"),
    "Pct__gc": ("number", "percentage"), "Big__gc": ("big", "number"), "Flag__gc": ("flag", "boolean"),
    "Day__gc": ("date", "date"), "At__gc": ("time", "datetime"),
}  # fmt: skip
FIELDS = {
    name: COMMON | {"Pick__gc": (f"pick of {name}", "picklist"), "Multi__gc": (f"multi of {name}", "multi_picklist")}
    for name in ("alpha__gc", "beta__gc")
}
LOOKUPS = {"alpha__gc": {"Beta__gc": "beta__gc"}, "beta__gc": {"Next__gc": "beta__gc"}}
SEPARATORS = {"comma": ",", "tab": "\t", "pipe": "|", "semicolon": ";"}
QUOTES = {"double_quote": '"', "single_quote": "'", "backslash": "\\"}
DATE_FORMATS = ["yyyy-MM-dd", "MM/dd/yyyy", "d.M.uuuu", "EEE, dd MMM yyyy", "MMMM d',' yyyy", "yyyyMMdd"]
TIME_FORMATS = [
    "yyyy-MM-dd'T'HH:mm:ss['.'SSS][XXXXX]", "MM/dd/yyyy HH:mm:ss.SSS", "yyyy-MM-dd hh:mm:ss.SSS a",
    "yyyyMMdd'T'HHmmssSSSXX", "EEEE d MMM yyyy H:m:s.SSSSSS xxx",
]  # fmt: skip
TYPES = {"text": "string", "number": "number", "big": "number", "date": "date", "time": "datetime", "flag": "boolean"}


@dataclass
class File:
    """A file in the managed bucket, with the settings of a task that reads it."""

    path: str
    kinds: dict[str, str]
    dialect: dict[str, Any]
    dates: dict[str, str]
    zone: str
    rows: list[list[str | None]]
    escape: str = "double"
    quoted: bool = False
    mark: bool = False

    def write(self, bucket: Path) -> None:
        data = self.text().encode(self.dialect.get("encoding", "UTF-8"))
        if self.mark:
            data = b"\xef\xbb\xbf" + data
        packed = {"gzip": gzip.compress, "bzip": bz2.compress}.get(self.dialect.get("compression", "none"))
        (bucket / self.path).write_bytes(packed(data) if packed else data)

    def text(self) -> str:
        separator = SEPARATORS[self.dialect.get("separator", "comma")]
        lines = [[self.cell(name) for name in self.kinds], *[[self.cell(c) for c in row] for row in self.rows]]
        return "".join(separator.join(line) + "\n" for line in lines)

    def cell(self, text: str | None) -> str:
        if text is None:
            return ""
        qualifier = QUOTES[self.dialect.get("qualifier", "double_quote")]
        escape = QUOTES[self.dialect.get("escape", "backslash")]
        special = (*SEPARATORS.values(), qualifier, "\n", "\r")
        if not self.quoted and not any(c in text for c in special) and text.strip() == text:
            return text
        body = text.replace(escape, escape * 2) if escape != qualifier else text
        body = body.replace(qualifier, escape + qualifier if self.escape == "escape" else qualifier * 2)
        return qualifier + body + qualifier


@dataclass
class World:
    """Records by object (with `Gsid`), and files."""

    seed: int
    records: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    files: list[File] = field(default_factory=list)


def gsid(family: str, number: int) -> str:
    return f"{family}{'RANDOMGRAPHS00'}{number:018d}"


def make_world(seed: int) -> World:
    dice = random.Random(f"world {seed}")
    world = World(seed)
    world.records["beta__gc"] = records(dice, "beta__gc", "1Z03", {})
    world.records["alpha__gc"] = records(dice, "alpha__gc", "1Z04", world.records)
    world.files = [make_file(dice, seed, number) for number in range(3)]
    return world


def records(
    dice: random.Random, name: str, family: str, others: dict[str, list[dict[str, Any]]]
) -> list[dict[str, Any]]:
    rows = [
        {"Gsid": gsid(family, number)} | {f: pools.value(dice, kind) for f, (kind, _) in FIELDS[name].items()}
        for number in range(dice.choice([0, 1, 2, 4, 6, 9, 12]))
    ]
    (lookup, target), *_ = LOOKUPS[name].items()
    known = [row["Gsid"] for row in others.get(target, rows)] + [gsid(family, 999), None]
    for row in rows:
        row[lookup] = dice.choice(known)
    return rows


def make_file(dice: random.Random, seed: int, number: int) -> File:
    encoding = dice.choice(["UTF-8"] * 5 + ["UTF-16", "ISO-8859-1", "windows-1252", "Shift_JIS"])
    dialect: dict[str, Any] = {
        "separator": dice.choice(["comma", "comma", "tab", "pipe", "semicolon"]),
        "qualifier": dice.choice(["double_quote", "double_quote", "single_quote"]),
        "escape": dice.choice(["backslash", "single_quote", "double_quote"]),
        "compression": dice.choice(["none", "none", "none", "gzip", "bzip"]),
        "encoding": encoding,
    }
    ending = {"none": "", "gzip": ".gz", "bzip": ".bz2"}[dialect["compression"]]
    kinds = ["text", "number", *dice.choices(pools.KINDS, k=3)]
    names = [f"w{seed % 10}f{number}{letter}" for letter in "abcde"]
    dates = {"date": dice.choice(DATE_FORMATS), "time": dice.choice(TIME_FORMATS)}
    zone = dice.choice(pools.ZONES)
    found = File(
        f"world{seed}-{number}.csv{ending}", dict(zip(names, kinds, strict=True)), dialect, dates, zone,
        [], dice.choice(["double", "escape"]), dice.random() < 0.3, encoding == "UTF-8" and dice.random() < 0.2,
    )  # fmt: skip
    for _ in range(dice.choice([0, 1, 3, 5, 8])):
        found.rows.append([written(dice, kind, found) for kind in kinds])
    return found


def plain_number(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def written(dice: random.Random, kind: str, file: File) -> str | None:
    """A cell as its file holds it; what the encoding lacks is left empty, so is what a blank line would be."""
    value = pools.value(dice, kind, 0.15)
    if value is None:
        return None
    if kind == "flag":
        text = dice.choice(["true", "TRUE", " True "]) if value else dice.choice(["false", "yes", "0"])
    elif isinstance(value, datetime):
        text = formats.write(value, file.dates["time"], ZoneInfo(file.zone))
    elif isinstance(value, date):
        text = formats.write(value, file.dates["date"], ZoneInfo("UTC"))
    elif kind in ("number", "big"):
        text = dice.choice([" {} ", "{}", "{}", "{}"]).format(plain_number(value))
    else:
        text = str(value)
    try:
        text.encode(str(file.dialect["encoding"]))
    except UnicodeEncodeError:
        return None
    return text
