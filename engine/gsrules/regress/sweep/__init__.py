"""What-if: a rule with many values of one parameter, from one run where that can be."""

from gsrules.regress.sweep.model import ActionSweep, Margin, MarginRow, Point, SweepReport
from gsrules.regress.sweep.sweeping import SweepOptions, sweep
from gsrules.regress.sweep.values import Swept, swept

__all__ = ["ActionSweep", "Margin", "MarginRow", "Point", "SweepOptions", "SweepReport", "Swept", "sweep", "swept"]
