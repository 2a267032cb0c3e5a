"""The load algorithm and what single loads add to it (actions.md §4, §5)."""
