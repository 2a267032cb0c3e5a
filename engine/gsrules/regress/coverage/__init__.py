"""Coverage: which branches of the rules the tests exercise."""

from gsrules.regress.coverage.observer import CoverageObserver
from gsrules.regress.coverage.report import CoverageReport, OwnerCoverage, RuleCoverage

__all__ = ["CoverageObserver", "CoverageReport", "OwnerCoverage", "RuleCoverage"]
