"""Create the shared tables, deals and their terms."""

from libs.data.migrations import roles, run
from libs.data.platform import platform_sql
from libs.data.tenancy import protect

revision = "0001"
down_revision = None

DEALS = """
CREATE TABLE deals (
    tenant_id text NOT NULL,
    environment text NOT NULL,
    id text NOT NULL,
    version integer NOT NULL,
    title text NOT NULL,
    description text,
    status text NOT NULL,
    customer_id text,
    deal_type text NOT NULL,
    billing_cycle text,
    currency text NOT NULL,
    presentation_currency text,
    settlement_currency text,
    tax_rate numeric,
    default_rate numeric,
    deposit_required numeric,
    notes text,
    metadata jsonb NOT NULL,
    terms jsonb NOT NULL,
    terms_version integer NOT NULL,
    line_items jsonb NOT NULL,
    discounts jsonb NOT NULL,
    signatures jsonb NOT NULL,
    subtotal numeric NOT NULL,
    discount_total numeric NOT NULL,
    tax_amount numeric NOT NULL,
    total numeric NOT NULL,
    shown_rate numeric NOT NULL,
    captured numeric NOT NULL,
    refunded numeric NOT NULL,
    authorised numeric NOT NULL,
    payment_status text NOT NULL,
    payment_sequence integer NOT NULL,
    signatures_asked boolean NOT NULL,
    signature_requested_at timestamptz,
    signed boolean NOT NULL GENERATED ALWAYS AS (
        jsonb_path_exists(signatures, '$[*] ? (@.withdrawn_at == null)')
    ) STORED,
    closed_at timestamptz,
    fulfilled_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, environment, id)
);
CREATE INDEX deals_newest ON deals (tenant_id, environment, created_at DESC, id DESC);
CREATE INDEX deals_changed ON deals (tenant_id, environment, updated_at DESC, id DESC);
CREATE INDEX deals_of_customer ON deals (tenant_id, environment, customer_id, created_at DESC);
CREATE INDEX deals_by_status ON deals (tenant_id, environment, status, created_at DESC, id DESC);
CREATE INDEX deals_by_id ON deals (id);
CREATE INDEX deals_awaiting_signatures ON deals (signature_requested_at)
    WHERE status IN ('pending_signature', 'awaiting_signatures');
CREATE TABLE deal_products (
    tenant_id text NOT NULL,
    environment text NOT NULL,
    product_id text NOT NULL,
    deal_id text NOT NULL,
    PRIMARY KEY (tenant_id, environment, product_id, deal_id)
);
CREATE INDEX products_of_deal ON deal_products (tenant_id, environment, deal_id);
CREATE TABLE deal_terms (
    tenant_id text NOT NULL,
    environment text NOT NULL,
    deal_id text NOT NULL,
    version integer NOT NULL,
    terms jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, environment, deal_id, version)
);
"""


def upgrade() -> None:
    run(platform_sql(roles()) + DEALS + protect(roles(), "deals", "deal_products", "deal_terms"))
