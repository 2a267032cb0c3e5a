"""What parameters of actions say: columns, constants, lookups, conversions, entities (actions.md §3)."""
