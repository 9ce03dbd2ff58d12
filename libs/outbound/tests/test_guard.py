"""Lookup and decision (W49, W50, A21)."""

from ipaddress import ip_address

import pytest

from libs.outbound.failures import AddressNotAllowed, DnsFailed
from libs.outbound.guard import Guard
from libs.outbound.policy import exempting, loopback_allowed, strict
from libs.outbound.resolver import SystemResolver
from libs.outbound.tests.loopback import ScriptedResolver, SilentResolver

PUBLIC = "93.184.215.14"


class TestPin:
    async def test_all_checked_addresses_are_kept_in_order(self) -> None:
        pinned = await Guard(ScriptedResolver(["2606:4700::1", PUBLIC])).pin("https://example.com/", strict())
        assert pinned.addresses == (ip_address("2606:4700::1"), ip_address(PUBLIC))

    @pytest.mark.parametrize("refused", ["10.0.0.1", "::1", "64:ff9b::a00:1", "169.254.169.254"])
    async def test_one_refused_address_among_public_ones_refuses_all(self, refused: str) -> None:
        with pytest.raises(AddressNotAllowed):
            await Guard(ScriptedResolver([PUBLIC, refused])).pin("https://example.com/", strict())

    @pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "[::ffff:7f00:1]", "169.254.169.254", "\uff11\uff10.0.0.1"])
    async def test_a_refused_literal_needs_no_lookup(self, host: str) -> None:
        resolver = ScriptedResolver([PUBLIC])
        with pytest.raises(AddressNotAllowed):
            await Guard(resolver).pin(f"https://{host}/", strict())
        assert resolver.asked == []

    async def test_a_refused_name_is_not_looked_up(self) -> None:
        resolver = ScriptedResolver([PUBLIC])
        with pytest.raises(AddressNotAllowed):
            await Guard(resolver).pin("https://db.internal/", strict())
        assert resolver.asked == []

    async def test_a_host_without_addresses_fails_as_dns(self) -> None:
        with pytest.raises(DnsFailed, match="DNS resolution failed"):
            await Guard(ScriptedResolver([])).pin("https://example.com/", strict())

    async def test_silent_name_servers_fail_as_dns_in_time(self) -> None:
        with pytest.raises(DnsFailed):
            await Guard(SilentResolver()).pin("https://example.com/", strict(), lookup_seconds=0.01)

    async def test_the_operator_learns_which_address_was_refused(self, caplog: pytest.LogCaptureFixture) -> None:
        with pytest.raises(AddressNotAllowed) as refusal:
            await Guard(ScriptedResolver(["10.1.2.3"])).pin("https://example.com/", strict())
        assert "example.com leads to 10.1.2.3" in caplog.text
        assert "10.1.2.3" not in str(refusal.value)


class TestExemptions:
    @pytest.mark.parametrize("url", ["http://127.0.0.1:80/", "http://localhost:5000/", "https://a.localhost:1/"])
    async def test_loopback_in_any_spelling_is_allowed_by_its_policy(self, url: str) -> None:
        resolver = SystemResolver()
        pinned = await Guard(resolver).pin(url, loopback_allowed())
        await resolver.close()
        assert all(address.is_loopback for address in pinned.addresses)

    async def test_plain_http_to_a_public_address_stays_refused(self) -> None:
        with pytest.raises(AddressNotAllowed):
            await Guard(ScriptedResolver([PUBLIC])).pin("http://example.com/", loopback_allowed())

    async def test_plain_http_to_a_mix_of_exempt_and_public_is_refused(self) -> None:
        with pytest.raises(AddressNotAllowed):
            await Guard(ScriptedResolver(["127.0.0.1", PUBLIC])).pin("http://receiver:80/", loopback_allowed())

    async def test_https_to_a_public_address_is_allowed_beside_exemptions(self) -> None:
        pinned = await Guard(ScriptedResolver([PUBLIC])).pin("https://example.com/", loopback_allowed())
        assert pinned.addresses == (ip_address(PUBLIC),)

    async def test_a_bare_name_inside_an_exempt_network_is_allowed(self) -> None:
        pinned = await Guard(ScriptedResolver(["10.9.0.7"])).pin("http://receiver:80/", exempting(["10.9.0.0/24"]))
        assert pinned.addresses == (ip_address("10.9.0.7"),)

    async def test_metadata_stays_refused_when_everything_is_exempt(self) -> None:
        with pytest.raises(AddressNotAllowed):
            await Guard(ScriptedResolver([PUBLIC])).pin("http://169.254.169.254/", exempting(["0.0.0.0/0"]))


class TestCheckAtRegistration:
    async def test_a_host_that_does_not_resolve_is_accepted(self) -> None:
        resolver = ScriptedResolver([])
        await Guard(resolver).check("https://not-yet.example.com/", strict())
        assert resolver.asked == ["not-yet.example.com"]

    async def test_a_host_that_leads_inside_is_refused(self) -> None:
        with pytest.raises(AddressNotAllowed):
            await Guard(ScriptedResolver(["192.168.1.1"])).check("https://example.com/", strict())

    @pytest.mark.parametrize("url", ["http://example.com/", "https://example.com:80/", "https://receiver/"])
    async def test_an_unresolved_host_does_not_open_http_ports_or_bare_names(self, url: str) -> None:
        with pytest.raises(AddressNotAllowed):
            await Guard(ScriptedResolver([])).check(url, loopback_allowed())

    async def test_each_check_looks_up_anew(self) -> None:
        guard = Guard(ScriptedResolver([PUBLIC], ["127.0.0.1"]))
        await guard.check("https://rebind.example.com/", strict())
        with pytest.raises(AddressNotAllowed):
            await guard.check("https://rebind.example.com/", strict())
