"""The checks; each module registers one as `ADVICE`."""
