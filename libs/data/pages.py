"""Keyset pages in SQL: the parts of a statement that depend on where a page starts (RULES R136-R140)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from libs.api.paging import CursorQuery, Page, Pagination, Position
from libs.data.queries import Queries


@dataclass(frozen=True, slots=True)
class Listing:
    """A list as SQL: columns, table and filter; the filter's arguments are `$1`, `$2`, ...

    Columns must hold `id`, `created_at` and `updated_at`. Tenant and environment need not be named: row-level security
    adds them.
    """

    columns: str
    table: str
    where: str
    args: Sequence[Any]


async def fetch_page(tx: Queries, listing: Listing, query: CursorQuery) -> Page[asyncpg.Record]:
    """One page of a list, newest first, with its total and cursors."""
    position, sort, used = query.position, query.sort, len(listing.args)
    args: list[Any] = [*listing.args]
    seam = ""
    if position:
        args += [position.at, position.id]
        seam = f"AND ({sort}, id) {'>' if query.backwards else '<'} (${used + 1}, ${used + 2})"
    order = "ASC" if query.backwards else "DESC"
    skip = 0 if position else query.offset
    rows = await tx.fetch(
        f"SELECT {listing.columns} FROM {listing.table} WHERE {listing.where} {seam} "
        f"ORDER BY {sort} {order}, id {order} LIMIT {query.limit + 1} OFFSET {skip}",
        *args,
    )
    total = await tx.fetchval(f"SELECT count(*) FROM {listing.table} WHERE {listing.where}", *listing.args)
    return _page(list(rows), int(total), query, position)


def _page(
    rows: list[asyncpg.Record], total: int, query: CursorQuery, position: Position | None
) -> Page[asyncpg.Record]:
    more = len(rows) > query.limit
    rows = rows[: query.limit]
    if query.backwards:
        rows.reverse()
    has_next = True if query.backwards else more
    has_previous = more if query.backwards else (position is not None or query.offset > 0)
    pagination = Pagination(
        total=total,
        limit=query.limit,
        offset=0 if position else query.offset,
        count=len(rows),
        next_cursor=_cursor(rows[-1], query.sort) if rows and has_next else None,
        prev_cursor=_cursor(rows[0], query.sort) if rows and has_previous else None,
    )
    return Page(rows, pagination)


def _cursor(row: asyncpg.Record, sort: str) -> str:
    return Position(sort, row[sort], row["id"]).token()
