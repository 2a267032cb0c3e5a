"""The decisions on calls to action, and what they write (actions.md §6)."""
