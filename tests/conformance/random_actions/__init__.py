"""Random actions over random rows: the engine must decide and write what the oracle decides and writes."""
