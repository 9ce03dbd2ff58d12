"""Create the shared tables, users, workspaces, sessions, keys and playground sessions."""

from libs.data.database import Roles
from libs.data.migrations import roles, run
from libs.data.platform import platform_sql
from libs.data.tenancy import TENANT, grant_shared, protect_tenant
from libs.vault.tables import data_keys_sql

revision = "0001"
down_revision = None

TABLES = """
CREATE TABLE tenants (
    tenant_id text PRIMARY KEY,
    state text NOT NULL CHECK (state IN ('provisional', 'active')),
    name text NOT NULL,
    region text NOT NULL,
    country text NOT NULL,
    currency text NOT NULL,
    default_tax_rate numeric,
    enforce_header_auth boolean NOT NULL,
    session_environment text NOT NULL CHECK (session_environment IN ('live', 'test')),
    phone bytea,
    settings jsonb NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX tenants_provisional ON tenants (created_at) WHERE state = 'provisional';

CREATE TABLE users (
    id text PRIMARY KEY,
    state text NOT NULL CHECK (state IN ('provisional', 'active')),
    email bytea NOT NULL,
    email_index bytea NOT NULL,
    first_name bytea NOT NULL,
    last_name bytea NOT NULL,
    password_hash text NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX users_email ON users (email_index) WHERE state = 'active';

CREATE TABLE memberships (
    tenant_id text NOT NULL REFERENCES tenants ON DELETE CASCADE,
    user_id text NOT NULL REFERENCES users ON DELETE CASCADE,
    role text NOT NULL CHECK (role IN ('owner', 'admin', 'member', 'viewer')),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, user_id)
);
CREATE INDEX memberships_by_user ON memberships (user_id, created_at);

CREATE TABLE sessions (
    tenant_id text NOT NULL,
    id text PRIMARY KEY,
    token_hash bytea NOT NULL UNIQUE,
    user_id text NOT NULL REFERENCES users ON DELETE CASCADE,
    version integer NOT NULL,
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_end ON sessions (expires_at);

CREATE TABLE api_keys (
    tenant_id text NOT NULL REFERENCES tenants ON DELETE CASCADE,
    id text NOT NULL,
    name text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('secret', 'publishable')),
    environment text NOT NULL CHECK (environment IN ('live', 'test')),
    lookup text NOT NULL,
    secret_hash text NOT NULL,
    scopes text[] NOT NULL,
    allowed_origins text[] NOT NULL,
    rate_limit_per_minute integer NOT NULL CHECK (rate_limit_per_minute > 0),
    trust_level integer,
    version integer NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX api_keys_by_id ON api_keys (id);
CREATE INDEX api_keys_lookup ON api_keys (lookup);
CREATE INDEX api_keys_same_name ON api_keys (tenant_id, environment, name);

CREATE TABLE playground_sessions (
    tenant_id text PRIMARY KEY REFERENCES tenants ON DELETE CASCADE,
    key_prefix text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX playground_sessions_newest ON playground_sessions (created_at DESC);
CREATE INDEX playground_sessions_end ON playground_sessions (expires_at);
"""


def protect_users(own: Roles) -> str:
    """A user belongs to no tenant: the app role sees the members of its own tenant and may add others."""
    return f"""
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_members ON users TO {own.app}
    USING (EXISTS (SELECT FROM memberships WHERE memberships.user_id = users.id AND memberships.{TENANT}));
CREATE POLICY new_users ON users FOR INSERT TO {own.app} WITH CHECK (true);
CREATE POLICY all_rows ON users TO {own.worker} USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON users TO {own.app}, {own.worker};
"""


def upgrade() -> None:
    own = roles()
    run(
        platform_sql(own)
        + data_keys_sql()
        + TABLES
        + grant_shared(own, "data_keys")
        + protect_tenant(own, "tenants", "memberships", "sessions", "api_keys", "playground_sessions")
        + protect_users(own)
    )
