"""Migrations: alembic with plain SQL bodies over asyncpg, one version table a service."""

import asyncio
from contextlib import suppress
from contextvars import ContextVar
from pathlib import Path

import asyncpg

from libs.data.database import Roles, database_name
from libs.data.settings import literal

_roles: ContextVar[Roles] = ContextVar("roles")
LOCK = 7_305_001


def roles() -> Roles:
    """The roles of the service whose migration runs."""
    return _roles.get()


def run(sql: str) -> None:
    """Execute the SQL of a migration; several statements may stand in one text."""
    from alembic import op  # noqa: PLC0415 - slow to import, and needed by a migration run alone
    from sqlalchemy import text  # noqa: PLC0415
    from sqlalchemy.util import await_only  # noqa: PLC0415

    bind = op.get_bind()
    bind.execute(text("SELECT 1"))  # opens the transaction that the statements below belong to
    driver = bind.connection.driver_connection
    if driver is None:
        raise RuntimeError("the migration has no connection")
    await_only(driver.execute(sql))


async def migrate(dsn: str, schema: str, folder: Path, passwords: tuple[str, str]) -> None:
    """Bring a service's schema to its newest version. `dsn` is the owner's address; safe to run twice at once."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", LOCK)
        await _create_schema(connection, dsn, schema, passwords)
        if await _current(connection, schema) != _newest(folder):
            await asyncio.to_thread(_upgrade, dsn, schema, folder)
    finally:
        await connection.close()


async def _create_schema(connection: asyncpg.Connection, dsn: str, schema: str, passwords: tuple[str, str]) -> None:
    own = Roles.of(database_name(dsn), schema)
    for role, password in zip((own.app, own.worker), passwords, strict=True):
        exists = await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role)
        verb = "ALTER" if exists else "CREATE"
        # Another database of the same server may make the same role at the same moment.
        with suppress(asyncpg.DuplicateObjectError, asyncpg.UniqueViolationError):
            await connection.execute(f"{verb} ROLE {role} LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD {literal(password)}")
    await connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    await connection.execute(f"GRANT USAGE ON SCHEMA {schema} TO {own.app}, {own.worker}")


async def _current(connection: asyncpg.Connection, schema: str) -> str | None:
    if not await connection.fetchval("SELECT to_regclass($1)", f"{schema}.alembic_version"):
        return None
    version: str | None = await connection.fetchval(f"SELECT version_num FROM {schema}.alembic_version")
    return version


def _newest(folder: Path) -> str:
    """The number of the last migration: files are named `NNNN_what_changes.py`."""
    return max(file.name[:4] for file in folder.glob("[0-9][0-9][0-9][0-9]_*.py"))


def _upgrade(dsn: str, schema: str, folder: Path) -> None:
    """Run alembic in a thread with a loop of its own, since its interface is synchronous."""
    _roles.set(Roles.of(database_name(dsn), schema))
    asyncio.run(_run_alembic(dsn, schema, folder))


async def _run_alembic(dsn: str, schema: str, folder: Path) -> None:
    from alembic.config import Config  # noqa: PLC0415 - slow to import, and needed by a migration run alone
    from alembic.runtime.environment import EnvironmentContext  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415
    from sqlalchemy.engine import Connection  # noqa: PLC0415
    from sqlalchemy.ext.asyncio import create_async_engine  # noqa: PLC0415
    from sqlalchemy.pool import NullPool  # noqa: PLC0415

    script = ScriptDirectory(str(folder), version_locations=[str(folder)])
    environment = EnvironmentContext(
        Config(), script, fn=lambda current, context: script._upgrade_revs("head", current)
    )

    def upgrade(connection: Connection) -> None:
        environment.configure(
            connection=connection, version_table_schema=schema, transaction_per_migration=True, target_metadata=None
        )
        with environment.begin_transaction():
            environment.run_migrations()

    async def connect() -> asyncpg.Connection:
        return await asyncpg.connect(dsn, server_settings={"search_path": schema})

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(upgrade)
            await connection.commit()
    finally:
        await engine.dispose()
