"""The SQL of users. Personal data is encrypted under keys of no tenant, since a user may have several (R164)."""

from typing import Any

import asyncpg

from libs.data.queries import Queries
from libs.vault.cipher import TenantCipher
from libs.vault.tenant_vault import TenantVault
from libs.vault.words import normalise
from services.identity.users.models import State, User
from services.identity.users.rules import DuplicateEmail

KEY_OWNER = "users"
"""Under this name the vault keeps the keys of users' personal data, in place of a tenant."""

ENCRYPTED = ("email", "first_name", "last_name")


async def users_cipher(vault: TenantVault, tx: Queries) -> TenantCipher:
    """The keys of users' personal data."""
    return await vault.cipher(tx, KEY_OWNER)


class Users:
    """The members of the transaction's tenant; all users for the worker role."""

    def __init__(self, tx: Queries) -> None:
        self._tx = tx

    async def add(self, user: User, password_hash: str, state: State, cipher: TenantCipher) -> None:
        """Keep a new user; DuplicateEmail where an active user has the email."""
        await self._unique(
            "INSERT INTO users (id, state, email_index, password_hash, created_at, email, first_name, last_name) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            user.id,
            state,
            email_index(cipher, user.email),
            password_hash,
            user.created_at,
            *(cipher.encrypt(_place(name, user.id), getattr(user, name)) for name in ENCRYPTED),
        )

    async def activate(self, user_id: str) -> None:
        """Let a provisional user log in; DuplicateEmail where another one with the email was faster."""
        await self._unique("UPDATE users SET state = 'active' WHERE id = $1", user_id)

    async def remove_provisional(self) -> None:
        """Forget the tenant's users that were never confirmed."""
        await self._tx.execute("DELETE FROM users WHERE state = 'provisional'")

    async def credentials(self, email: str, cipher: TenantCipher) -> tuple[str, str] | None:
        """The id and password hash of the active user with the email."""
        row = await self._tx.fetchrow(
            "SELECT id, password_hash FROM users WHERE email_index = $1 AND state = 'active'",
            email_index(cipher, email),
        )
        return (row["id"], row["password_hash"]) if row else None

    async def get(self, user_id: str, cipher: TenantCipher) -> User | None:
        """An active user with the personal data decrypted."""
        row = await self._tx.fetchrow(
            "SELECT id, email, first_name, last_name, created_at FROM users WHERE id = $1 AND state = 'active'", user_id
        )
        return _user(row, cipher) if row else None

    async def _unique(self, statement: str, *args: Any) -> None:
        try:
            await self._tx.execute(statement, *args)
        except asyncpg.UniqueViolationError as error:
            raise DuplicateEmail from error


def email_index(cipher: TenantCipher, email: str) -> bytes:
    """By what a user is found; upper and lower case make no difference."""
    return cipher.blind_index("users.email", normalise(email))


def _place(name: str, user_id: str) -> str:
    return f"users.{name}/{user_id}"


def _user(row: asyncpg.Record, cipher: TenantCipher) -> User:
    plain = {name: cipher.decrypt(_place(name, row["id"]), row[name]) for name in ENCRYPTED}
    return User(id=row["id"], created_at=row["created_at"], **plain)
