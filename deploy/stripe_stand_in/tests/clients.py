"""How the real library is pointed at the stand-in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import stripe


@asynccontextmanager
async def closing_client(
    base_url: str, key: str = "sk_test_of_the_tests", retries: int = 0
) -> AsyncIterator[stripe.StripeClient]:
    """A client of the library's own aiohttp transport, closed at the end."""
    transport = stripe.AIOHTTPClient(timeout=20)
    yield stripe.StripeClient(
        key,
        base_addresses={"api": base_url, "connect": base_url},
        http_client=transport,
        max_network_retries=retries,
    )
    await transport.close_async()  # type: ignore[no-untyped-call]
