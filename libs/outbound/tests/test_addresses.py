"""The table of refused networks (W49, A9, A10)."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.outbound.addresses import NEVER_EXEMPT_NETWORKS, REFUSED_NETWORKS, Address, Network, is_exempt, is_refused

EVERYTHING = (ip_network("0.0.0.0/0"), ip_network("::/0"))
PREFIXES_BEFORE_IPV4 = ("::", "::ffff:0:0", "::ffff:0:0:0", "64:ff9b::", "64:ff9b:1::", "2001::")


def embedded_forms(address: IPv4Address) -> list[IPv6Address]:
    """The IPv6 addresses that carry an IPv4 address: compatible, mapped, translated, NAT64, Teredo, 6to4."""
    number = int(address)
    forms = [IPv6Address(int(IPv6Address(prefix)) | number) for prefix in PREFIXES_BEFORE_IPV4]
    teredo = IPv6Address((0x2001 << 112) | (number << 64) | (number ^ 0xFFFFFFFF))
    six_to_four = IPv6Address((0x2002 << 112) | (number << 80))
    return [*forms, teredo, six_to_four]


class TestRefusedNetworks:
    @pytest.mark.parametrize("network", REFUSED_NETWORKS, ids=str)
    def test_first_and_last_address_of_every_network_are_refused(self, network: Network) -> None:
        assert is_refused(network[0])
        assert is_refused(network[-1])

    @pytest.mark.parametrize(
        "text",
        [
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",
            "240.0.0.0/4",
            "255.255.255.255/32",
            "::/128",
            "::1/128",
            "64:ff9b::/96",
            "100::/64",
            "2001:db8::/32",
            "fc00::/7",
            "fe80::/10",
            "ff00::/8",
            "64:ff9b:1::/48",
            "::/96",
            "2001::/32",
            "2002::/16",
            "3fff::/20",
            "5f00::/16",
            "fec0::/10",
        ],
    )
    def test_every_network_of_the_contract_is_refused_whole(self, text: str) -> None:
        network = ip_network(text)
        assert any(_contains(refused, network) for refused in REFUSED_NETWORKS)

    @pytest.mark.parametrize(
        "text",
        [
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "::7f00:1",
            "192.0.0.8",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "fd00:ec2::254",
            "100.100.100.200",
            "169.254.169.254",
            "168.63.129.16",
            "fe80::1%eth0",
            "2001:0:7f00:1::",
        ],
    )
    def test_addresses_that_the_standard_library_or_habit_pass_are_refused(self, text: str) -> None:
        assert is_refused(ip_address(text))

    @pytest.mark.parametrize(
        "text",
        [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "203.0.112.255",
            "203.0.114.0",
            "223.255.255.255",
            "2001:200::",
            "2001:4860:4860::8888",
            "2606:4700::1111",
            "2a00::1",
        ],
    )
    def test_public_addresses_next_to_the_refused_ones_pass(self, text: str) -> None:
        assert not is_refused(ip_address(text))

    @given(st.ip_addresses())
    def test_what_the_standard_library_calls_not_global_is_refused(self, address: Address) -> None:
        assert address.is_global or is_refused(address)

    @given(st.ip_addresses(v=4))
    def test_no_address_can_hide_inside_an_ipv6_form(self, address: IPv4Address) -> None:
        assert all(is_refused(form) for form in embedded_forms(address))

    @given(st.ip_addresses(v=6).filter(lambda address: int(address) >> 125 != 1))
    def test_only_public_unicast_passes_in_ipv6(self, address: IPv6Address) -> None:
        assert is_refused(address)


class TestExemptNetworks:
    def test_an_exempt_network_is_allowed_and_its_neighbour_is_not(self) -> None:
        exempt = [ip_network("10.20.0.0/16")]
        assert not is_refused(ip_address("10.20.255.255"), exempt)
        assert is_refused(ip_address("10.21.0.0"), exempt)

    def test_an_exemption_does_not_reach_the_mapped_form_of_its_addresses(self) -> None:
        assert is_refused(ip_address("::ffff:10.20.0.1"), [ip_network("10.20.0.0/16")])

    @given(st.ip_addresses(v=4, network="169.254.0.0/16"))
    def test_cloud_metadata_is_never_exempt_in_any_form(self, address: IPv4Address) -> None:
        assert is_refused(address, EVERYTHING)
        assert all(is_refused(form, EVERYTHING) for form in embedded_forms(address))

    @pytest.mark.parametrize("network", NEVER_EXEMPT_NETWORKS, ids=str)
    def test_networks_that_are_never_exempt_stay_refused_when_all_is_exempt(self, network: Network) -> None:
        assert is_refused(network[0], EVERYTHING)
        assert not is_exempt(network[-1], EVERYTHING)

    @given(st.ip_addresses())
    def test_an_exemption_never_refuses_what_was_allowed(self, address: Address) -> None:
        assert is_refused(address) or not is_refused(address, EVERYTHING)


def _contains(outer: Network, inner: Network) -> bool:
    return inner[0] in outer and inner[-1] in outer
