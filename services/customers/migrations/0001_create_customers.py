"""Create the shared tables, data keys, customers and re-encryptions."""

from libs.data.migrations import roles, run
from libs.data.platform import platform_sql
from libs.data.tenancy import protect, protect_tenant
from libs.vault.tables import data_keys_sql

revision = "0001"
down_revision = None

# No index on search_tokens: array operators are not leakproof, and so of no use to an index under row-level security.
CUSTOMERS = """
CREATE TABLE customers (
    tenant_id text NOT NULL,
    environment text NOT NULL,
    id text NOT NULL,
    version integer NOT NULL,
    personal bytea NOT NULL,
    key_version integer NOT NULL,
    email_index bytea NOT NULL,
    search_tokens bytea[] NOT NULL,
    company text,
    country text,
    status text NOT NULL,
    provisional boolean NOT NULL,
    holds integer NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, environment, id)
);
CREATE UNIQUE INDEX customers_email ON customers (tenant_id, environment, email_index);
CREATE INDEX customers_newest ON customers (tenant_id, environment, created_at DESC, id DESC);
CREATE INDEX customers_changed ON customers (tenant_id, environment, updated_at DESC, id DESC);
CREATE INDEX customers_by_key ON customers (tenant_id, environment, key_version);
CREATE INDEX customers_provisional ON customers (updated_at) WHERE provisional;

CREATE TABLE rekeys (
    tenant_id text NOT NULL,
    environment text NOT NULL,
    key_version integer NOT NULL,
    previous_key_version integer NOT NULL,
    records_rekeyed integer NOT NULL,
    started_at timestamptz NOT NULL,
    completed_at timestamptz,
    PRIMARY KEY (tenant_id, environment, key_version)
);
CREATE INDEX rekeys_open ON rekeys (started_at) WHERE completed_at IS NULL;
"""


def upgrade() -> None:
    own = roles()
    run(
        platform_sql(own)
        + data_keys_sql()
        + CUSTOMERS
        + protect(own, "customers", "rekeys")
        + protect_tenant(own, "data_keys")
    )
