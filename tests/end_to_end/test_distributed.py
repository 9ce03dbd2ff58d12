"""Gateway and every service as processes of their own, each twice: `salesbooth distributed --replicas 2`."""

from collections.abc import Iterator

import pytest

from tests.end_to_end.by_tools import FirstDealByToolsCases
from tests.end_to_end.first_deal import FirstDealCases
from tests.end_to_end.systems import System, start


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    home, exempt = tmp_path_factory.mktemp("distributed") / "home", '["127.0.0.0/8"]'
    running = start("distributed", home, "--replicas", "2", OUTBOUND_EXEMPT=exempt)
    yield running
    running.stop()


class TestFirstDealDistributed(FirstDealCases):
    pass


class TestFirstDealByToolsDistributed(FirstDealByToolsCases):
    pass
