"""Cross-origin rules: who may call from a browser, and what the browser is told (RULES R82-R85).

An answer's headers say what a browser may read; whether a request is served at all is for `key_admits` and
`session_admits`, because a browser sends simple requests without asking first.
"""

from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

ALLOWED_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
ALLOWED_HEADERS = (
    "Authorization",
    "X-API-Key",
    "Content-Type",
    "If-Match",
    "Idempotency-Key",
    "X-Delegation-ID",
    "X-Tab-ID",
    "Last-Event-ID",
)
EXPOSED_HEADERS = (
    "ETag",
    "Retry-After",
    "X-Job-ID",
    "Idempotent-Replayed",
    "Deprecation",
    "Link",
    "Allow",
    "Content-Disposition",
    "WWW-Authenticate",
    "X-Cache",
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
    "X-RateLimit-Policy",
    "X-RateLimit-Multiplier",
    "X-Trust-Level",
)
PREFLIGHT_SECONDS = 600

_DEFAULT_PORTS = {"http": 80, "https": 443}


def is_preflight(method: str, headers: Mapping[str, str]) -> bool:
    """Whether a request is a browser's question; `headers` must ignore case. Other OPTIONS requests are not."""
    return method == "OPTIONS" and "Origin" in headers and "Access-Control-Request-Method" in headers


def preflight_headers(origin: str, dashboard_origins: Collection[str]) -> dict[str, str]:
    """Headers of the 204 that answers a preflight.

    Every origin is let through here, since the browser does not send the key whose list would decide (RULES R84).
    """
    return {
        **_admission(origin, dashboard_origins),
        "Access-Control-Allow-Methods": ", ".join(ALLOWED_METHODS),
        "Access-Control-Allow-Headers": ", ".join(ALLOWED_HEADERS),
        "Access-Control-Max-Age": str(PREFLIGHT_SECONDS),
        "Vary": "Origin",
    }


def answer_headers(origin: str | None, dashboard_origins: Collection[str]) -> dict[str, str]:
    """Headers of every other answer, the refusals of RULES R83 included, so that a page can read why it was refused."""
    if origin is None:
        return {"Vary": "Origin"}
    return {
        **_admission(origin, dashboard_origins),
        "Access-Control-Expose-Headers": ", ".join(EXPOSED_HEADERS),
        "Vary": "Origin",
    }


def key_admits(origin: str | None, allowed_origins: Collection[str]) -> bool:
    """Whether a key may be used from `origin` (RULES R82, R83).

    An empty list admits every origin; requests without an origin come from servers and pass.
    """
    return origin is None or not allowed_origins or _listed(origin, allowed_origins)


def session_admits(origin: str | None, dashboard_origins: Collection[str]) -> bool:
    """Whether a session cookie counts in a request from `origin` (RULES R85).

    Browsers attach cookies to requests that other sites start; taking them from the dashboard's own origins alone
    keeps those sites from acting as the user.
    """
    return origin is None or _listed(origin, dashboard_origins)


def _admission(origin: str, dashboard_origins: Collection[str]) -> dict[str, str]:
    headers = {"Access-Control-Allow-Origin": origin}
    if _listed(origin, dashboard_origins):
        headers["Access-Control-Allow-Credentials"] = "true"
    return headers


def _listed(origin: str, origins: Collection[str]) -> bool:
    return canonical_origin(origin) in map(canonical_origin, origins)


def canonical_origin(text: str) -> str:
    """Scheme, host and port of a URL as browsers send them: lower case, no default port, no path.

    Text that is no URL, such as the `null` of a sandboxed frame, is left as it is.
    """
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        return text
    if not url.scheme or not url.hostname:
        return text
    host = f"[{url.hostname}]" if ":" in url.hostname else url.hostname
    suffix = "" if port is None or port == _DEFAULT_PORTS.get(url.scheme) else f":{port}"
    return f"{url.scheme}://{host}{suffix}"
