"""The local tenant in DuckDB: tables, GSIDs, seeds, change lists applied, transactions."""

from gsrules.tenant.tenant import RunRecord, Tenant, TenantMode

__all__ = ["RunRecord", "Tenant", "TenantMode"]
