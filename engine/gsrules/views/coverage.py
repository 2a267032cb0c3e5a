"""Coverage as text: the rules with their figures, then what the tests never did, and what it would take."""

from __future__ import annotations

from collections.abc import Iterator

from gsrules.regress.branches import Branch
from gsrules.regress.coverage import CoverageReport, RuleCoverage
from gsrules.views.problems import as_text

_BAR = 20


def coverage_text(report: CoverageReport) -> str:
    """All of it; nothing is cut."""
    width = max([len("total"), *(len(rule.rule) for rule in report.rules)])
    lines = ["coverage: branches of the rules that the tests exercised"]
    for rule in report.rules:
        lines.append(_line(rule.rule, width, rule.percent, rule.exercised, rule.total, _remark(rule)))
    lines.append(_line("total", width, report.percent, report.exercised, report.total, ""))
    for rule in report.rules:
        lines += _missed(rule)
    return "\n".join(lines)


def below_text(report: CoverageReport, wanted: float) -> str:
    """Why `--fail-under` fails: the figure, and the rules that lack most."""
    lacking = sorted((rule for rule in report.rules if rule.missed), key=lambda rule: -len(rule.missed))
    most = ", ".join(f"{rule.rule} {len(rule.missed)}" for rule in lacking[:3])
    missed = f": {report.total - report.exercised:,} branches missed, most in {most}" if most else ""
    return f"coverage {report.percent:.1f} % is below {wanted:g} %{missed}"


def _line(name: str, width: int, percent: float, exercised: int, total: int, remark: str) -> str:
    full = round(percent / 100 * _BAR)
    bar = "█" * full + "░" * (_BAR - full)
    return f"  {name:{width}}  {bar} {percent:5.1f} %  {exercised} of {total}{remark}"


def _remark(rule: RuleCoverage) -> str:
    if rule.problems:
        return "  cannot be listed"
    return "" if rule.tests else "  no test"


def _missed(rule: RuleCoverage) -> Iterator[str]:
    if rule.problems:
        yield f"\n{rule.rule}: its branches cannot be listed"
        yield as_text(rule.problems)
    if not rule.missed:
        return
    yield f"\n{rule.rule}: {len(rule.missed)} missed"
    for owner in rule.owners:
        if owner.missed:
            yield f"  {owner.owner} {owner.name}"
            for branch in owner.missed:
                yield from _branch(branch)


def _branch(branch: Branch) -> Iterator[str]:
    place = branch.place
    where = f"  {place.file}:{place.line}" if place is not None and place.file else ""
    yield f"    {branch.kind} {branch.text}: {branch.side}{where}"
    yield f"      {branch.need}"
