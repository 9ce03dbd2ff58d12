"""Versions of keys and sessions in Redis, by which gateways notice a change with the very next request (R62, R76)."""

import asyncio

from redis.asyncio import Redis
from redis.exceptions import RedisError

from libs.telemetry.logs import logger

log = logger(__name__)
TIMEOUT_SECONDS = 0.5
LIFETIME_SECONDS = 86_400
"""How long a version is held; one that is gone makes gateways ask again, which announces it anew."""

# Two changes may arrive here in the other order than they were committed: a version never goes back.
RAISE = """
local held = tonumber(redis.call('GET', KEYS[1]))
if held and held > tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
return 1
"""


def version_key(credential_id: str) -> str:
    """The Redis key that gateways read: `ver:` and the id of the API key or session."""
    return f"ver:{credential_id}"


class CredentialVersions:
    """Announces which version of a credential is current."""

    def __init__(self, redis: Redis) -> None:
        self._raise = redis.register_script(RAISE)

    async def announce(self, credential_id: str, version: int) -> None:
        """Make gateways drop what they remember of older versions.

        Call after the commit and before the answer. Without Redis the change reaches them by event.
        """
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                await self._raise(keys=[version_key(credential_id)], args=[version, LIFETIME_SECONDS])
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("version_not_announced", credential=credential_id, kind=type(error).__name__)
