"""Create the shared tables, the books of deals, what is open at Stripe, and settings."""

from libs.data.migrations import roles, run
from libs.data.platform import platform_sql
from libs.data.tenancy import protect

revision = "0001"
down_revision = None

TABLES = """
CREATE TABLE payment_settings (
    tenant_id text NOT NULL,
    environment text NOT NULL,
    account_id text,
    charges_enabled boolean NOT NULL,
    payouts_enabled boolean NOT NULL,
    details_submitted boolean NOT NULL,
    disconnected_at timestamptz,
    payment_methods jsonb NOT NULL,
    invoice_settings jsonb NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, environment)
);
CREATE UNIQUE INDEX payment_settings_account ON payment_settings (account_id);
CREATE TABLE deal_payments (
    tenant_id text NOT NULL,
    environment text NOT NULL,
    deal_id text NOT NULL,
    currency text NOT NULL,
    total numeric NOT NULL,
    captured numeric NOT NULL,
    refunded numeric NOT NULL,
    authorised numeric NOT NULL,
    payment_status text NOT NULL,
    sequence integer NOT NULL,
    customer_id text,
    job_id text,
    PRIMARY KEY (tenant_id, environment, deal_id)
);
CREATE TABLE payments (
    tenant_id text NOT NULL,
    environment text NOT NULL,
    id text NOT NULL,
    entry bigint GENERATED ALWAYS AS IDENTITY,
    deal_id text NOT NULL,
    type text NOT NULL,
    method text NOT NULL,
    amount numeric NOT NULL CHECK (amount > 0),
    currency text NOT NULL,
    status text NOT NULL,
    reference text,
    notes text,
    reason text,
    payment_intent_id text,
    provider_id text,
    refund_of text,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, environment, id),
    UNIQUE (tenant_id, environment, provider_id)
);
CREATE INDEX payments_of_deal ON payments (tenant_id, environment, deal_id, entry DESC);
CREATE TABLE intents (
    tenant_id text NOT NULL,
    environment text NOT NULL,
    id text NOT NULL,
    deal_id text NOT NULL,
    account_id text NOT NULL,
    amount numeric NOT NULL CHECK (amount > 0),
    received numeric NOT NULL,
    currency text NOT NULL,
    status text NOT NULL,
    purpose text NOT NULL,
    capture_method text NOT NULL,
    link_id text,
    seen_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, environment, id)
);
CREATE INDEX intents_by_id ON intents (id);
CREATE INDEX intents_of_deal ON intents (tenant_id, environment, deal_id, created_at DESC);
CREATE TABLE links (
    tenant_id text NOT NULL,
    environment text NOT NULL,
    id text NOT NULL,
    deal_id text NOT NULL,
    account_id text NOT NULL,
    amount numeric NOT NULL CHECK (amount > 0),
    currency text NOT NULL,
    status text NOT NULL,
    session_id text,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, environment, id)
);
CREATE INDEX links_of_deal ON links (tenant_id, environment, deal_id);
CREATE TABLE attempts (
    tenant_id text NOT NULL,
    environment text NOT NULL,
    id text NOT NULL,
    kind text NOT NULL,
    operation text NOT NULL,
    deal_id text NOT NULL,
    subject_id text,
    request jsonb NOT NULL,
    caller_key text,
    state text NOT NULL,
    checks integer NOT NULL,
    check_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, environment, id)
);
CREATE INDEX attempts_due ON attempts (check_at) WHERE state = 'pending';
CREATE INDEX attempts_of_caller ON attempts (tenant_id, environment, operation, caller_key)
    WHERE caller_key IS NOT NULL;
CREATE INDEX attempts_of_deal ON attempts (tenant_id, environment, deal_id) WHERE state = 'pending';
CREATE TABLE customer_methods (
    tenant_id text NOT NULL,
    environment text NOT NULL,
    account_id text NOT NULL,
    customer_id text NOT NULL,
    provider_id text NOT NULL,
    method text,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, environment, account_id, customer_id)
);
CREATE TABLE settlements (
    tenant_id text NOT NULL,
    environment text NOT NULL,
    id text NOT NULL,
    deal_id text NOT NULL,
    participant_id text,
    amount numeric NOT NULL,
    currency text NOT NULL,
    method text NOT NULL,
    status text NOT NULL,
    attempts integer NOT NULL,
    created_at timestamptz NOT NULL,
    settled_at timestamptz,
    PRIMARY KEY (tenant_id, environment, id)
);
CREATE UNIQUE INDEX settlements_of_party ON settlements (tenant_id, environment, deal_id, coalesce(participant_id, ''));
CREATE TABLE provider_events (
    tenant_id text NOT NULL,
    environment text NOT NULL,
    id text NOT NULL,
    type text NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, environment, id)
);
CREATE TABLE disputes (
    tenant_id text NOT NULL,
    environment text NOT NULL,
    id text NOT NULL,
    deal_id text NOT NULL,
    payment_intent_id text,
    amount numeric NOT NULL,
    currency text NOT NULL,
    reason text NOT NULL,
    status text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, environment, id)
);
"""
PROTECTED = (
    "payment_settings",
    "deal_payments",
    "payments",
    "intents",
    "links",
    "attempts",
    "customer_methods",
    "settlements",
    "provider_events",
    "disputes",
)


def upgrade() -> None:
    run(platform_sql(roles()) + TABLES + protect(roles(), *PROTECTED))
