"""Templates to one self-contained file: style and script inside, and a policy that allows nothing else."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import cache, partial
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from gsrules import __version__
from gsrules.views.pages import cells, words
from gsrules.views.pages.drawing import Drawings


def render(template: str, names: Mapping[str, str], **values: Any) -> str:
    """The page of a template. `names` are what GSIDs are called; everything in `values` is shown as data."""
    environment = _environment(names)
    style = _asset("page.css") + _widths(values.get("drawings", ()))
    script = _asset("page.js")
    policy = (
        f"default-src 'none'; style-src {_digest(style)}; script-src {_digest(script)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    return environment.get_template(template).render(
        values, version=__version__, style=Markup(style), script=Markup(script), policy=Markup(policy)
    )


def _text(value: str, names: Mapping[str, str]) -> Markup:
    return cells.text(value, names) if value else Markup("")


def _environment(names: Mapping[str, str]) -> Environment:
    environment = Environment(
        loader=FunctionLoader(_asset), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "cell": partial(cells.cell, names=names),
        "text": partial(_text, names=names),
        "prose": cells.prose,
        "visible": cells.visible,
        "type_word": cells.type_word,
        "kind_title": words.kind_title,
        "duration": words.duration,
        "moment": words.moment,
        "counted": words.counted,
        "thousands": "{:,}".format,
        "number": "{:.1f}".format,
    }
    environment.tests["number_type"] = cells.is_number
    environment.globals |= {"STATUSES": words.STATUSES, "MODES": words.MODES}
    return environment


@cache
def _asset(name: str) -> str:
    return (files("gsrules.views.pages") / "templates" / name).read_text(encoding="utf-8")


def _widths(drawings: Any) -> str:
    """A drawing may be scaled down as long as it can be read; then its frame scrolls."""
    rules = []
    for position, drawn in enumerate(drawings, start=1):
        if isinstance(drawn, Drawings):
            for each in (drawn.across, drawn.down):
                if each is not None:
                    rules.append(f"#graph-{position}-{each.direction}{{min-width:{each.width * 0.84:.0f}px}}\n")
    return "".join(rules)


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
