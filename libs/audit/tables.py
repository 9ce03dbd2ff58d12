"""The tables of the audit trail, to be included in the first migration of each service that keeps one."""


def audit_sql() -> str:
    """Entries and heads. A service's role gets SELECT and INSERT, on heads also UPDATE; only retention may DELETE.

    `changes` and `snapshot` are text, because jsonb would not keep the bytes that were hashed.
    """
    return """
CREATE TABLE audit_entries (
    tenant_id      text        NOT NULL,
    environment    text        NOT NULL CHECK (environment IN ('live', 'test')),
    entity_type    text        NOT NULL,
    entity_id      text        NOT NULL,
    sequence       integer     NOT NULL CHECK (sequence > 0),
    id             text        NOT NULL,
    action         text        NOT NULL,
    actor          text        NOT NULL,
    actor_type     text        NOT NULL,
    changes        text        NOT NULL,
    snapshot       text        NOT NULL,
    previous_hash  text        NOT NULL,
    entry_hash     text        NOT NULL,
    created_at     timestamptz NOT NULL,
    seal           bytea       NOT NULL,
    PRIMARY KEY (tenant_id, environment, entity_type, entity_id, sequence),
    UNIQUE (tenant_id, environment, id)
);
CREATE INDEX audit_entries_by_time ON audit_entries (tenant_id, environment, created_at, id);

CREATE TABLE audit_heads (
    tenant_id      text        NOT NULL,
    environment    text        NOT NULL CHECK (environment IN ('live', 'test')),
    entity_type    text        NOT NULL,
    entity_id      text        NOT NULL,
    count          integer     NOT NULL,
    head_hash      text        NOT NULL,
    pruned         integer     NOT NULL,
    pruned_hash    text        NOT NULL,
    mac            bytea       NOT NULL,
    PRIMARY KEY (tenant_id, environment, entity_type, entity_id)
);
"""
