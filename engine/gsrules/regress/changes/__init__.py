"""What changed in the text of a rule, in words that an admin reads."""

from gsrules.regress.changes.rule import rule_changes

__all__ = ["rule_changes"]
