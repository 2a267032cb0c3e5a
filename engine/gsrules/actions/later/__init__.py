"""Action kinds that Gainsight knows and this version does not run: full parameters, but binding says GS-NOT-YET."""
