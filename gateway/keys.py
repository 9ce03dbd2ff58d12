"""Reading the credential that a request carries (RULES R59, R66-R71). Nothing is verified here."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

API_KEY = re.compile(r"sb_(?P<type>live|test|pub)_(?:(?P<region>au|eu|us)_)?[A-Za-z0-9]+")
PUBLIC_QUERY_PATHS = frozenset({"/v1/widget-config", "/v1/widget-intelligence", "/v1/ab-tests/resolve"})
QUERY_KEY_HEADERS = {"Deprecation": "true"}
"""What an answer to a secret key in the query string carries (RULES R67)."""

_CUSTOMER_TOKEN = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_ENVIRONMENTS = {"live": "live", "test": "test"}


class Kind(Enum):
    """What sort of caller a credential belongs to."""

    SECRET_KEY = auto()
    PUBLISHABLE_KEY = auto()
    CUSTOMER_TOKEN = auto()
    SESSION = auto()


class Source(Enum):
    """Where in the request a credential was found."""

    AUTHORIZATION = auto()
    API_KEY_HEADER = auto()
    QUERY = auto()
    COOKIE = auto()


@dataclass(frozen=True, slots=True)
class Credential:
    """A well-formed credential, not yet verified. The secret stays out of its text form, so that no log shows it."""

    kind: Kind
    secret: str = field(repr=False)
    source: Source

    @property
    def environment(self) -> str | None:
        """`live` or `test` by a secret key's prefix (RULES R60); None where only verification can tell (C13)."""
        return _ENVIRONMENTS.get(self._key_part("type") or "")

    @property
    def region(self) -> str | None:
        """Region inside an API key; None for a key of the installation's own region and for other credentials."""
        return self._key_part("region")

    def _key_part(self, name: str) -> str | None:
        match = API_KEY.fullmatch(self.secret)
        return match[name] if match else None


@dataclass(frozen=True, slots=True)
class Malformed:
    """A credential was sent that cannot be one: 401 `authentication_error.invalid_credentials` (RULES R33)."""

    source: Source


class QueryUse(Enum):
    """What holds for a credential as far as `?api_key=` is concerned."""

    FINE = auto()
    DEPRECATED = auto()
    REFUSED = auto()


def read_credential(
    headers: Mapping[str, str], query: Mapping[str, str], cookies: Mapping[str, str]
) -> Credential | Malformed | None:
    """The credential that counts: `Authorization`, else `X-API-Key`, else `?api_key=`, else the session cookie.

    The first place that has anything decides, even when what it has is malformed. `headers` must ignore case.
    None: the request carries no credential.
    """
    if (authorization := headers.get("Authorization")) is not None:
        return _read_bearer(authorization)
    if (key := headers.get("X-API-Key")) is not None:
        return _read_key(key.strip(), Source.API_KEY_HEADER)
    if (key := query.get("api_key")) is not None:
        return _read_key(key, Source.QUERY)
    if session := cookies.get("session"):
        return Credential(Kind.SESSION, session, Source.COOKIE)
    return None


def query_use(credential: Credential, path: str) -> QueryUse:
    """Whether the place where the credential stands is in order, for a request to `path` (RULES R67-R69).

    FINE: not in the query, or a publishable key on one of the widget's public endpoints. DEPRECATED: a secret key in
    the query; answer with QUERY_KEY_HEADERS, or 401 if its tenant has set `enforce_header_auth`. REFUSED: 401.
    """
    if credential.source is not Source.QUERY:
        return QueryUse.FINE
    if credential.kind is Kind.SECRET_KEY:
        return QueryUse.DEPRECATED
    return QueryUse.FINE if path.removeprefix("/api") in PUBLIC_QUERY_PATHS else QueryUse.REFUSED


def _read_bearer(authorization: str) -> Credential | Malformed:
    scheme, _, token = authorization.strip().partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer":
        return Malformed(Source.AUTHORIZATION)
    if _CUSTOMER_TOKEN.fullmatch(token):
        return Credential(Kind.CUSTOMER_TOKEN, token, Source.AUTHORIZATION)
    return _read_key(token, Source.AUTHORIZATION)


def _read_key(text: str, source: Source) -> Credential | Malformed:
    match = API_KEY.fullmatch(text)
    if match is None:
        return Malformed(source)
    kind = Kind.PUBLISHABLE_KEY if match["type"] == "pub" else Kind.SECRET_KEY
    return Credential(kind, text, source)
