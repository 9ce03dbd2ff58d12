"""The vault's tables, to be included in the first migration of each service that keeps secrets."""


def data_keys_sql() -> str:
    """Wrapped data keys (`data`, versioned) and blind index keys (`index`, always version 1), one set per tenant."""
    return """
CREATE TABLE data_keys (
    tenant_id   text        NOT NULL,
    purpose     text        NOT NULL CHECK (purpose IN ('data', 'index')),
    version     integer     NOT NULL CHECK (version > 0),
    master_id   text        NOT NULL,
    wrapped     bytea       NOT NULL,
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, purpose, version)
);
"""


def signing_keys_sql() -> str:
    """Tenants' signing keys: public in the clear, secret wrapped; rotated ones stay (RULES R172)."""
    return """
CREATE TABLE signing_keys (
    tenant_id   text        NOT NULL,
    key_id      text        NOT NULL,
    algorithm   text        NOT NULL CHECK (algorithm IN ('ed25519', 'es256')),
    version     integer     NOT NULL CHECK (version > 0),
    status      text        NOT NULL CHECK (status IN ('active', 'rotated')),
    public_key  bytea       NOT NULL,
    master_id   text        NOT NULL,
    wrapped     bytea       NOT NULL,
    created_at  timestamptz NOT NULL,
    rotated_at  timestamptz CHECK ((rotated_at IS NULL) = (status = 'active')),
    PRIMARY KEY (tenant_id, key_id),
    UNIQUE (tenant_id, algorithm, version)
);
CREATE UNIQUE INDEX signing_keys_one_active ON signing_keys (tenant_id, algorithm) WHERE status = 'active';
CREATE INDEX signing_keys_by_key_id ON signing_keys (key_id);
"""
