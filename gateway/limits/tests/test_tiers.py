from decimal import Decimal

import pytest

from gateway.limits.endpoints import ENDPOINT_LIMITS, EndpointLimit, by_operation
from gateway.limits.tiers import Caller, KeyAllowance, PlatformLimits, Policy, Requester, Tier, network_of, tiers_for

ANONYMOUS = Requester("203.0.113.7")
KEY = Requester("203.0.113.7", Caller("ten_1", KeyAllowance("key_1")))
SESSION = Requester("203.0.113.7", Caller("ten_1"))


def limit_of(operation: str) -> EndpointLimit:
    return by_operation()[operation]


def summary(requester: Requester, endpoint: EndpointLimit | None = None) -> list[tuple[str, int, int, int]]:
    tiers = tiers_for(requester, endpoint, PlatformLimits())
    return [(tier.policy.value, tier.limit, tier.window, tier.burst) for tier in tiers]


def endpoint_tier(requester: Requester, operation: str) -> Tier:
    tier = tiers_for(requester, limit_of(operation), PlatformLimits())[-1]
    assert tier.policy is Policy.ENDPOINT
    return tier


class TestTheTiersOfARequest:
    def test_a_key_is_measured_by_platform_ip_and_key(self) -> None:
        assert summary(KEY) == [("global", 50_000, 60, 0), ("ip", 5_000, 3600, 0), ("key", 1_000, 60, 250)]

    def test_a_session_has_no_key_tier(self) -> None:
        assert summary(SESSION) == [("global", 50_000, 60, 0), ("ip", 5_000, 3600, 0)]

    def test_an_anonymous_caller_has_a_hundred_an_hour(self) -> None:
        assert summary(ANONYMOUS) == [("global", 50_000, 60, 0), ("ip", 100, 3600, 0)]

    def test_an_endpoints_own_limit_replaces_the_anonymous_one(self) -> None:
        assert summary(ANONYMOUS, limit_of("fx_rate.get")) == [("global", 50_000, 60, 0), ("endpoint", 100, 3600, 0)]

    def test_an_endpoints_own_limit_comes_on_top_for_a_known_caller(self) -> None:
        policies = [row[0] for row in summary(KEY, limit_of("deals.export"))]
        assert policies == ["global", "ip", "key", "endpoint"]

    def test_anonymous_and_known_requests_from_one_ip_are_counted_apart(self) -> None:
        known, anonymous = (tiers_for(who, None, PlatformLimits())[1].name for who in (KEY, ANONYMOUS))
        assert known != anonymous


class TestTheLimitOfAKey:
    @pytest.mark.parametrize(
        ("level", "limit", "burst"),
        [(0, 500, 125), (1, 1_000, 250), (2, 2_000, 500), (3, 5_000, 1_250), (4, 10_000, 2_500)],
    )
    def test_an_agents_trust_level_multiplies_limit_and_burst(self, level: int, limit: int, burst: int) -> None:
        agent = Requester("203.0.113.7", Caller("ten_1", KeyAllowance("key_1", trust_level=level)))
        assert summary(agent)[-1] == ("key", limit, 60, burst)

    def test_another_key_has_exactly_its_configured_limit(self) -> None:
        key = KeyAllowance("key_1", per_minute=37)
        assert (key.limit, key.multiplier) == (37, None)

    def test_an_untrusted_agent_with_the_least_limit_can_still_call(self) -> None:
        key = KeyAllowance("key_1", per_minute=1, trust_level=0)
        assert (key.limit, key.multiplier) == (1, Decimal("0.5"))


class TestWhatCountsAsOneIp:
    @pytest.mark.parametrize(
        ("ip", "network"),
        [
            ("203.0.113.7", "203.0.113.7"),
            ("::ffff:203.0.113.7", "203.0.113.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
            ("::1", "::/64"),
            ("unix", "unix"),
        ],
    )
    def test_an_ipv4_address_or_an_ipv6_subscriber(self, ip: str, network: str) -> None:
        assert network_of(ip) == network


class TestEndpointLimits:
    def test_no_operation_has_two_limits(self) -> None:
        listed = [operation for limit in ENDPOINT_LIMITS for operation in limit.operations]
        assert len(listed) == len(set(listed)) == len(by_operation())

    def test_exports_are_counted_by_tenant(self) -> None:
        other_key = Requester("198.51.100.1", Caller("ten_1", KeyAllowance("key_2")))
        assert endpoint_tier(KEY, "deals.export") == endpoint_tier(other_key, "deals.export")

    def test_notifications_are_counted_by_key_and_those_of_sessions_by_tenant(self) -> None:
        names = [endpoint_tier(who, "deal_notifications.send").name for who in (KEY, SESSION)]
        assert names == ["limits:endpoint:deal_notification:key_1", "limits:endpoint:deal_notification:ten_1"]

    def test_magic_links_are_counted_by_email_and_ip(self) -> None:
        spellings = [
            endpoint_tier(Requester(ip, email=email), "customer_auth.request_access").name
            for ip, email in [
                ("203.0.113.7", "ann@example.com"),
                ("203.0.113.7", " Ann@Example.com"),
                ("203.0.113.7", "bob@example.com"),
                ("203.0.113.8", "ann@example.com"),
            ]
        ]
        assert spellings[0] == spellings[1]
        assert len(set(spellings)) == 3

    def test_an_email_address_does_not_show_in_redis(self) -> None:
        tier = endpoint_tier(Requester("203.0.113.7", email="ann@example.com"), "customer_auth.request_access")
        assert "ann" not in tier.name
