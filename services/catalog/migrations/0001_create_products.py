"""Create the shared tables and products."""

from libs.data.migrations import roles, run
from libs.data.platform import platform_sql
from libs.data.tenancy import protect

revision = "0001"
down_revision = None

PRODUCTS = """
CREATE TABLE products (
    tenant_id text NOT NULL,
    environment text NOT NULL,
    id text NOT NULL,
    version integer NOT NULL,
    name text NOT NULL,
    description text,
    price numeric NOT NULL,
    currency text NOT NULL,
    cost numeric,
    sku text,
    type text NOT NULL,
    status text NOT NULL,
    category text,
    family_id text,
    requires_booking boolean NOT NULL,
    details jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, environment, id)
);
CREATE UNIQUE INDEX products_sku ON products (tenant_id, environment, sku) WHERE sku IS NOT NULL;
CREATE INDEX products_newest ON products (tenant_id, environment, created_at DESC, id DESC);
CREATE INDEX products_changed ON products (tenant_id, environment, updated_at DESC, id DESC);
"""


def upgrade() -> None:
    run(platform_sql(roles()) + PRODUCTS + protect(roles(), "products"))
