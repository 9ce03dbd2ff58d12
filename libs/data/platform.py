"""The tables that every service has: outbox, inbox, idempotency records, sagas, dead letters, audit."""

from libs.audit.tables import audit_sql
from libs.data.database import Roles
from libs.data.tenancy import append_only, grant_shared, protect, undeletable

TABLES = """
CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    entity text NOT NULL,
    message bytea NOT NULL
);
CREATE TABLE inbox (
    message_id text PRIMARY KEY,
    reply jsonb,
    received_at timestamptz NOT NULL
);
CREATE INDEX inbox_age ON inbox (received_at);
CREATE TABLE dead_letters (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    message_id text NOT NULL,
    message bytea NOT NULL,
    reason text NOT NULL,
    attempts integer NOT NULL,
    died_at timestamptz NOT NULL
);
CREATE TABLE idempotency (
    tenant_id text NOT NULL,
    environment text NOT NULL,
    operation text NOT NULL,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    status integer,
    headers jsonb,
    body bytea,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, environment, operation, key)
);
CREATE INDEX idempotency_age ON idempotency (created_at);
CREATE TABLE sagas (
    id text PRIMARY KEY,
    kind text NOT NULL,
    tenant_id text NOT NULL,
    environment text NOT NULL,
    entity text NOT NULL,
    state text NOT NULL,
    step integer NOT NULL,
    attempts integer NOT NULL,
    waiting boolean NOT NULL,
    data jsonb NOT NULL,
    error text,
    traceparent text NOT NULL,
    due_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX sagas_due ON sagas (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX sagas_by_tenant ON sagas (tenant_id, environment, created_at, id);
"""


def platform_sql(roles: Roles) -> str:
    """The shared tables with their rights, for the first migration of a service."""
    return "\n".join(
        [
            TABLES,
            audit_sql(),
            grant_shared(roles, "outbox", "inbox", "dead_letters"),
            protect(roles, "idempotency", "sagas", "audit_entries", "audit_heads"),
            append_only(roles, "audit_entries"),
            undeletable(roles, "audit_heads"),
        ]
    )
