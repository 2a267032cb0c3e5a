"""Pages: one self-contained HTML file each, of a run, of a test suite, of a difference."""
