"""Calling a tool: scopes, arguments, time limit, circuit breaker, and the result in words of MCP (RULES R177-R180)."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import orjson

from libs.api.call import Reply, encode_json
from libs.api.principal import Principal
from libs.service.peers import Dispatch
from services.agents.tools.circuits import CircuitOpen, Circuits
from services.agents.tools.fields import call_of
from services.agents.tools.toolbox import Tool, Toolbox

TIME_LIMIT = timedelta(seconds=10)
ENVELOPE = frozenset({"error", "success", "data"})
CIRCUIT_OPEN = {
    "error": True,
    "code": "service_unavailable",
    "message": "Tool execution temporarily unavailable (circuit breaker open). Retry after a short delay.",
    "retryable": True,
}


@dataclass(frozen=True)
class Outcome:
    """What a tool gave: its data, or an error body."""

    data: Any
    failed: bool = False

    @property
    def text(self) -> str:
        """The outcome as a JSON string."""
        return encode_json(self.data).decode()


@dataclass(frozen=True)
class ToolCaller:
    """Calls tools on behalf of one principal. `headers` go with every call, such as the delegation."""

    dispatch: Dispatch
    circuits: Circuits
    toolbox: Toolbox
    principal: Principal
    headers: Mapping[str, str] = field(default_factory=dict)
    time_limit: timedelta = TIME_LIMIT

    async def call(self, tool: Tool, arguments: Mapping[str, Any]) -> Outcome:
        """The outcome of a tool; InvalidArguments where the arguments do not fit its input schema.

        A refusal by scope, validation, state or limit is an outcome like any other; only outages and overruns count
        against the tool.
        """
        if not self.principal.permits(tool.scopes):
            return Outcome(_insufficient_scope(tool), failed=True)
        tool.check(arguments)
        try:
            with self.circuits.attempt(tool.name, self.principal.tenant_id) as attempt:
                reply = await self._in_time(tool, arguments)
                attempt.failed = reply is None or reply.status >= 500
        except CircuitOpen:
            return Outcome(CIRCUIT_OPEN, failed=True)
        return _outcome(reply) if reply else Outcome(self._overrun(tool), failed=True)

    async def _in_time(self, tool: Tool, arguments: Mapping[str, Any]) -> Reply | None:
        try:
            async with asyncio.timeout(self.time_limit.total_seconds()):
                return await tool.run(self._ask, arguments)
        except TimeoutError:
            return None

    async def _ask(self, operation: str, values: Mapping[str, Any]) -> Reply:
        return await self.dispatch(call_of(self.toolbox.operations[operation], values, self.principal, self.headers))

    def _overrun(self, tool: Tool) -> dict[str, Any]:
        seconds = self.time_limit.total_seconds()
        message = f"Tool '{tool.name}' did not finish within {seconds:g} seconds."
        return {"error": True, "code": "transient_error", "message": message, "retryable": True}


def _outcome(reply: Reply) -> Outcome:
    body = orjson.loads(reply.raw) if reply.raw is not None else reply.body
    if reply.status >= 400:
        return Outcome(body, failed=True)
    return Outcome(body["data"] if isinstance(body, dict) and body.keys() >= ENVELOPE else body)


def _insufficient_scope(tool: Tool) -> dict[str, Any]:
    scopes = " or ".join(f"'{scope}'" for scope in tool.row.scopes)
    message = f"Tool '{tool.name}' requires scope {scopes}"
    return {"error": True, "code": "insufficient_scope", "message": message}
