"""One run of a rule: datasets, actions, one transaction, artefacts; and chains of runs."""
