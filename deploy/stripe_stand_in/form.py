"""Stripe's nested form encoding: `a[b][0]=c` becomes `{"a": {"b": ["c"]}}`."""

import re
from collections.abc import Iterable
from typing import Any

from deploy.stripe_stand_in.errors import InvalidParam

_KEY = re.compile(r"^([^\[\]]+)((?:\[[^\[\]]*\])*)$")
_PART = re.compile(r"\[([^\[\]]*)\]")


def parse_form(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Build the nested value that flat form or query pairs stand for.

    `a[]` appends, `a[0]` is an item of a list, any other name is a field. Raises InvalidParam for a key that no
    encoder writes, such as `a[b` or a name used both as a text and as a group.
    """
    tree: dict[str, Any] = {}
    for key, value in pairs:
        found = _KEY.match(key)
        if found is None:
            raise InvalidParam(f"Invalid parameter name: {key}", code="parameter_unknown", param=key)
        _place(tree, [found[1], *_PART.findall(found[2])], value, key)
    return {name: _with_lists(value) for name, value in tree.items()}


def _place(tree: dict[str, Any], path: list[str], value: str, key: str) -> None:
    for part in path[:-1]:
        tree = tree.setdefault(part or str(len(tree)), {})
        if not isinstance(tree, dict):
            raise InvalidParam(f"Invalid object: {key}", param=key)
    last = path[-1] or str(len(tree))
    if isinstance(tree.get(last), dict):
        raise InvalidParam(f"Invalid string: {key}", param=key)
    tree[last] = value


def _with_lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {name: _with_lists(item) for name, item in value.items()}
    if inner and all(name.isdecimal() for name in inner):
        return [inner[name] for name in sorted(inner, key=int)]
    return inner
