"""Whom the rows of load_to_people mean, and what is written of them (actions.md §5.4)."""
