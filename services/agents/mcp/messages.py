"""JSON-RPC 2.0: messages in, answers out, and the errors of the protocol (RULES R178)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND = -32700, -32600, -32601
INVALID_PARAMS, INTERNAL_ERROR = -32602, -32603
HEADER_MISMATCH, UNSUPPORTED_VERSION = -32020, -32022


class RpcError(Exception):
    """An answer of the protocol other than a result."""

    def __init__(self, code: int, message: str, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.data = code, message, data

    def body(self, id_: Any) -> dict[str, Any]:
        """The JSON-RPC error answer to the request of an id; None where the id could not be read."""
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.data is not None:
            error["data"] = self.data
        return {"jsonrpc": "2.0", "id": id_, "error": error}


@dataclass(frozen=True)
class Message:
    """One request, or one notification: that has no id and gets no answer."""

    method: str
    id: Any = None
    is_notification: bool = False
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def meta(self) -> Mapping[str, Any]:
        """The `_meta` member of the parameters."""
        meta = self.params.get("_meta")
        return meta if isinstance(meta, dict) else {}


def result_body(id_: Any, result: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON-RPC answer to a request that worked."""
    return {"jsonrpc": "2.0", "id": id_, "result": result}


def id_of(document: Any) -> Any:
    """The id to echo, with the type that it was sent with (A20); None where there is none that can be echoed."""
    found = document.get("id") if isinstance(document, dict) else None
    return found if isinstance(found, (str, int, Decimal)) and not isinstance(found, bool) else None


def message_of(document: Any) -> Message:
    """A message from its JSON; RpcError -32600 or -32602 where it is none."""
    if not isinstance(document, dict) or document.get("jsonrpc") != "2.0":
        raise RpcError(INVALID_REQUEST, "Invalid Request: a JSON object with jsonrpc 2.0 is needed")
    if _is_answer(document):
        return Message("", is_notification=True)
    method, params = document.get("method"), document.get("params")
    if not isinstance(method, str) or not method:
        raise RpcError(INVALID_REQUEST, "Invalid Request: method is missing")
    if "id" in document and id_of(document) is None:
        raise RpcError(INVALID_REQUEST, "Invalid Request: id must be a string or a number")
    if params is not None and not isinstance(params, dict):
        raise RpcError(INVALID_PARAMS, "Invalid params: an object is needed")
    return Message(method, id_of(document), "id" not in document, params or {})


def _is_answer(document: Mapping[str, Any]) -> bool:
    """Answers to requests of ours are taken without a word, as notifications are; we make no requests."""
    return "method" not in document and ("result" in document or "error" in document)
