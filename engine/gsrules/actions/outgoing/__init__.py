"""What actions put into the outbox and into files (actions.md §9)."""
