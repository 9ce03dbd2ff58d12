"""Topic patterns, with the meaning that AMQP gives them."""

from functools import lru_cache


@lru_cache(maxsize=4096)
def matches(pattern: str, name: str) -> bool:
    """Whether a name of words parted by dots fits: `*` is exactly one word, `#` any number of them, none included."""
    return _match(tuple(pattern.split(".")), tuple(name.split(".")))


def _match(pattern: tuple[str, ...], words: tuple[str, ...]) -> bool:
    if not pattern:
        return not words
    if pattern[0] == "#":
        return any(_match(pattern[1:], words[skipped:]) for skipped in range(len(words) + 1))
    return bool(words) and pattern[0] in ("*", words[0]) and _match(pattern[1:], words[1:])
