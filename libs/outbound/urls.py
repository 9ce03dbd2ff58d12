"""What the text of a user's URL may look like (W48, W53), decided before anything is resolved."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import quote

import idna
from yarl import URL

from libs.outbound.addresses import Address
from libs.outbound.failures import AddressNotAllowed
from libs.outbound.policy import OutboundPolicy

MAX_URL_LENGTH = 2048
_MAX_HOST_LENGTH = 253
_DEFAULT_PORTS = {"https": 443, "http": 80}
_FIRST_UNPRIVILEGED_PORT = 1024
_LAST_PORT = 65535
_LOCAL_SUFFIXES = (".localhost", ".local", ".internal")

_SENT_AS_WRITTEN = "/?%:@!$&'()*+,;=[]"

_URL = re.compile(r"(?P<scheme>https?)://(?P<authority>[^/?#]*)(?P<rest>[^#]*)(?:#.*)?", re.IGNORECASE)
_AUTHORITY = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\[\]:@%]+)(?::(?P<port>[0-9]{0,5}))?")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")


@dataclass(frozen=True, slots=True)
class Destination:
    """A URL whose text has passed; its host still has to be resolved and checked.

    `host` is the ASCII name in lower case without a final dot, or the address when the URL names one (`literal`).
    `needs_exemption` says that W48 or W53 forbid the URL unless every address behind it is exempt.
    """

    url: URL
    host: str
    port: int
    literal: Address | None
    needs_exemption: bool

    @property
    def host_header(self) -> str:
        """The value of the `Host` header: the name, and the port when it is not the scheme's own."""
        return self.url.host_port_subcomponent or self.host


def parse_destination(text: str, policy: OutboundPolicy) -> Destination:
    """Check the text of a URL; raises AddressNotAllowed.

    Host names outside ASCII are mapped as browsers do (UTS 46) before they are checked, so that full-width digits or
    circled letters cannot spell an address or name that is refused.
    """
    scheme, authority, rest = _split(text)
    found = _AUTHORITY.fullmatch(authority)
    if not found:
        raise AddressNotAllowed("user name, password, escapes or brackets around the host")
    port = _port(found["port"] or "", scheme)
    host, literal = _host(found["host"])
    needs_exemption = scheme != "https" or not _is_ordinary_port(port) or (literal is None and _is_local_name(host))
    if needs_exemption and not policy.exempt:
        raise AddressNotAllowed("scheme, port or host name is not one of a public https server")
    server = f"[{host}]" if isinstance(literal, IPv6Address) else host
    if port != _DEFAULT_PORTS[scheme]:
        server += f":{port}"
    return Destination(URL(f"{scheme}://{server}{_target(rest)}", encoded=True), host, port, literal, needs_exemption)


def _split(text: str) -> tuple[str, str, str]:
    if len(text) > MAX_URL_LENGTH:
        raise AddressNotAllowed(f"longer than {MAX_URL_LENGTH} characters")
    if not text.isprintable() or " " in text or "\\" in text:
        raise AddressNotAllowed("whitespace, control characters or a backslash")
    found = _URL.fullmatch(text)
    if not found:
        raise AddressNotAllowed("not an absolute http or https URL")
    return found["scheme"].lower(), found["authority"], found["rest"]


def _target(rest: str) -> str:
    """Path and query as they go over the wire: escapes stay as the user wrote them, only what HTTP forbids is added."""
    return quote(rest if rest.startswith("/") else "/" + rest, safe=_SENT_AS_WRITTEN)


def _port(digits: str, scheme: str) -> int:
    port = int(digits) if digits else _DEFAULT_PORTS[scheme]
    if not 1 <= port <= _LAST_PORT:
        raise AddressNotAllowed("no such port")
    return port


def _is_ordinary_port(port: int) -> bool:
    return port == _DEFAULT_PORTS["https"] or port >= _FIRST_UNPRIVILEGED_PORT


def _host(text: str) -> tuple[str, Address | None]:
    if text.startswith("["):
        literal = _ipv6(text[1:-1])
        return str(literal), literal
    name = _ascii_name(text)
    if _NUMBER.fullmatch(name.removesuffix(".").rpartition(".")[2]):
        address = _ipv4(name)
        return str(address), address
    return _checked_name(name.removesuffix(".")), None


def _ipv6(text: str) -> IPv6Address:
    try:
        return IPv6Address(text)
    except ValueError as error:
        raise AddressNotAllowed("brackets around something else than an IPv6 address") from error


def _ipv4(text: str) -> IPv4Address:
    """Read a dotted quad; resolvers take any host whose last label is a number for an address, so `127.1` is odd."""
    try:
        return IPv4Address(text)
    except ValueError as error:
        raise AddressNotAllowed("address in an odd notation") from error


def _ascii_name(text: str) -> str:
    if text.isascii():
        return text.lower()
    try:
        return idna.encode(text, uts46=True, std3_rules=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError) as error:
        raise AddressNotAllowed("not a valid internationalised name") from error


def _checked_name(name: str) -> str:
    if len(name) > _MAX_HOST_LENGTH or not all(_LABEL.fullmatch(label) for label in name.split(".")):
        raise AddressNotAllowed("not a valid host name")
    return name


def _is_local_name(name: str) -> bool:
    return "." not in name or name.endswith(_LOCAL_SUFFIXES)
