"""The project's Python files as syntax trees."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOP_LEVEL = ("libs", "gateway", "services", "deploy", "tests")


@dataclass(frozen=True)
class Source:
    """One file."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @property
    def parts(self) -> tuple[str, ...]:
        return self.path.relative_to(ROOT).parts

    @property
    def is_test(self) -> bool:
        return "tests" in self.parts or self.path.name == "conftest.py"

    @cached_property
    def text(self) -> str:
        return self.path.read_text()

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    def imports(self) -> Iterator[tuple[str, int]]:
        """Names of imported modules with their lines."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((alias.name, node.lineno) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield node.module, node.lineno


@cache
def sources() -> list[Source]:
    """Every Python file of the project."""
    return [Source(path) for top in TOP_LEVEL for path in sorted((ROOT / top).rglob("*.py"))]


def production() -> list[Source]:
    """Files that are not tests."""
    return [source for source in sources() if not source.is_test]
