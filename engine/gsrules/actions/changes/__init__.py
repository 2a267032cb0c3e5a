"""How actions decide in SQL: staged rows, effects, messages, stamps (actions.md §10)."""
