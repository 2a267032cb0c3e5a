"""Functions over all rows of a task: statistics, and the repeatable random number (data-setup.md §11.2, §11.4).

They stand in formulas of a transform only. The plan lifts each call into a column that is computed before the
formulas (`plan.nodes.OverRows`), so that none is spelled as an expression.
"""

from __future__ import annotations

from gsrules.catalogue.datatypes import NUMBER
from gsrules.expressions.functions.model import NUMBERS, Example, Function, Param

_X = (Param("x", NUMBERS),)
_XY = (Param("x", NUMBERS), Param("y", NUMBERS))
_SKIPPED = "rows with a null argument are skipped; null if no row is left"
_PAIRS = ({"x": "1", "y": "2"}, {"x": "2", "y": "4"}, {"x": "3", "y": "6"})
_FOUR = ({"x": "1"}, {"x": "2"}, {"x": "3"}, {"x": "4"})

FUNCTIONS = (
    Function(
        "covar_pop",
        "covar_pop",
        _XY,
        NUMBER,
        "The population covariance of x (independent) and y (dependent) over all rows of the task after its filters, "
        "the same on every row; 0 for one row. In formulas of a transform without groups only.",
        _SKIPPED,
        examples=(Example("covar_pop([x], [y])", "1.333333333", rows=_PAIRS),),
        over_rows=True,
    ),
    Function(
        "correlation",
        "correlation",
        _XY,
        NUMBER,
        "The correlation of x (independent) and y (dependent) over all rows of the task after its filters, the same "
        "on every row. In formulas of a transform without groups only.",
        _SKIPPED + ", or if x or y is the same on all of them",
        examples=(
            Example("correlation([x], [y])", "1", rows=_PAIRS),
            Example("correlation([x], 7)", None, rows=_FOUR),
        ),
        over_rows=True,
    ),
    Function(
        "var_pop",
        "var_pop",
        _X,
        NUMBER,
        "The population variance over all rows of the task after its filters, the same on every row; 0 for one row. "
        "In formulas of a transform without groups only.",
        _SKIPPED,
        evidence="cli",
        examples=(Example("var_pop([x])", "1.25", rows=_FOUR),),
        over_rows=True,
    ),
    Function(
        "stddev_pop",
        "stddev_pop",
        _X,
        NUMBER,
        "The population standard deviation, the root of var_pop, over all rows of the task after its filters, the "
        "same on every row. In formulas of a transform without groups only.",
        _SKIPPED,
        evidence="cli",
        examples=(Example("stddev_pop([x])", "2", rows=({"x": "1"}, {"x": "5"})),),
        over_rows=True,
    ),
    Function(
        "median",
        "median",
        _X,
        NUMBER,
        "The median over all rows of the task after its filters, the same on every row: the middle value, or the mean "
        "of the two middle ones. In formulas of a transform without groups only.",
        _SKIPPED,
        evidence="choice",
        examples=(Example("median([x])", "2.5", rows=_FOUR), Example("[x] - median([x])", "-1.5", rows=_FOUR)),
        over_rows=True,
    ),
    Function(
        "random",
        "random",
        (),
        NUMBER,
        "A number from 0 up to, not including, 1 that is the same whenever the rule runs for the same rule date on "
        "the same rows: the first 8 bytes of SHA-256 of `seed|rule id|rule date|task name|column|n`, divided by 2^64. "
        "The seed is the profile key formula.random_seed, n the number of the row in canonical order of the task's "
        "filtered input. Two calls in one formula give the same number. In formulas of a transform only.",
        "never null",
        evidence="choice",
        over_rows=True,
        keys=("formula.random_seed",),
    ),
)
