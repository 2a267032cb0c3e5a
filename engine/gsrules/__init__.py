"""gsrules: Gainsight's Rules Engine on a laptop."""

__version__ = "0.4.1"
