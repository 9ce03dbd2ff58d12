"""Text search in SQL."""


def contains(text: str | None) -> str | None:
    """A LIKE pattern that finds the text anywhere; its own wildcards are taken literally. None for no text."""
    if not text:
        return None
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
