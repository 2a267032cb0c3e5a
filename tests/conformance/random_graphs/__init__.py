"""Random task graphs over random tables, computed by the engine and by the oracle.

`python -m tests.conformance.random_graphs --seeds 10000-20000` runs many of them by hand.
"""
