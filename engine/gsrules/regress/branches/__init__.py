"""The branches of a rule: every way that a row can take, as `record` looks for them and `test --coverage` counts them."""
