import json
import signal
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from deploy.ports import port_of, reserve
from deploy.tests.started import READY, Started
from deploy.welcome import SAMPLES

MEMBERS = set(
    "base_url tenant_id test_key live_key publishable_key publishable_environment session_environment email password "
    "stripe_base".split()
)


class Run:
    """What one start was asked and told, from its welcome to its end."""

    def __init__(self, home: Path, number: signal.Signals, samples: bool) -> None:
        with Started(home, "run", "--port=0") as running:
            running.wait_for(READY)
            self.credentials = running.credentials
            self.mode = stat.S_IMODE((home / "credentials.json").stat().st_mode)
            self.answers = [running.ask(one.path, one.body) for one in SAMPLES] if samples else []
            self.deals: list[dict[str, Any]] = running.ask("/v1/deals")[1]["data"]["deals"]
            self.payments = running.ask("/v1/payments?action=settings")
            self.status, self.left = running.stop(number)
            self.said = running.said


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("embedded") / "home"


@pytest.fixture(scope="module")
def first(home: Path) -> Run:
    return Run(home, signal.SIGTERM, samples=True)


@pytest.fixture(scope="module")
def second(home: Path, first: Run) -> Run:
    return Run(home, signal.SIGINT, samples=False)


class TestFirstStart:
    def test_writes_credentials_that_only_the_owner_reads(self, first: Run) -> None:
        assert first.credentials.keys() == MEMBERS
        assert all(first.credentials.values())
        assert first.mode == 0o600

    def test_says_where_dashboard_and_publishable_key_act(self, first: Run) -> None:
        assert first.credentials["publishable_environment"] == "test"
        assert first.credentials["session_environment"] == "test"

    def test_the_lines_to_paste_work(self, first: Run) -> None:
        assert [status for status, _ in first.answers] == [201, 201, 201, 200]

    def test_the_workspace_is_connected_to_the_stand_in(self, first: Run) -> None:
        status, answer = first.payments
        assert status == 200
        assert answer["data"]["stripe"]["connected"] is True

    def test_the_welcome_shows_the_test_key_and_no_other_secret(self, first: Run) -> None:
        assert first.credentials["test_key"] in first.said
        assert first.credentials["live_key"] not in first.said
        assert first.credentials["password"] not in first.said

    def test_nothing_went_wrong_that_the_log_would_tell(self, first: Run) -> None:
        assert '"level": "error"' not in first.said


class TestEnd:
    def test_sigterm_ends_it_in_order_with_nothing_left_running(self, first: Run) -> None:
        assert (first.status, first.left) == (0, [])

    def test_ctrl_c_does_too(self, second: Run) -> None:
        assert (second.status, second.left) == (0, [])

    def test_its_ports_are_free_again(self, first: Run, second: Run) -> None:
        for place in (second.credentials["base_url"], second.credentials["stripe_base"]):
            reserve("127.0.0.1", urlsplit(place).port or 0).close()

    def test_it_can_be_ended_while_it_starts(self, tmp_path: Path) -> None:
        with Started(tmp_path / "home", "run", "--port=0") as running:
            running.wait_for_family()
            status, left = running.stop(signal.SIGINT)
        assert (status, left) == (0, [])


class TestSecondStart:
    def test_finds_its_workspace_and_data_again(self, first: Run, second: Run) -> None:
        assert [deal["title"] for deal in second.deals] == ["First deal"]
        assert _lasting(second.credentials) == _lasting(first.credentials)


class TestPortInUse:
    @pytest.fixture
    def taken(self) -> Iterator[int]:
        with socket.create_server(("127.0.0.1", 0)) as door:
            yield port_of(door)

    def test_is_said_in_a_sentence_and_nothing_is_started(self, tmp_path: Path, taken: int) -> None:
        with Started(tmp_path / "home", "run", environment={"PORT": str(taken)}) as running:
            assert running.process.wait(timeout=30) == 1
        assert f"127.0.0.1:{taken} cannot be used" in running.said
        assert "Traceback" not in running.said
        assert not (tmp_path / "home" / "postgres").exists()


def _lasting(credentials: dict[str, Any]) -> str:
    return json.dumps({name: value for name, value in credentials.items() if name != "base_url"}, sort_keys=True)
