"""Why a record did or did not act: the rule's own steps, followed for the records that are asked about."""

from gsrules.regress.why.explain import answer, explain
from gsrules.regress.why.model import Why

__all__ = ["Why", "answer", "explain"]
