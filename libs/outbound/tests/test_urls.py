"""The text of URLs (W48, W53)."""

from ipaddress import IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.outbound.failures import AddressNotAllowed
from libs.outbound.policy import exempting, loopback_allowed, strict
from libs.outbound.urls import MAX_URL_LENGTH, parse_destination

REFUSED_ALWAYS = [
    "",
    "example.com/hook",
    "//example.com/hook",
    "https:/example.com",
    "https:example.com",
    "https:///hook",
    "https://",
    "https://:443/",
    "https://?x",
    "ftp://example.com/",
    "file:///etc/passwd",
    "gopher://example.com/",
    "javascript:alert(1)",
    "ws://example.com/",
    "https+http://example.com/",
    "view-source:https://example.com/",
    "https://user@example.com/",
    "https://user:password@example.com/",
    "https://@example.com/",
    "https://example.com@127.0.0.1/",
    "https://example.com\\@127.0.0.1/",
    "https:\\\\example.com/",
    "https://example.com/a\\b",
    " https://example.com/",
    "https://example.com/ ",
    "https://exam ple.com/",
    "https://example.com/a b",
    "https://example.com/\t",
    "https://example.com/\r\nHost: evil",
    "https://example.com/\x00",
    "https://example.com/\x7f",
    "https://example.com/\u00a0",
    "https://example.com/\u2028",
    "https://example.com/\u202egpj",
    "https://exa\u00admple.com/",
    "https://example\u200b.com/",
    "https://example.com:0/",
    "https://example.com:65536/",
    "https://example.com:99999/",
    "https://example.com:000443/",
    "https://example.com:+443/",
    "https://example.com:-1/",
    "https://example.com:4 43/",
    "https://example.com:\uff14\uff14\uff13/",
    "https://example.com:443:443/",
    "https://example.com:https/",
    "https://127%2e0.0.1/",
    "https://%31%32%37.0.0.1/",
    "https://example.com%00.evil.org/",
    "https://.example.com/",
    "https://example..com/",
    "https://example.com../",
    "https://-example.com/",
    "https://example-.com/",
    "https://exa*mple.com/",
    "https://exa$mple.com/",
    "https://exa,mple.com/",
    "https://a.b.c'/",
    "https://" + "a" * 64 + ".com/",
    "https://" + "a." * 130 + "com/",
    "https://xn--/ü.com\ud800/",
    "https://example.com\uff0f@127.0.0.1/",
    "https://example\u3002com\u3002\u3002/",
    "https://0x7f.1/",
    "https://0x7f000001/",
    "https://0X7F.0.0.1/",
    "https://2130706433/",
    "https://127.1/",
    "https://127.0.1/",
    "https://0177.0.0.1/",
    "https://0127.0.0.1/",
    "https://127.0.0.1./",
    "https://127.0.0.01/",
    "https://127.0.0.256/",
    "https://1.2.3.4.5/",
    "https://example.0x/",
    "https://example.com.1/",
    "https://1.1.1.0x1/",
    "https://\uff11\uff12\uff17.1/",
    "https://0/",
    "https://[::1/",
    "https://::1/",
    "https://[::1]x/",
    "https://[]/",
    "https://[127.0.0.1]/",
    "https://[fe80::1%25eth0]/",
    "https://[fe80::1%eth0]/",
    "https://[v1.fe80::a]/",
    "https://[::ffff:127.0.0.01]/",
    "https://[example.com]/",
]

NEED_AN_EXEMPTION = [
    "http://example.com/",
    "http://1.1.1.1/",
    "https://example.com:80/",
    "https://example.com:22/",
    "https://example.com:444/",
    "https://example.com:1023/",
    "https://localhost/",
    "https://LOCALHOST/",
    "https://localhost./",
    "https://localhost:8443/",
    "https://a.localhost/",
    "https://printer.local/",
    "https://printer.LOCAL./",
    "https://metadata.google.internal/",
    "https://intranet/",
    "https://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/",
    "https://printer\u3002local/",
]

