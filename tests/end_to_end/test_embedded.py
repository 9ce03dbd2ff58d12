"""One process: `salesbooth run`."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.end_to_end.by_tools import FirstDealByToolsCases
from tests.end_to_end.first_deal import FirstDealCases
from tests.end_to_end.systems import System, start


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    running = start("run", tmp_path_factory.mktemp("embedded") / "home")
    yield running
    running.stop()


class TestFirstDealEmbedded(FirstDealCases):
    pass


class TestFirstDealByToolsEmbedded(FirstDealByToolsCases):
    pass


def test_a_second_start_finds_its_data_and_nothing_is_left_running(tmp_path: Path) -> None:
    home = tmp_path / "home"
    first = start("run", home)
    assert stat.S_IMODE(os.stat(home / "credentials.json").st_mode) == 0o600
    product = first.data("POST", "products", {"name": "Kept", "price": 1.0})["product"]["id"]
    children = psutil.Process(first.process.pid).children(recursive=True)
    assert first.stop() == 0
    assert [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE] == []
    second = start("run", home)
    assert second.credentials["test_key"] == first.credentials["test_key"]
    assert second.data("GET", f"products?id={product}")["product"]["name"] == "Kept"
    assert second.stop() == 0
