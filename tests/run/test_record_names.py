"""Names behind GSIDs, where several objects have a record of one GSID."""

from __future__ import annotations

from pathlib import Path

from gsrules.run.record_names import names_in_object, names_in_tenant
from gsrules.run.workspace import Workspace
from tests.conftest import write_files

SUBSCRIPTION = """
    object: {name}
    label: {label}
    fields:
      Name: {{type: string, label: Name}}
    """


def test_custom_objects_share_gsids_so_only_the_object_tells_the_name(project: Path) -> None:
    files = {
        f"datasets/objects/{name}.yml": SUBSCRIPTION.format(name=name, label=label)
        for name, label in (("first__gc", "First"), ("second__gc", "Second"))
    }
    write_files(project, files)
    workspace = Workspace.open(project, project)
    with workspace.tenant() as tenant:
        tenant.seed_records({"first__gc": [{"Name": "Gold"}], "second__gc": [{"Name": "Silver"}, {"Name": "Tin"}]})
        gsids = [str(row[0]) for row in tenant.con.execute("SELECT Gsid FROM tenant.second__gc ORDER BY 1").fetchall()]
        assert names_in_object(tenant, workspace.catalogue.objects["first__gc"], gsids) == {gsids[0]: "Gold"}
        assert names_in_object(tenant, workspace.catalogue.objects["second__gc"], gsids) == {
            gsids[0]: "Silver",
            gsids[1]: "Tin",
        }
        assert names_in_tenant(tenant, gsids) == {gsids[1]: "Tin"}
