import pytest

from gateway.tests.access_cases import BrowserCases, CredentialCases
from gateway.tests.call_cases import ForwardingCases, OrderCases
from gateway.tests.conftest import World
from gateway.tests.limit_cases import LimitCases


class GatewayCases(ForwardingCases, OrderCases, CredentialCases, BrowserCases, LimitCases):
    """What holds of a gateway wherever its services run."""


class TestEmbedded(GatewayCases):
    @pytest.fixture
    def world(self, local: World) -> World:
        return local


class TestDistributed(GatewayCases):
    @pytest.fixture
    def world(self, distant: World) -> World:
        return distant
