"""Which undocumented behaviours the result of a run really depended on.

Every doubtful behaviour is a key of the profile. A run with `behaviours` on notes which keys were asked at all; each of
those is then held against its other values: the rule is bound once more, and wherever that says something else, the
rows on which it makes a difference are counted. A key that was never asked, or that changes no spot of the plan and no
row, cannot have mattered.
"""

from gsrules.run.behaviours.model import Behaviour
from gsrules.run.behaviours.watched import Watched

__all__ = ["Behaviour", "Watched"]
