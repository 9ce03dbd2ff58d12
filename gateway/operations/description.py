"""What the API says about itself."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from gateway.operations.context import Context
from libs.api.describe import Entry
from libs.api.fields import Output
from libs.api.operation import GET, NONE, operation

AUTHENTICATION = {
    "api_key": "Authorization: Bearer sb_live_..., sb_test_... or sb_pub_..., or the same key in X-API-Key.",
    "session": "The session cookie that POST /v1/auth sets, for the dashboard and for key management.",
    "none": "Operations whose auth is none take no credential.",
}


class EndpointOperation(Output):
    """One operation of a resource."""

    id: str
    method: str
    path: str
    select: dict[str, str]
    title: str


class Endpoint(Output):
    """One resource."""

    url: str
    methods: list[str]
    operations: list[EndpointOperation]


class Agents(Output):
    """How software agents connect."""

    protocol: str
    mcp_endpoint: str
    authentication: str
    required_scope: str
    protected_resource_metadata: str


class ApiDescription(Output):
    """Where everything is."""

    name: str
    version: str
    base_url: str
    documentation: str
    openapi_spec: str
    authentication: dict[str, str]
    agents: Agents
    endpoints: dict[str, Endpoint]


@operation("api.describe", GET, "/v1/api", auth=[NONE])
async def describe_api(ctx: Context) -> ApiDescription:
    """Describe the API: its resources, the ways to authenticate, and how agents connect."""
    root = ctx.public_root
    return ApiDescription(
        name="Salesbooth API",
        version="1.0.0",
        base_url=f"{root}/v1",
        documentation=f"{root}/docs",
        openapi_spec=f"{root}/api/openapi.json",
        authentication=AUTHENTICATION,
        agents=Agents(
            protocol="MCP over streamable HTTP",
            mcp_endpoint=f"{root}/v1/mcp",
            authentication="Authorization: Bearer sb_...",
            required_scope="agent:discover",
            protected_resource_metadata=f"{root}/.well-known/oauth-protected-resource",
        ),
        endpoints=endpoints(ctx.manifests.entries, root),
    )


def endpoints(entries: Iterable[Entry], root: str) -> dict[str, Endpoint]:
    """One entry for each resource, which is what stands before the dot of an operation's id."""
    found: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        found[entry.id.partition(".")[0]].append(entry)
    return {resource: _endpoint(found[resource], root) for resource in sorted(found)}


def _endpoint(entries: list[Entry], root: str) -> Endpoint:
    rows: list[dict[str, Any]] = [
        {"id": one.id, "method": one.method, "path": one.path, "select": dict(one.select), "title": one.row["title"]}
        for one in entries
    ]
    methods = sorted({one.method for one in entries})
    return Endpoint(url=root + entries[0].path, methods=methods, operations=[EndpointOperation(**row) for row in rows])
