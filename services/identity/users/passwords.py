"""Passwords: Argon2id hashes, made and compared off the event loop."""

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

# The second recommended option of RFC 9106; named here so that NOBODYS_HASH has the same cost.
HASHER = PasswordHasher(time_cost=3, memory_cost=65536, parallelism=4)

# Compared with where nobody has the email, so that an unknown email takes as long to refuse as a wrong password.
NOBODYS_HASH = "$argon2id$v=19$m=65536,t=3,p=4$FVLbp3ZSiq/3kiN9nyheZA$uqrL9DoXFrqNeu/0C73yVaBj938MVSK0mnjc14W7n0k"


async def hash_password(password: str) -> str:
    """The stored form of a password."""
    return await asyncio.to_thread(HASHER.hash, password)


async def password_fits(password: str, password_hash: str | None) -> bool:
    """Whether the password is the hashed one; always False, after the same work, where there is no hash."""
    return await asyncio.to_thread(_fits, password, password_hash or NOBODYS_HASH) and password_hash is not None


def _fits(password: str, password_hash: str) -> bool:
    try:
        return HASHER.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False
