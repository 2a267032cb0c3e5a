"""Which column types go into which field types (the static table of actions.md §3.4)."""

from __future__ import annotations

from typing import Final, Literal

from gsrules.catalogue.datatypes import DataType, Family, Kind

Cell = Literal["ok", "conv", "no"]
Coerce = Literal["strict", "lenient"]

_T, _N, _B = Family.TEXT, Family.NUMBER, Family.BOOLEAN
_D, _DT, _P, _MP, _ID = Family.DATE, Family.DATETIME, Family.PICKLIST, Family.MULTI_PICKLIST, Family.ID

# The row of a family: what it may go into beside "no".
_CELLS: Final[dict[Family, dict[Family, Cell]]] = {
    _T: {_T: "ok", _B: "conv", _D: "conv", _DT: "conv", _P: "conv", _MP: "conv", _ID: "conv"},
    _N: {_T: "conv", _N: "ok"},
    _B: {_T: "conv", _B: "ok"},
    _D: {_T: "conv", _D: "ok"},
    _DT: {_T: "conv", _DT: "ok"},
    _P: {_T: "conv", _P: "ok", _MP: "ok"},
    _MP: {_T: "conv", _MP: "ok"},
    _ID: {_T: "ok", _P: "conv", _ID: "ok"},
}

# The three cells that `load.coerce = lenient` turns into conversions.
_LENIENT: Final = frozenset({(_T, _N), (_D, _DT), (_DT, _D)})


def load_family(kind: DataType) -> Family:
    """The family for loads: an SFDC ID behaves as a text (actions.md §3.4)."""
    return Family.TEXT if kind.kind is Kind.SFDC_ID else kind.family


def cell(source: DataType, target: DataType, coerce: Coerce) -> Cell:
    """How a value of type `source` goes into a field of type `target`, customise mapping aside."""
    pair = (load_family(source), load_family(target))
    if coerce == "lenient" and pair in _LENIENT:
        return "conv"
    return _CELLS[pair[0]].get(pair[1], "no")


def needs_map(source: DataType, target: DataType) -> bool:
    """Whether a picklist goes into a picklist of another category, which only a customise mapping can do."""
    lists = (Family.PICKLIST, Family.MULTI_PICKLIST)
    return source.family in lists and target.family in lists and source.category != target.category


def why_not(source: DataType, target: DataType) -> str:
    """What to do about a pair that the table refuses."""
    pair = (load_family(source), load_family(target))
    if pair == (_T, _N):
        return "make it a number first: to_number(…) in a transform, or load.coerce = lenient"
    if pair in _LENIENT:
        return "convert it first (to_date, to_datetime) in a transform, or set load.coerce = lenient"
    return f"give a column that fits a {target} field"
