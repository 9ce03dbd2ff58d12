"""Create the shared tables, endpoints, the event log, deliveries and their lanes."""

from libs.data.migrations import roles, run
from libs.data.platform import platform_sql
from libs.data.tenancy import protect, protect_tenant
from libs.vault.tables import data_keys_sql

revision = "0001"
down_revision = None

ENDPOINTS = """
CREATE TABLE endpoints (
    tenant_id text NOT NULL,
    environment text NOT NULL,
    id text NOT NULL,
    url text NOT NULL,
    events text[] NOT NULL,
    description text,
    status text NOT NULL CHECK (status IN ('active', 'paused')),
    retry_schedule text NOT NULL CHECK (retry_schedule IN ('default', 'extended')),
    paused_reason text,
    paused_at_sequence bigint,
    secret bytea NOT NULL,
    previous_secret bytea,
    previous_secret_expires_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, environment, id)
);
CREATE INDEX endpoints_with_previous_secret ON endpoints (previous_secret_expires_at) WHERE previous_secret IS NOT NULL;
"""

# A lane is an endpoint as its worker sees it: when to look at it, who does, and since when it only fails.
LANES = """
CREATE TABLE lanes (
    tenant_id text NOT NULL,
    environment text NOT NULL,
    webhook_id text NOT NULL,
    due_at timestamptz,
    held_by text,
    held_until timestamptz,
    failing_since timestamptz,
    last_failure_at timestamptz,
    alerted_at timestamptz,
    PRIMARY KEY (tenant_id, environment, webhook_id)
);
CREATE INDEX lanes_due ON lanes (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX lanes_held ON lanes (held_by) WHERE held_by IS NOT NULL;
CREATE INDEX lanes_failing ON lanes (failing_since) WHERE failing_since IS NOT NULL;
"""

LOG = """
CREATE TABLE event_counters (
    tenant_id text NOT NULL,
    environment text NOT NULL,
    last bigint NOT NULL,
    PRIMARY KEY (tenant_id, environment)
);
CREATE TABLE events (
    tenant_id text NOT NULL,
    environment text NOT NULL,
    sequence bigint NOT NULL,
    id text NOT NULL,
    name text NOT NULL,
    entity text NOT NULL,
    body bytea NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, environment, sequence)
);
CREATE INDEX events_by_name ON events (tenant_id, environment, name, sequence);
CREATE INDEX events_by_time ON events (tenant_id, environment, created_at);
"""

DELIVERIES = """
CREATE TABLE deliveries (
    tenant_id text NOT NULL,
    environment text NOT NULL,
    id text NOT NULL,
    webhook_id text NOT NULL,
    event_sequence bigint NOT NULL,
    event_type text NOT NULL,
    is_replay boolean NOT NULL,
    retry_schedule text NOT NULL,
    status text NOT NULL CHECK (status IN ('pending', 'success', 'failed')),
    attempts integer NOT NULL,
    response_code integer,
    error_message text,
    due_at timestamptz,
    delivered_at timestamptz,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, environment, id)
);
CREATE UNIQUE INDEX deliveries_of_event ON deliveries
    (tenant_id, environment, event_sequence, webhook_id, (CASE WHEN is_replay THEN id ELSE '' END));
CREATE INDEX deliveries_of_endpoint ON deliveries (tenant_id, environment, webhook_id, created_at DESC, id DESC);
CREATE INDEX deliveries_first_attempts ON deliveries (tenant_id, environment, webhook_id, event_sequence)
    WHERE status = 'pending' AND attempts = 0;
CREATE INDEX deliveries_later_attempts ON deliveries (tenant_id, environment, webhook_id, due_at)
    WHERE status = 'pending' AND attempts > 0;
CREATE INDEX deliveries_dead ON deliveries (tenant_id, environment, created_at DESC, id DESC) WHERE status = 'failed';
CREATE INDEX deliveries_open ON deliveries (tenant_id, environment, event_sequence) WHERE status <> 'success';
"""


def upgrade() -> None:
    run(
        platform_sql(roles())
        + data_keys_sql()
        + ENDPOINTS
        + LANES
        + LOG
        + DELIVERIES
        + protect(roles(), "endpoints", "lanes", "event_counters", "events", "deliveries")
        + protect_tenant(roles(), "data_keys")
    )
