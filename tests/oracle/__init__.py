"""A slow, plain evaluator of rules, written from the reference alone; it shares no code with the engine."""
