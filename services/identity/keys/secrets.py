"""The secrets of API keys: made, hashed and compared (R59, R61)."""

import asyncio
import re
import secrets
import string

import bcrypt

from libs.api.principal import Environment

FORM = re.compile(r"sb_(live|test|pub)_((au|eu|us)_)?[A-Za-z0-9]{1,50}")
LOOKUP_LENGTH = 16
RANDOM_LENGTH = 32
COST = 10
_ALPHABET = string.ascii_letters + string.digits

# Compared with where no key has the prefix, so that an unknown key takes as long to refuse as a known one.
UNKNOWN_KEY_HASH = "$2b$10$hZSZlrIo69P1kHE1Dl8z6uMlVgRlOzlvsOoRGJw.u2qbxt3ORTfsC"


def secret_key(environment: Environment, region: str) -> str:
    """A new secret key of an environment; one without a region is the playground's."""
    return f"sb_{environment}_{region}_{_random()}" if region else f"sb_{environment}_{_random()}"


def publishable_key(region: str) -> str:
    """A new publishable key."""
    return f"sb_pub_{region}_{_random()}"


def well_formed(secret: str) -> bool:
    """Whether a text can be a key at all; bcrypt takes no more than 72 bytes."""
    return FORM.fullmatch(secret) is not None


def lookup_of(secret: str) -> str:
    """The start of a key, by which it is found; what follows it still has over 150 random bits."""
    return secret[:LOOKUP_LENGTH]


async def hash_secret(secret: str) -> str:
    """The stored form of a secret."""
    hashed = await asyncio.to_thread(bcrypt.hashpw, secret.encode(), bcrypt.gensalt(COST))
    return hashed.decode()


async def secret_fits(secret: str, secret_hash: str) -> bool:
    """Whether the secret is the hashed one."""
    return await asyncio.to_thread(bcrypt.checkpw, secret.encode(), secret_hash.encode())


def _random() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(RANDOM_LENGTH))
