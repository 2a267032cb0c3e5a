"""Keyed comparison of tables, and of what two forms of a rule did with the same data."""
