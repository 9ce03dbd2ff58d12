import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from multidict import CIMultiDict

from gateway.keys import API_KEY, Credential, Kind, Malformed, QueryUse, Source, query_use, read_credential

LIVE = "sb_live_eu_Ab12"
TEST = "sb_test_playground9"
PUBLISHABLE = "sb_pub_us_Xy34"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjdXN0In0.c2lnbmF0dXJl"


def read(
    headers: dict[str, str] | None = None, query: dict[str, str] | None = None, cookies: dict[str, str] | None = None
) -> Credential | Malformed | None:
    return read_credential(CIMultiDict(headers or {}), query or {}, cookies or {})


class TestWhereACredentialMayBe:
    @pytest.mark.parametrize(
        ("headers", "expected"),
        [
            ({"Authorization": f"Bearer {LIVE}"}, Credential(Kind.SECRET_KEY, LIVE, Source.AUTHORIZATION)),
            ({"authorization": f"bearer  {TEST} "}, Credential(Kind.SECRET_KEY, TEST, Source.AUTHORIZATION)),
            (
                {"Authorization": f"Bearer {PUBLISHABLE}"},
                Credential(Kind.PUBLISHABLE_KEY, PUBLISHABLE, Source.AUTHORIZATION),
            ),
            ({"Authorization": f"Bearer {JWT}"}, Credential(Kind.CUSTOMER_TOKEN, JWT, Source.AUTHORIZATION)),
            ({"X-API-Key": LIVE}, Credential(Kind.SECRET_KEY, LIVE, Source.API_KEY_HEADER)),
            ({"x-api-key": PUBLISHABLE}, Credential(Kind.PUBLISHABLE_KEY, PUBLISHABLE, Source.API_KEY_HEADER)),
        ],
    )
    def test_headers(self, headers: dict[str, str], expected: Credential) -> None:
        assert read(headers) == expected

    def test_the_query(self) -> None:
        assert read(query={"api_key": TEST}) == Credential(Kind.SECRET_KEY, TEST, Source.QUERY)

    def test_the_session_cookie(self) -> None:
        assert read(cookies={"session": "s3ss"}) == Credential(Kind.SESSION, "s3ss", Source.COOKIE)

    def test_none_at_all(self) -> None:
        assert read(cookies={"session": "", "theme": "dark"}) is None


class TestWhichOneCounts:
    def test_the_authorization_header_before_all_others(self) -> None:
        found = read(
            {"Authorization": f"Bearer {LIVE}", "X-API-Key": TEST}, {"api_key": PUBLISHABLE}, {"session": "s3ss"}
        )
        assert found == Credential(Kind.SECRET_KEY, LIVE, Source.AUTHORIZATION)

    def test_a_key_before_the_cookie(self) -> None:
        assert read({"X-API-Key": TEST}, cookies={"session": "s3ss"}) == Credential(
            Kind.SECRET_KEY, TEST, Source.API_KEY_HEADER
        )

    def test_a_malformed_authorization_is_not_mended_by_another_header(self) -> None:
        assert read({"Authorization": "Basic abc", "X-API-Key": TEST}) == Malformed(Source.AUTHORIZATION)


class TestMalformedCredentials:
    @pytest.mark.parametrize(
        "value",
        ["", "Bearer", "Bearer ", LIVE, f"Basic {LIVE}", "Bearer sb_agent_key", "Bearer a.b", f"Bearer {LIVE}\n!"],
    )
    def test_in_the_authorization_header(self, value: str) -> None:
        assert read({"Authorization": value}) == Malformed(Source.AUTHORIZATION)

    @pytest.mark.parametrize(
        "value", ["", JWT, "sb_live_", "sb_live_xx_abc", "sb_prod_eu_abc", "SB_LIVE_eu_abc", LIVE + "\n"]
    )
    def test_in_the_query(self, value: str) -> None:
        assert read(query={"api_key": value}) == Malformed(Source.QUERY)

    @settings(deadline=None)
    @given(st.text())
    def test_any_text_is_read_without_an_exception(self, text: str) -> None:
        found = read_credential({"Authorization": f"Bearer {text}"}, {}, {})
        assert isinstance(found, Malformed) or (found is not None and found.secret == text.strip())


class TestWhatAKeySays:
    @pytest.mark.parametrize(
        ("key", "environment", "region"),
        [(LIVE, "live", "eu"), (TEST, "test", None), (PUBLISHABLE, None, "us"), ("sb_live_au", "live", None)],
    )
    def test_environment_and_region(self, key: str, environment: str | None, region: str | None) -> None:
        found = read({"X-API-Key": key})
        assert isinstance(found, Credential)
        assert (found.environment, found.region) == (environment, region)

    def test_a_session_says_neither(self) -> None:
        found = Credential(Kind.SESSION, "s3ss", Source.COOKIE)
        assert (found.environment, found.region) == (None, None)

    def test_the_secret_does_not_show_in_a_log(self) -> None:
        assert LIVE not in repr(read({"X-API-Key": LIVE}))

    @settings(deadline=None)
    @given(st.from_regex(API_KEY, fullmatch=True))
    def test_every_key_of_the_documented_form_is_read(self, key: str) -> None:
        assert isinstance(read({"Authorization": f"Bearer {key}"}), Credential)


class TestKeysInTheQuery:
    @pytest.mark.parametrize("path", ["/v1/widget-config", "/api/v1/widget-intelligence", "/v1/ab-tests/resolve"])
    def test_publishable_keys_are_fine_on_the_widgets_endpoints(self, path: str) -> None:
        assert query_use(Credential(Kind.PUBLISHABLE_KEY, PUBLISHABLE, Source.QUERY), path) is QueryUse.FINE

    def test_publishable_keys_are_refused_elsewhere(self) -> None:
        assert query_use(Credential(Kind.PUBLISHABLE_KEY, PUBLISHABLE, Source.QUERY), "/v1/deals") is QueryUse.REFUSED

    @pytest.mark.parametrize("path", ["/v1/deals", "/v1/events/stream", "/v1/widget-config"])
    def test_secret_keys_are_deprecated_everywhere(self, path: str) -> None:
        assert query_use(Credential(Kind.SECRET_KEY, LIVE, Source.QUERY), path) is QueryUse.DEPRECATED

    def test_headers_are_fine_everywhere(self) -> None:
        assert (
            query_use(Credential(Kind.PUBLISHABLE_KEY, PUBLISHABLE, Source.API_KEY_HEADER), "/v1/deals")
            is QueryUse.FINE
        )
