"""The command that tells why a record did or did not act."""

from __future__ import annotations

from typing import Annotated

import typer

from gsrules.cli.options import (
    DebugOption,
    ParamOption,
    ProjectOption,
    RuleDateOption,
    TenantOption,
    choice,
    date_of,
    params_of,
    workspace,
)


def register(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    app.command(epilog="Example: gsrules why adoption/usage_drop \"Name = 'Acme'\"")(why)


def why(
    rule: Annotated[str, typer.Argument(metavar="RULE", help="A rule's id or file.")],
    condition: Annotated[
        str, typer.Argument(metavar="CONDITION", help="Which records: a condition in the rule language.")
    ],
    at: Annotated[str | None, typer.Option("--at", metavar="TASK", help="Ask about the rows of this dataset.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="The most records told one by one.")] = 20,
    rule_date: RuleDateOption = None,
    param: ParamOption = None,
    tenant: TenantOption = None,
    format: Annotated[str, typer.Option("--format", metavar="text|json", help="How to print the answer.")] = "text",
    project: ProjectOption = None,
    debug: DebugOption = False,
) -> None:
    """Tell why records did or did not act: every filter, merge and action that they met, with actual and wanted values.

    The rule is run as a dry run on the tenant as it is now; nothing is kept.
    """
    choice("--format", format, ("text", "json"))
    date, params = date_of(rule_date), params_of(param)
    from gsrules.regress.why import explain
    from gsrules.views import why as view

    found = explain(
        workspace(project),
        rule,
        condition,
        at=at,
        rule_date=date,
        params=params,
        tenant_path=tenant,
        limit=limit,
        stories=limit if format == "json" else 1,
    )
    view.show(found, format)
