"""Results for the terminal; reads result objects only."""
