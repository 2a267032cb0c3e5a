"""Advice: what a rule says without an error, and yet hardly means. One module a check, found by scanning `checks`."""
