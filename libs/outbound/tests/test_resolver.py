"""The machine's own resolver, as far as it answers without a network."""

from ipaddress import ip_address

import pytest

from libs.outbound.failures import DnsFailed
from libs.outbound.guard import Guard
from libs.outbound.policy import strict
from libs.outbound.resolver import SystemResolver


class TestSystemResolver:
    @pytest.mark.parametrize("host", ["localhost", "hooks.localhost"])
    async def test_names_under_localhost_are_loopback(self, host: str) -> None:
        assert await SystemResolver().resolve(host) == [ip_address("127.0.0.1"), ip_address("::1")]

    async def test_what_the_machine_answers_is_given_as_addresses(self) -> None:
        resolver = SystemResolver()
        assert await resolver.resolve("127.0.0.1") == [ip_address("127.0.0.1")]
        await resolver.close()

    async def test_a_name_that_nobody_can_own_fails_as_dns(self) -> None:
        resolver = SystemResolver()
        with pytest.raises(DnsFailed):
            await Guard(resolver).pin("https://hooks.invalid/", strict(), lookup_seconds=1)
        await resolver.close()
