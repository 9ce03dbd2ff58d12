"""Optimistic locking by ETag and If-Match (RULES R99-R107)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from libs.errors.types import BadRequest, PreconditionFailed

FORM = re.compile(r'(?:W/)?"(\d{1,18})"|(\d{1,18})')


def etag(version: int) -> str:
    """The ETag of a version: `W/"n"`."""
    return f'W/"{version}"'


@dataclass(frozen=True, slots=True)
class IfMatch:
    """The version that the caller expects; `None` matches any."""

    version: int | None = None

    @classmethod
    def parse(cls, header: str | None) -> "IfMatch":
        """From `W/"5"`, `"5"`, `5` or `*`; BadRequest for any other text (R100, R107)."""
        if header is None or header.strip() == "*":
            return cls()
        found = FORM.fullmatch(header.strip())
        if not found:
            raise BadRequest('If-Match must be a version, such as W/"5".')
        return cls(int(found[1] or found[2]))

    def check(self, version: int, current: Callable[[], Any]) -> None:
        """Raise PreconditionFailed with the current state where the versions differ (R103)."""
        if self.version is not None and self.version != version:
            raise PreconditionFailed(data=current(), headers={"ETag": etag(version)})
