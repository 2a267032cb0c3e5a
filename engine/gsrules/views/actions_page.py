"""The page docs/actions.md, made from the kinds' registrations; `gsrules actions --format markdown` prints it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gsrules.actions.kind import ActionKind
from gsrules.actions.registry import action_kind
from gsrules.views.actions import Param, Piece, Shown, code_words, entries, every_action, evidence_words, mapping_piece

_HEAD = """\
# Actions

What a rule can do with the rows of a dataset. Find the action by its name in Gainsight, copy its example, and put your
own columns into it. `gsrules actions NAME` prints the same for one action; `gsrules validate` says what is missing.

Actions stand under `actions:` in a rule and run in that order. Each works on one dataset, on the rows that fulfil its
criteria (`when`). Every such row ends in one of *created*, *updated*, *closed*, *unchanged*, *skipped* and *failed*;
a row that is skipped or failed has a code, told under [row codes](#row-codes).

Beside this page: [guards](guards.md) stop a run that would do too much, [undo](undo.md) takes one back, and what would
leave the tenant goes to the [outbox](outbox.md): nothing is sent.
"""
_LOAD = "load_to_object"
_PARAMS = ("| key | takes | default | |", "|---|---|---|---|")


def actions_page() -> str:
    """The whole page."""
    found = entries()
    lines = [_HEAD, "| | in Gainsight | |", "|---|---|---|"]
    lines += [_line(each) for each in found]
    pieces = _pieces(found)
    lines += ["", "Every action has", "", *_table(every_action(), pieces), ""]
    for each in found:
        lines += _entry(each, pieces)
    lines += ["## Mappings and other pieces", ""]
    for piece in pieces.values():
        lines += _piece(piece, pieces)
    lines += ["## Row codes", "", "| code | |", "|---|---|"]
    codes = dict.fromkeys(code for each in found for code in each.kind.codes)
    lines += [f"| `{code}` | {code_words(code)} |" for code in sorted(codes)]
    return "\n".join(lines).rstrip() + "\n"


def _line(each: Shown) -> str:
    kind = each.kind
    return f"| [`{kind.name}`](#{kind.name}) | {kind.title} | {kind.description} |"


def _pieces(found: Iterable[Shown]) -> dict[str, Piece]:
    """The pieces of all kinds by name, the mapping first."""
    every = (mapping_piece(), *(piece for each in found for piece in each.pieces))
    return {piece.name: piece for piece in every}


def _entry(each: Shown, pieces: dict[str, Piece]) -> Iterator[str]:
    kind = each.kind
    yield f"## {kind.name}"
    yield ""
    yield f"**{kind.title}.** {kind.description}"
    yield ""
    yield "```yaml"
    yield kind.example.rstrip()
    yield "```"
    yield ""
    yield from _table(sorted(each.params, key=lambda param: not param.required), pieces)
    yield ""
    yield f"- In rules for {' and '.join(kind.entities)}"
    yield f"- In Gainsight: {evidence_words(kind)}"
    if kind.codes:
        yield f"- Row codes: {_codes(kind)}"
    yield ""


def _codes(kind: ActionKind) -> str:
    """The codes of a kind; those of a load together, because nearly every kind has them."""
    shared = () if kind.name == _LOAD else action_kind(_LOAD).codes
    together = set(shared) <= set(kind.codes)
    own = [f"`{code}`" for code in kind.codes if not together or code not in shared]
    those = f"those of [`{_LOAD}`](#{_LOAD})"
    return ", ".join([those, *own]) if shared and together else ", ".join(own)


def _piece(piece: Piece, pieces: dict[str, Piece]) -> Iterator[str]:
    yield f"### {piece.name}"
    yield ""
    yield f"{piece.description} {piece.short}".strip()
    yield ""
    yield from _table(piece.params, pieces)
    yield ""


def _table(params: Iterable[Param], pieces: dict[str, Piece]) -> Iterator[str]:
    yield from _PARAMS
    for param in params:
        default = "needed" if param.required else f"`{param.default}`" if param.default else ""
        yield f"| `{param.name}` | {_linked(param.takes, pieces)} | {default} | {_cell(param.description)} |"


def _linked(takes: str, pieces: dict[str, Piece]) -> str:
    """The words with links to the pieces that they name."""
    words = takes.replace("mapping", "[mapping](#mapping)")
    for name in pieces:
        if name != "mapping" and (takes == name or takes.endswith(f" {name}") or takes.startswith(f"{name} ")):
            words = words.replace(name, f"[{name}](#{name})")
    return words


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
