"""Success plans, their templates and objectives (actions.md §8)."""
