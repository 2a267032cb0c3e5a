"""Commands that look into the local tenant: query, objects, reset."""

from __future__ import annotations

from typing import Annotated

import typer

from gsrules.cli.options import (
    DebugOption,
    OutputOption,
    ProjectOption,
    TabularOption,
    TenantOption,
    choice,
    workspace,
)


def register(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    app.command(epilog='Example: gsrules query "SELECT Name, ARR FROM company ORDER BY ARR DESC LIMIT 5"')(query)
    app.command(epilog="Example: gsrules objects call_to_action")(objects)
    app.command(epilog="Example: gsrules reset")(reset)


def query(
    sql: Annotated[str, typer.Argument(metavar="SELECT", help="One SELECT; objects are tables, fields are columns.")],
    tenant: TenantOption = None,
    format: TabularOption = "table",
    output: OutputOption = None,
    project: ProjectOption = None,
    debug: DebugOption = False,
) -> None:
    """Look into the local tenant with SQL; it only reads."""
    choice("--format", format, ("table", "csv", "json"))
    from gsrules.run.inspect import tenant_query
    from gsrules.views import table

    with tenant_query(workspace(project), sql, tenant) as rows:
        table.show(rows, format, output)


def objects(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="One object; default: all of them.")] = None,
    format: TabularOption = "table",
    output: OutputOption = None,
    project: ProjectOption = None,
    debug: DebugOption = False,
) -> None:
    """List the tenant's objects, or the fields of one."""
    choice("--format", format, ("table", "csv", "json"))
    from gsrules.run.inspect import object_rows
    from gsrules.views import table

    with object_rows(workspace(project), name) as rows:
        table.show(rows, format, output)


def reset(tenant: TenantOption = None, project: ProjectOption = None, debug: DebugOption = False) -> None:
    """Take the local tenant back to its seed records."""
    from gsrules.run.inspect import reset_tenant

    typer.echo(reset_tenant(workspace(project), tenant))
