"""How clients of the MCP endpoint learn to authenticate (RFC 9728, AMENDMENTS A2)."""

from aiohttp import web

from gateway.answers import METADATA_PATH
from gateway.entrance import MCP_PATH
from gateway.manifests import Manifests
from gateway.settings import GatewaySettings


def routes(settings: GatewaySettings, manifests: Manifests) -> list[web.RouteDef]:
    """The document under its own address and under the one that names the endpoint."""

    async def show(_: web.Request) -> web.Response:
        scopes = sorted({scope for entry in manifests.entries for scope in entry.scopes})
        document = {
            "resource": settings.public_root + MCP_PATH,
            "resource_name": "Salesbooth",
            "resource_documentation": f"{settings.public_root}/docs",
            "bearer_methods_supported": ["header"],
            "scopes_supported": scopes,
        }
        return web.json_response(document, headers={"Access-Control-Allow-Origin": "*"})

    return [web.get(METADATA_PATH, show), web.get(METADATA_PATH + MCP_PATH, show)]
