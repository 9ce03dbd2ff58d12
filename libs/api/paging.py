"""Pages by offset and by cursor (RULES R134-R141)."""

import base64
import binascii
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

import orjson
from pydantic import BeforeValidator, Field

from libs.api.fields import Output, Params
from libs.errors.types import BadRequest

DEFAULT_LIMIT, MAX_LIMIT = 50, 100
R = TypeVar("R")


def _nearest(value: Any) -> Any:
    """A limit outside 1-100 is moved to the nearest end (R135)."""
    return min(max(int(value), 1), MAX_LIMIT) if _is_whole(value) else value


def _bounded(value: Any) -> Any:
    return min(max(int(value), 0), 2**53) if _is_whole(value) else value


def _is_whole(value: Any) -> bool:
    return str(value).lstrip("-").isdigit()


Limit = Annotated[int, BeforeValidator(_nearest), Field(json_schema_extra={"minimum": 1, "maximum": MAX_LIMIT})]
Offset = Annotated[int, BeforeValidator(_bounded), Field(json_schema_extra={"minimum": 0})]


class OffsetQuery(Params):
    """`limit` and `offset` of a plain list."""

    limit: Limit = Field(DEFAULT_LIMIT, description="page size")
    offset: Offset = Field(0, description="rows to skip")


class CursorQuery(OffsetQuery):
    """`limit`, `offset`, cursors and the order of a list that can be walked."""

    after: str | None = Field(None, description="next_cursor of an earlier page")
    before: str | None = Field(None, description="prev_cursor of an earlier page")
    sort: Literal["created_at", "updated_at"] = Field("created_at", description="order, newest first")

    @property
    def backwards(self) -> bool:
        return self.before is not None and self.after is None

    @property
    def position(self) -> "Position | None":
        """Where the page starts, or None for a page by offset; BadRequest for a damaged cursor (R141)."""
        token = self.after or self.before
        return Position.parse(token, self.sort) if token else None


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a list: the sort value of a row and its id."""

    sort: str
    at: datetime
    id: str

    def token(self) -> str:
        """The opaque cursor text, with a checksum that finds damage."""
        body = orjson.dumps([self.sort, self.at.isoformat(), self.id])
        return base64.urlsafe_b64encode(zlib.crc32(body).to_bytes(4, "big") + body).decode().rstrip("=")

    @classmethod
    def parse(cls, token: str, sort: str) -> "Position":
        try:
            raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
            if zlib.crc32(raw[4:]).to_bytes(4, "big") != raw[:4]:
                raise ValueError("checksum")
            kept_sort, at, id_ = orjson.loads(raw[4:])
            position = cls(kept_sort, datetime.fromisoformat(at), id_)
        except (ValueError, TypeError, binascii.Error) as error:
            raise BadRequest("The cursor is damaged; use next_cursor or prev_cursor as they came.") from error
        if position.sort != sort:
            raise BadRequest(f"The cursor belongs to sort={position.sort}.")
        return position


class Pagination(Output):
    """`data.pagination` of a list (R138)."""

    total: int
    limit: int
    offset: int
    count: int
    next_cursor: str | None = None
    prev_cursor: str | None = None


class PlainPagination(Output):
    """`data.pagination` of a list without cursors."""

    total: int
    limit: int
    offset: int
    count: int


@dataclass(frozen=True)
class Page(Generic[R]):
    """The rows of one page with where it stands in the whole list."""

    rows: Sequence[R]
    pagination: Pagination


def offset_page(rows: Sequence[Any], total: int, query: OffsetQuery) -> PlainPagination:
    """The pagination of a list by offset."""
    return PlainPagination(total=total, limit=query.limit, offset=query.offset, count=len(rows))
