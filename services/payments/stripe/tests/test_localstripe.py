"""The adapter against localstripe, a server that others wrote.

It reaches as far as the payment cases do. What it cannot do, so that only the stand-in is asked for it: idempotency
keys (it ignores them), connected accounts and account links, Checkout Sessions, `setup_future_usage`, limits on payment
method types, a payment method at confirmation, `amount_received` (so partial captures cannot be told), 409, 429 and 5xx
answers, lost answers, disputes, and the intent within an error. Of the declining cards it knows one by its usual name.
"""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio
import stripe

from services.payments.stripe.adapter import StripeAdapter, stripe_client
from services.payments.stripe.tests.cases import PaymentCases, Server

START_SECONDS = 15


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


async def answering(base: str) -> None:
    """Wait until the server takes calls."""
    async with asyncio.timeout(START_SECONDS), aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.get(f"{base}/v1/charges"):
                    return
            except aiohttp.ClientConnectorError:
                await asyncio.sleep(0.05)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def base() -> AsyncIterator[str]:
    """The server, for all tests of the module."""
    port = free_port()
    command = [sys.executable, "-m", "localstripe", "--port", str(port), "--from-scratch"]
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(*command, stdout=quiet, stderr=quiet)
    try:
        await answering(f"http://127.0.0.1:{port}")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        await process.wait()


@pytest.fixture
async def server(base: str) -> AsyncIterator[Server]:
    transport = stripe.AIOHTTPClient(timeout=5)
    yield Server(StripeAdapter(stripe_client("sk_test_of_the_tests", base, transport)), "pm_card_chargeCustomerFail")
    await transport.close_async()  # type: ignore[no-untyped-call]


class TestLocalstripe(PaymentCases):
    """The same cases."""
