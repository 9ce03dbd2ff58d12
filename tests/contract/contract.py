"""The contract as data: operations, events and tools, as people and documents agreed on them."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

FOLDER = Path(__file__).parents[3] / "shared" / "contract"
OPERATION_FILES = "*.yaml"

needed = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"the contract is not beside the checkout ({FOLDER})")
"""Marks tests that can only run where the contract is."""

Row = Mapping[str, Any]


@cache
def operations() -> dict[str, Row]:
    """Every operation of the contract by its id."""
    if not FOLDER.is_dir():
        return {}
    files = [yaml.load(path.read_text(), yaml.CSafeLoader) for path in sorted(FOLDER.glob(OPERATION_FILES))]
    return {row["id"]: row for file in files for row in (file or {}).get("operations", ())}


@cache
def in_scope() -> list[str]:
    """The ids of the operations that have to exist by now."""
    return (FOLDER / "first_deal.ids").read_text().split() if FOLDER.is_dir() else []


@cache
def events() -> dict[str, Row]:
    """The event catalogue by name."""
    return _named("events")


@cache
def tools() -> dict[str, Row]:
    """The tools by name."""
    return _named("tools")


def _named(name: str) -> dict[str, Row]:
    file = yaml.load((FOLDER / f"{name}.yaml").read_text(), yaml.CSafeLoader)
    return {row["name"]: row for row in file[name]}
