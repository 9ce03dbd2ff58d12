"""Create the shared tables alone."""

from libs.data.migrations import roles, run
from libs.data.platform import platform_sql

revision = "0001"
down_revision = None


def upgrade() -> None:
    run(platform_sql(roles()))
