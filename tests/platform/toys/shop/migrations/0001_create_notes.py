"""Create the shared tables and a table of notes."""

from libs.data.migrations import roles, run
from libs.data.platform import platform_sql
from libs.data.tenancy import protect

revision = "0001"
down_revision = None

NOTES = """
CREATE TABLE notes (
    tenant_id text NOT NULL,
    environment text NOT NULL,
    id text NOT NULL,
    text text NOT NULL,
    PRIMARY KEY (tenant_id, environment, id)
);
"""


def upgrade() -> None:
    run(platform_sql(roles()) + NOTES + protect(roles(), "notes"))
