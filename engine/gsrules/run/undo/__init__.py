"""Takes a run's writes back: decides record by record whether that can be done, then does it in one transaction."""
