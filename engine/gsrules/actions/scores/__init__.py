"""Scores, their schemes, rollup and history (actions.md §5.10, §7)."""
