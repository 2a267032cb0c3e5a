"""The local tenant in DuckDB: tables, GSIDs, seeds, change lists applied, transactions."""

from typing import TYPE_CHECKING

from gsrules.spec.later import names_of

if TYPE_CHECKING:
    from gsrules.tenant.history import RunRecord
    from gsrules.tenant.tenant import Tenant, TenantMode

__all__ = ["RunRecord", "Tenant", "TenantMode"]

__getattr__ = names_of(__name__, {"history": "RunRecord", "tenant": "Tenant TenantMode"})
