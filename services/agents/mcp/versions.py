"""Versions of the protocol, and what each demands of a request (AMENDMENTS A2)."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.agents.mcp.messages import (
    HEADER_MISMATCH,
    INVALID_PARAMS,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    PARSE_ERROR,
    UNSUPPORTED_VERSION,
    Message,
    RpcError,
)

DEFAULT = "2024-11-05"
STRUCTURED = "2025-06-18"
HANDSHAKE_VERSIONS = (DEFAULT, "2025-03-26", STRUCTURED, "2025-11-25")
STATELESS = "2026-07-28"
VERSIONS = (*HANDSHAKE_VERSIONS, STATELESS)
BATCH_VERSIONS = HANDSHAKE_VERSIONS[:2]

VERSION_HEADER, METHOD_HEADER, NAME_HEADER = "mcp-protocol-version", "mcp-method", "mcp-name"
META = "io.modelcontextprotocol/"
VERSION_META, CAPABILITIES_META = META + "protocolVersion", META + "clientCapabilities"
NAMED_METHODS = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}

STATUS = {
    PARSE_ERROR: 400,
    INVALID_REQUEST: 400,
    INVALID_PARAMS: 400,
    METHOD_NOT_FOUND: 404,
    HEADER_MISMATCH: 400,
    UNSUPPORTED_VERSION: 400,
}
"""HTTP status of errors to stateless requests; to all others errors come with 200."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """The version that a message is in."""

    version: str

    @property
    def stateless(self) -> bool:
        """Whether the request stands on its own, without a handshake before it."""
        return self.version not in HANDSHAKE_VERSIONS

    @property
    def structured(self) -> bool:
        """Whether tools have output schemas and structured results."""
        return VERSIONS.index(self.version) >= VERSIONS.index(STRUCTURED)

    def status(self, error: RpcError) -> int:
        """The HTTP status of an error."""
        return STATUS.get(error.code, 200) if self.stateless else 200


def agreed(wanted: object) -> str:
    """The version that a handshake settles on; an unknown one gets the documented default."""
    return wanted if isinstance(wanted, str) and wanted in HANDSHAKE_VERSIONS else DEFAULT


def spoken(headers: Mapping[str, str], message: Message | None = None) -> Dialect:
    """The dialect that the header, or a stateless request itself, names."""
    named = headers.get(VERSION_HEADER)
    if message is not None and VERSION_META in message.meta:
        return Dialect(STATELESS)
    return Dialect(named if named in HANDSHAKE_VERSIONS else STATELESS if named else DEFAULT)


def check_envelope(message: Message, headers: Mapping[str, str]) -> None:
    """Raise RpcError where a stateless request lacks metadata, contradicts its headers or is in an unknown version."""
    if message.is_notification:
        return _check_known(headers.get(VERSION_HEADER))
    missing = [key for key in (VERSION_META, CAPABILITIES_META) if key not in message.meta]
    if missing:
        raise RpcError(INVALID_PARAMS, f"params._meta is missing {', '.join(missing)}")
    version = message.meta[VERSION_META]
    _check_header(headers, VERSION_HEADER, version)
    _check_header(headers, METHOD_HEADER, message.method)
    if message.method in NAMED_METHODS and (name := message.params.get(NAMED_METHODS[message.method])) is not None:
        _check_header(headers, NAME_HEADER, name)
    return _check_known(version)


def _check_header(headers: Mapping[str, str], name: str, wanted: object) -> None:
    if decoded(headers.get(name, "")) != wanted:
        raise RpcError(HEADER_MISMATCH, f"The {name} header does not match the body")


def _check_known(version: object) -> None:
    if version != STATELESS:
        data: dict[str, Any] = {"supported": list(VERSIONS), "requested": version}
        raise RpcError(UNSUPPORTED_VERSION, "Unsupported protocol version", data)


def decoded(value: str) -> str | None:
    """A header's text; `=?base64?...?=` stands for text that no header can hold. None where that is broken."""
    if not (value.startswith("=?base64?") and value.endswith("?=")):
        return value
    try:
        return base64.b64decode(value[len("=?base64?") : -len("?=")], validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
