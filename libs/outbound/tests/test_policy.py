"""The operator's exemptions (W56, A10)."""

from ipaddress import ip_address

import pytest

from libs.outbound.policy import exempting, loopback_allowed, strict


class TestStrict:
    def test_nothing_inside_is_admitted(self) -> None:
        assert not strict().admits(ip_address("127.0.0.1"))
        assert strict().admits(ip_address("1.1.1.1"))

    def test_nothing_is_exempt(self) -> None:
        assert not strict().exempts(ip_address("1.1.1.1"))


class TestLoopbackAllowed:
    @pytest.mark.parametrize("text", ["127.0.0.1", "127.9.9.9", "::1"])
    def test_the_own_machine_is_exempt(self, text: str) -> None:
        assert loopback_allowed().exempts(ip_address(text))

    @pytest.mark.parametrize("text", ["10.0.0.1", "0.0.0.0", "::", "169.254.169.254", "::ffff:127.0.0.1"])
    def test_other_inner_addresses_stay_refused(self, text: str) -> None:
        assert not loopback_allowed().admits(ip_address(text))


class TestExempting:
    def test_the_networks_are_reported_in_a_warning(self, caplog: pytest.LogCaptureFixture) -> None:
        policy = exempting(["10.20.0.0/16", " fd12::/64 "])
        assert policy.exempts(ip_address("10.20.0.1"))
        assert policy.exempts(ip_address("fd12::1"))
        assert [(record.levelname, "10.20.0.0/16, fd12::/64" in record.message) for record in caplog.records] == [
            ("WARNING", True)
        ]

    def test_no_networks_are_the_strict_policy_without_a_warning(self, caplog: pytest.LogCaptureFixture) -> None:
        assert exempting([]) == strict()
        assert not caplog.records

    @pytest.mark.parametrize("text", ["169.254.169.254/32", "169.254.0.0/16", "fd00:ec2::254", "2002:a9fe:a9fe::/48"])
    def test_cloud_metadata_cannot_be_configured(self, text: str) -> None:
        with pytest.raises(ValueError, match="never be exempt"):
            exempting([text])

    @pytest.mark.parametrize("text", ["receiver", "10.0.0.1/8", "10.0.0.0/33", ""])
    def test_text_that_is_no_network_is_an_error(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"not appear to be|host bits set"):
            exempting([text])
