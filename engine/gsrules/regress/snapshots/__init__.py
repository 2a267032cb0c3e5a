"""Kept snapshots of tests: every effect of their runs, in readable files beside the tests."""
