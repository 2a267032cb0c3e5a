"""Regression testing: rule tests now; snapshots, differences and explanations build on the same parts."""
