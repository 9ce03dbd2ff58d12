"""Which handler answers which method and path, and the parameters it takes."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from deploy.stripe_stand_in.errors import UnknownUrl
from deploy.stripe_stand_in.store import StripeObject

Handler = Callable[..., StripeObject]
"""Takes the call, then the variable parts of the path in their order."""

_ALWAYS = ("expand",)
_PAGING = ("limit", "starting_after", "ending_before", "created")


@dataclass(frozen=True)
class Route:
    """An endpoint; `{id}` in its path stands for one segment."""

    method: str
    path: str
    accepts: frozenset[str]
    handler: Handler

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


class Routes:
    """The endpoints of one resource, declared beside their handlers.

    `accepts` names the top-level parameters, separated by spaces; any other is refused as unknown.
    """

    def __init__(self) -> None:
        self.all: list[Route] = []

    def get(self, path: str, accepts: str = "") -> Callable[[Handler], Handler]:
        return self._declare("GET", path, accepts.split())

    def page(self, path: str, accepts: str = "") -> Callable[[Handler], Handler]:
        """A GET that answers a list and takes the paging parameters too."""
        return self._declare("GET", path, [*accepts.split(), *_PAGING])

    def post(self, path: str, accepts: str = "") -> Callable[[Handler], Handler]:
        return self._declare("POST", path, accepts.split())

    def delete(self, path: str) -> Callable[[Handler], Handler]:
        return self._declare("DELETE", path, [])

    def _declare(self, method: str, path: str, accepts: Iterable[str]) -> Callable[[Handler], Handler]:
        def keep(handler: Handler) -> Handler:
            self.all.append(Route(method, path, frozenset([*accepts, *_ALWAYS]), handler))
            return handler

        return keep


class RouteTable:
    """All endpoints, found by method and path."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._by_length: dict[tuple[str, int], list[tuple[list[str], Route]]] = defaultdict(list)
        for route in routes:
            segments = route.path.strip("/").split("/")
            self._by_length[route.method, len(segments)].append((segments, route))

    def find(self, method: str, path: str) -> tuple[Route, list[str]]:
        """The route and the values of its variable segments. Raises UnknownUrl."""
        actual = path.strip("/").split("/")
        for segments, route in self._by_length.get((method, len(actual)), []):
            if all(wanted.startswith("{") or wanted == got for wanted, got in zip(segments, actual, strict=True)):
                values = [got for wanted, got in zip(segments, actual, strict=True) if wanted.startswith("{")]
                return route, values
        raise UnknownUrl(method, path)
