"""Actions: each turns the rows of a dataset into a change list (actions.md)."""
