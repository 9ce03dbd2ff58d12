"""What the outbound tests share: scripted resolvers, certificates, servers on loopback."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from libs.outbound.tests.loopback import Certificates, Receivers, make_certificates


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    folder: Path = tmp_path_factory.mktemp("certificates")
    return make_certificates(folder, "hooks.example.com")


@pytest.fixture
async def receivers() -> AsyncIterator[Receivers]:
    async with AsyncExitStack() as stack:
        yield Receivers(stack)
