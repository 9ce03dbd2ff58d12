"""From method, path and selectors to one operation (RULES R3, R5-R9, C22, C23)."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from libs.api.call import Call
from libs.errors.types import BadRequest, MethodNotAllowed, UnknownEndpoint

ANY = "*"


class Target(Protocol):
    """What a router needs to know of an operation."""

    @property
    def id(self) -> str: ...
    @property
    def method(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def select(self) -> Mapping[str, str]: ...
    @property
    def select_in(self) -> str: ...
    @property
    def also(self) -> Iterable[Any]: ...


T = TypeVar("T", bound=Target)


@dataclass(frozen=True)
class Match(Generic[T]):
    """The operation that a request reaches, with the values of its path parameters."""

    operation: T
    path_values: Mapping[str, str]


@dataclass(frozen=True)
class _Candidate(Generic[T]):
    operation: T
    select: Mapping[str, str]

    def score(self, query: Mapping[str, str], body: Mapping[str, Any]) -> int:
        """How well the selectors fit: -1 not at all, else 2 for each exact one and 1 for each merely present."""
        total = 0
        for name, wanted in self.select.items():
            sent = self._sent(name, query, body)
            if sent is None or (wanted != ANY and plain(sent) != plain(wanted)):
                return -1
            total += 1 if wanted == ANY else 2
        return total

    def _sent(self, name: str, query: Mapping[str, str], body: Mapping[str, Any]) -> Any:
        place = self.operation.select_in
        if place == "body":
            return body.get(name)
        sent = query.get(name)
        if place == "either" and name in body:
            if sent is not None and plain(sent) != plain(body[name]):
                raise BadRequest(f"{name} differs between the query and the body.")
            return body[name]
        return sent


def plain(value: Any) -> str:
    """A selector value with `-` and `_` made alike (R7)."""
    return str(value).replace("-", "_")


def canonical(path: str) -> str:
    """`/api/v1/X` and `/v1/X` are the same endpoint (R3)."""
    path = path.removeprefix("/api") if path.startswith("/api/v1/") else path
    return path.rstrip("/") or "/"


class Router(Generic[T]):
    """Finds operations. Built once from declarations or from manifests."""

    def __init__(self, operations: Iterable[T]) -> None:
        self._by_id: dict[str, T] = {}
        self._fixed: dict[str, dict[str, list[_Candidate[T]]]] = defaultdict(lambda: defaultdict(list))
        self._patterns: list[tuple[re.Pattern[str], str]] = []
        for operation in operations:
            self._by_id[operation.id] = operation
            self._add(operation.method, operation.path, _Candidate(operation, operation.select))
            for route in operation.also:
                self._add(route.method, route.path, _Candidate(operation, route.select))

    def _add(self, method: str, path: str, candidate: _Candidate[T]) -> None:
        if path not in self._fixed and "{" in path:
            pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(path))
            self._patterns.append((re.compile(pattern), path))
        self._fixed[path][method].append(candidate)

    def __iter__(self) -> Any:
        return iter(self._by_id.values())

    def __getitem__(self, operation_id: str) -> T:
        return self._by_id[operation_id]

    def __contains__(self, operation_id: object) -> bool:
        return operation_id in self._by_id

    def locate(self, path: str) -> tuple[str, Mapping[str, str]]:
        """The path template and its values; UnknownEndpoint where no operation has the path."""
        if path in self._fixed:
            return path, {}
        for pattern, template in self._patterns:
            if found := pattern.fullmatch(path):
                return template, found.groupdict()
        raise UnknownEndpoint

    def candidates(self, method: str, path: str) -> list[T]:
        """All operations of a method and path, whatever they select by."""
        template, _ = self.locate(canonical(path))
        return [candidate.operation for candidate in self._of(template, method)]

    def match(
        self, method: str, path: str, query: Mapping[str, str], body: Mapping[str, Any] | None = None
    ) -> Match[T]:
        """The operation of a request; UnknownEndpoint, MethodNotAllowed or BadRequest where there is none."""
        template, values = self.locate(canonical(path))
        found = self._of(template, method)
        scored = [(candidate.score(query, body or {}), number, candidate) for number, candidate in enumerate(found)]
        best = max(scored, key=lambda one: (one[0], -one[1]))
        selectors = {name for candidate in found for name, value in candidate.select.items() if value != ANY}
        unknown = [name for name in selectors if name in query and name not in best[2].select]
        if best[0] < 0 or unknown:
            raise BadRequest(_unknown_selector(sorted(selectors), query, body or {}))
        return Match(best[2].operation, values)

    def reached_by(self, call: Call) -> Match[T]:
        """The operation of a call; the body is read only where selectors may stand in it.

        An operation without selectors and with `select_in="body"` also takes bodies that are no JSON, to answer them in
        its protocol's own way; otherwise such a body is a BadRequest.
        """
        found = self.candidates(call.method, call.path)
        body = None
        if any(one.select and one.select_in != "query" for one in found):
            try:
                body = call.document
            except BadRequest:
                if not any(one.select_in == "body" and not one.select for one in found):
                    raise
        return self.match(call.method, call.path, call.query_values, body if isinstance(body, dict) else None)

    def _of(self, template: str, method: str) -> list[_Candidate[T]]:
        methods = self._fixed[template]
        if method not in methods:
            allowed = sorted(methods)
            raise MethodNotAllowed(details={"allowed_methods": allowed}, headers={"Allow": ", ".join(allowed)})
        return methods[method]


def _unknown_selector(names: list[str], query: Mapping[str, str], body: Mapping[str, Any]) -> str:
    sent = {name: query.get(name, body.get(name)) for name in names}
    shown = ", ".join(f"{name}={value}" for name, value in sent.items() if value is not None)
    return f"Unknown {shown}." if shown else f"Missing query parameter: {' or '.join(names) or 'selector'}."
