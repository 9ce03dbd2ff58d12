"""Create the shared tables and signing keys."""

from libs.data.migrations import roles, run
from libs.data.platform import platform_sql
from libs.data.tenancy import protect_tenant
from libs.vault.tables import signing_keys_sql

revision = "0001"
down_revision = None


def upgrade() -> None:
    run(platform_sql(roles()) + signing_keys_sql() + protect_tenant(roles(), "signing_keys"))
