"""Plain pages beside the API. The one place where their routes are added."""

from aiohttp import web

from gateway.manifests import Manifests
from gateway.pages import protected_resource, reference
from gateway.settings import GatewaySettings


def routes(settings: GatewaySettings, manifests: Manifests) -> list[web.RouteDef]:
    """Routes that come before the API's. Pages that show the operations read `manifests` anew at each request."""
    return [*protected_resource.routes(settings, manifests), *reference.routes(settings, manifests)]