PARSED = [
    ("https://example.com", "https://example.com/", "example.com", 443, "example.com"),
    ("HTTPS://EXAMPLE.com:443/A", "https://example.com/A", "example.com", 443, "example.com"),
    ("https://example.com./x", "https://example.com/x", "example.com", 443, "example.com"),
    ("https://example.com:/x", "https://example.com/x", "example.com", 443, "example.com"),
    ("https://example.com:1024/", "https://example.com:1024/", "example.com", 1024, "example.com:1024"),
    ("https://example.com:65535?a=b", "https://example.com:65535/?a=b", "example.com", 65535, "example.com:65535"),
    ("https://example.com?u=a@b:c", "https://example.com/?u=a@b:c", "example.com", 443, "example.com"),
    ("https://example.com/p#secret", "https://example.com/p", "example.com", 443, "example.com"),
    ("https://example.com/a%2Fb?c=%20+d", "https://example.com/a%2Fb?c=%20+d", "example.com", 443, "example.com"),
    ('https://example.com/%2e?%zz{<"|~', "https://example.com/%2e?%zz%7B%3C%22%7C~", "example.com", 443, None),
    ("https://my_hook.example.com/", "https://my_hook.example.com/", "my_hook.example.com", 443, "my_hook.example.com"),
    ("https://bücher.example/ü", "https://xn--bcher-kva.example/%C3%BC", "xn--bcher-kva.example", 443, None),
    ("https://straße.example/", "https://xn--strae-oqa.example/", "xn--strae-oqa.example", 443, None),
    ("https://\uff25\uff38\uff21\uff2d\uff30\uff2c\uff25\u3002com/", "https://example.com/", "example.com", 443, None),
    ("https://0x7f.1.example.com/", "https://0x7f.1.example.com/", "0x7f.1.example.com", 443, None),
    ("https://1.1.1.1:8443/", "https://1.1.1.1:8443/", "1.1.1.1", 8443, "1.1.1.1:8443"),
    ("https://[2606:4700:0::1111]/", "https://[2606:4700::1111]/", "2606:4700::1111", 443, "[2606:4700::1111]"),
    ("https://[2606:4700::1]:8443/", "https://[2606:4700::1]:8443/", "2606:4700::1", 8443, "[2606:4700::1]:8443"),
]


class TestRefusedText:
    @pytest.mark.parametrize("text", REFUSED_ALWAYS, ids=ascii)
    def test_is_refused_even_where_loopback_is_allowed(self, text: str) -> None:
        with pytest.raises(AddressNotAllowed):
            parse_destination(text, loopback_allowed())

    @pytest.mark.parametrize("text", NEED_AN_EXEMPTION, ids=ascii)
    def test_is_refused_by_the_strict_policy(self, text: str) -> None:
        with pytest.raises(AddressNotAllowed):
            parse_destination(text, strict())

    @pytest.mark.parametrize("text", NEED_AN_EXEMPTION, ids=ascii)
    def test_is_left_to_the_addresses_where_some_are_exempt(self, text: str) -> None:
        assert parse_destination(text, exempting(["10.0.0.0/8"])).needs_exemption

    def test_length_is_limited_to_2048_characters(self) -> None:
        longest = "https://example.com/".ljust(MAX_URL_LENGTH, "a")
        assert parse_destination(longest, strict()).host == "example.com"
        with pytest.raises(AddressNotAllowed):
            parse_destination(longest + "a", strict())

    def test_the_reason_stays_out_of_the_message(self) -> None:
        with pytest.raises(AddressNotAllowed) as refusal:
            parse_destination("https://127.1/", strict())
        assert str(refusal.value) == "Address not allowed"
        assert refusal.value.reason == "address in an odd notation"


class TestParsedText:
    @pytest.mark.parametrize(("text", "url", "host", "port", "host_header"), PARSED, ids=ascii)
    def test_is_normalised(self, text: str, url: str, host: str, port: int, host_header: str | None) -> None:
        destination = parse_destination(text, strict())
        assert (str(destination.url), destination.host, destination.port) == (url, host, port)
        assert destination.host_header == (host_header or host)
        assert not destination.needs_exemption

    def test_full_width_digits_are_read_as_the_address_they_spell(self) -> None:
        assert str(parse_destination("https://\uff11\uff12\uff17\u30020.0.1/", strict()).literal) == "127.0.0.1"

    def test_a_mapped_literal_is_kept_as_it_is_for_the_table(self) -> None:
        assert parse_destination("https://[::ffff:7f00:1]/", strict()).literal == IPv6Address("::ffff:127.0.0.1")

    def test_http_has_its_own_default_port_where_it_is_allowed(self) -> None:
        destination = parse_destination("http://localhost/x", loopback_allowed())
        assert (destination.port, destination.host_header) == (80, "localhost")


MARKS = [
    "https://",
    "http://",
    "@",
    ":",
    "/",
    "//",
    "\\",
    "?",
    "#",
    "[",
    "]",
    "%",
    "%2e",
    ".",
    "\u3002",
    "-",
    "_",
    "xn--",
]
WORDS = [
    "127.0.0.1",
    "0x7f",
    "1",
    "::1",
    "localhost",
    "example.com",
    "é",
    "\uff11",
    "443",
    "65536",
    " ",
    "\n",
    "\u200d",
]


class TestAnyText:
    @given(st.lists(st.sampled_from([*MARKS, *WORDS]) | st.text(max_size=3), max_size=12).map("".join))
    def test_is_either_refused_or_understood(self, text: str) -> None:
        try:
            destination = parse_destination("https://" + text, strict())
        except AddressNotAllowed:
            return
        assert destination.url.scheme == "https"
        assert destination.url.raw_host == destination.host
        assert destination.url.user is None
        assert destination.port == 443 or destination.port >= 1024
        assert destination.host.isascii()
        assert str(destination.url).isascii()
