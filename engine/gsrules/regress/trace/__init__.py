"""What rows of a traced run were made of: its steps as tables, and the way from sources to effects."""

from gsrules.plan.unfold import Part, Unfolded
from gsrules.run.trace import RowSet, Trace

__all__ = ["Part", "RowSet", "Trace", "Unfolded"]
