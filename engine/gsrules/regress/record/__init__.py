"""Recording: the few source rows that exercise every branch of a rule, masked, as a test that a person would write."""

from gsrules.regress.record.masking import MaskOptions
from gsrules.regress.record.recorder import Recording, RecordOptions, record, record_to, target_of

__all__ = ["MaskOptions", "RecordOptions", "Recording", "record", "record_to", "target_of"]
