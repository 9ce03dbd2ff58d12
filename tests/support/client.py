"""Calling an installation's services as the gateway does: routing first, then the owner of the operation."""

from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson

from deploy.installation import Installation
from libs.api.call import Call, Reply
from libs.api.operation import Operation
from libs.api.principal import Principal
from libs.api.routing import Router
from libs.errors.types import ApiError
from libs.service.pipeline import render_error


@dataclass(frozen=True)
class Answer:
    """A reply as a client reads it."""

    status: int
    headers: Mapping[str, str]
    body: Any

    @classmethod
    def of(cls, reply: Reply) -> "Answer":
        raw = reply.encode()
        return cls(reply.status, reply.headers, orjson.loads(raw) if raw else None)

    @property
    def data(self) -> Any:
        """`data` of a success; the whole body shows in the failure of a test that expected one."""
        assert self.status < 300, self.body
        return self.body["data"]

    @property
    def code(self) -> str:
        """The code of a refusal."""
        assert self.status >= 400, self.body
        code: str = self.body["code"]
        return code

    @property
    def refusal(self) -> tuple[int, str]:
        """Status and code of a refusal."""
        return self.status, self.code

    @property
    def faults(self) -> dict[str, str]:
        """The broken fields of a refusal with their codes."""
        return {name: fault["code"] for name, fault in self.body["details"]["fields"].items()}

    @property
    def version(self) -> int:
        """The version that the ETag names."""
        return int(self.headers["ETag"].removeprefix('W/"').removesuffix('"'))


def done(answer: Answer) -> Any:
    """`data` of a request that must have succeeded."""
    return answer.data


class Client:
    """A verified caller. Header names are given as words: `if_match=3`, `idempotency_key="k"`."""

    def __init__(self, installation: Installation, principal: Principal) -> None:
        self._installation = installation
        self._router: Router[Operation] = Router(_public(installation))
        self.principal = principal

    def acting_as(self, **changes: Any) -> "Client":
        """The same workspace, called by a principal that differs in some members."""
        return self.speaking_as(replace(self.principal, **changes))

    def speaking_as(self, principal: Principal) -> "Client":
        """The same installation, called by somebody else."""
        other = copy(self)
        other.principal = principal
        return other

    async def get(self, address: str, **headers: Any) -> Answer:
        return await self.send("GET", address, None, **headers)

    async def post(self, address: str, body: Any = None, **headers: Any) -> Answer:
        return await self.send("POST", address, body, **headers)

    async def patch(self, address: str, body: Any = None, **headers: Any) -> Answer:
        return await self.send("PATCH", address, body, **headers)

    async def delete(self, address: str, **headers: Any) -> Answer:
        return await self.send("DELETE", address, None, **headers)

    async def send(self, method: str, address: str, body: Any, **headers: Any) -> Answer:
        """Send a request; a body that is not bytes is sent as JSON, a header of None is left out."""
        parts = urlsplit(address)
        raw = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
        sent = {name.replace("_", "-"): str(value) for name, value in headers.items() if value is not None}
        query = tuple(parse_qsl(parts.query, keep_blank_values=True))
        call = Call(method, parts.path, query, sent, raw, principal=self.principal)
        return Answer.of(await self._reply(call))

    async def _reply(self, call: Call) -> Reply:
        try:
            service = self._router.reached_by(call).operation.service
        except ApiError as error:
            return render_error(error, call)
        return await self._installation.hosts[service].handle(call)


def _public(installation: Installation) -> Iterable[Operation]:
    for host in installation.hosts.values():
        yield from (one for one in host.service.operations if not one.internal)
