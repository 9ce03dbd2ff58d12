"""The SQL of provisional customers that nobody settled."""

from datetime import datetime

from libs.data.queries import Queries


async def discard_abandoned(queries: Queries, before: datetime) -> int:
    """Remove provisional customers last held before the moment given; returns how many. For the worker role."""
    gone = await queries.execute("DELETE FROM customers WHERE provisional AND updated_at < $1", before)
    return int(gone.removeprefix("DELETE "))
