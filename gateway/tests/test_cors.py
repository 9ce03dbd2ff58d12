import pytest
from multidict import CIMultiDict

from gateway.cors import answer_headers, canonical_origin, is_preflight, key_admits, preflight_headers, session_admits

DASHBOARD = frozenset({"https://app.salesbooth.com"})
SHOP = "https://shop.example"


class TestPreflights:
    def test_a_browsers_question_is_recognised(self) -> None:
        headers = CIMultiDict({"origin": SHOP, "access-control-request-method": "PATCH"})
        assert is_preflight("OPTIONS", headers)

    @pytest.mark.parametrize(
        ("method", "headers"),
        [
            ("OPTIONS", {"Origin": SHOP}),
            ("OPTIONS", {}),
            ("POST", {"Origin": SHOP, "Access-Control-Request-Method": "POST"}),
        ],
    )
    def test_other_requests_are_not_preflights(self, method: str, headers: dict[str, str]) -> None:
        assert not is_preflight(method, CIMultiDict(headers))

    def test_any_origin_may_send_the_documented_headers(self) -> None:
        headers = preflight_headers(SHOP, DASHBOARD)
        assert headers["Access-Control-Allow-Origin"] == SHOP
        assert set(headers["Access-Control-Allow-Headers"].split(", ")) == {
            "Authorization", "X-API-Key", "Content-Type", "If-Match",
            "Idempotency-Key", "X-Delegation-ID", "X-Tab-ID", "Last-Event-ID",
        }  # fmt: skip
        assert {"GET", "POST", "PATCH", "DELETE"} < set(headers["Access-Control-Allow-Methods"].split(", "))
        assert headers["Vary"] == "Origin"

    def test_credentials_are_for_the_dashboard_alone(self) -> None:
        name = "Access-Control-Allow-Credentials"
        assert preflight_headers("https://app.salesbooth.com", DASHBOARD)[name] == "true"
        assert name not in preflight_headers(SHOP, DASHBOARD)


class TestAnswers:
    def test_a_page_may_read_the_documented_headers(self) -> None:
        exposed = set(answer_headers(SHOP, DASHBOARD)["Access-Control-Expose-Headers"].split(", "))
        assert {"ETag", "Retry-After", "X-Job-ID", "X-RateLimit-Remaining", "X-Trust-Level", "Deprecation"} < exposed

    def test_the_origin_is_echoed_and_never_a_star(self) -> None:
        assert answer_headers(SHOP, DASHBOARD)["Access-Control-Allow-Origin"] == SHOP

    def test_credentials_are_for_the_dashboard_alone(self) -> None:
        name = "Access-Control-Allow-Credentials"
        assert answer_headers("https://app.salesbooth.com", DASHBOARD)[name] == "true"
        assert name not in answer_headers(SHOP, DASHBOARD)

    def test_caches_are_told_even_without_an_origin(self) -> None:
        assert answer_headers(None, DASHBOARD) == {"Vary": "Origin"}


class TestWhoMayCall:
    def test_a_key_without_a_list_may_be_used_from_anywhere(self) -> None:
        assert key_admits(SHOP, [])

    def test_a_key_with_a_list_only_from_there(self) -> None:
        assert key_admits(SHOP, ["https://shop.example/"])
        assert not key_admits("https://shop.example.evil.test", [SHOP])
        assert not key_admits("http://shop.example", [SHOP])
        assert not key_admits("null", [SHOP])

    def test_servers_send_no_origin_and_pass(self) -> None:
        assert key_admits(None, [SHOP])
        assert session_admits(None, DASHBOARD)

    def test_a_session_counts_only_on_the_dashboard(self) -> None:
        assert session_admits("https://app.salesbooth.com", DASHBOARD)
        assert not session_admits(SHOP, DASHBOARD)
        assert not session_admits(SHOP, [])


class TestSpellingsOfAnOrigin:
    @pytest.mark.parametrize(
        ("text", "origin"),
        [
            ("HTTPS://Shop.Example:443", "https://shop.example"),
            ("http://shop.example:80/", "http://shop.example"),
            ("https://shop.example:8443/path?q", "https://shop.example:8443"),
            ("http://[::1]:3000", "http://[::1]:3000"),
            ("null", "null"),
            ("https://shop.example:port", "https://shop.example:port"),
            ("", ""),
        ],
    )
    def test_are_brought_to_one_form(self, text: str, origin: str) -> None:
        assert canonical_origin(text) == origin
