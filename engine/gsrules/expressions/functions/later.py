"""Functions that Gainsight has and this version does not run; using one gives GS-NOT-YET."""

from __future__ import annotations

from gsrules.catalogue.datatypes import NUMBER
from gsrules.expressions.functions.model import NUMBERS, Function, Param

_X = (Param("x", NUMBERS),)
_XY = (Param("x", NUMBERS), Param("y", NUMBERS))

FUNCTIONS = (
    Function("random", "random", (), NUMBER, "A repeatable number from 0 up to, not including, 1.", "never null"),
    Function("covar_pop", "covar_pop", _XY, NUMBER, "The population covariance over all rows of the task."),
    Function("correlation", "correlation", _XY, NUMBER, "The correlation over all rows of the task."),
    Function("var_pop", "var_pop", _X, NUMBER, "The population variance over all rows of the task.", evidence="cli"),
    Function(
        "stddev_pop", "stddev_pop", _X, NUMBER, "The population deviation over all rows of the task.", evidence="cli"
    ),
    Function("median", "median", _X, NUMBER, "The median over all rows of the task.", evidence="choice"),
)
