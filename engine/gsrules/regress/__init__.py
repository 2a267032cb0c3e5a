"""Rule tests with snapshots and coverage; and what compares, records, varies or explains runs."""
