"""Row-level security: which rows a transaction sees (architecture decision 5)."""

from libs.data.database import Roles

TENANT = "tenant_id = current_setting('app.tenant', true)"
ENVIRONMENT = "environment = current_setting('app.environment', true)"


def protect(roles: Roles, *tables: str) -> str:
    """SQL that lets the app role see its tenant's rows of its environment, and the worker role all."""
    return "\n".join(_policies(roles, table, f"{TENANT} AND {ENVIRONMENT}") for table in tables)


def protect_tenant(roles: Roles, *tables: str) -> str:
    """As `protect`, for tables whose rows belong to a tenant in both environments."""
    return "\n".join(_policies(roles, table, TENANT) for table in tables)


def grant_shared(roles: Roles, *tables: str) -> str:
    """SQL for tables that belong to no tenant: both roles read and write them."""
    return "\n".join(
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {roles.app}, {roles.worker};" for table in tables
    )


def append_only(roles: Roles, table: str) -> str:
    """Take the right to change or delete rows away again."""
    return f"REVOKE UPDATE, DELETE ON {table} FROM {roles.app}, {roles.worker};"


def undeletable(roles: Roles, table: str) -> str:
    """Take the right to delete rows away again."""
    return f"REVOKE DELETE ON {table} FROM {roles.app}, {roles.worker};"


def _policies(roles: Roles, table: str, condition: str) -> str:
    return f"""
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON {table} TO {roles.app} USING ({condition}) WITH CHECK ({condition});
CREATE POLICY all_rows ON {table} TO {roles.worker} USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {roles.app}, {roles.worker};"""
