"""A small storm as a test; `make test-faults` runs it, and bigger ones by SEED and DEALS."""

import json
from pathlib import Path

import pytest

from tests.faults.storm import Weather, storm


@pytest.mark.storm
@pytest.mark.timeout(600)
async def test_a_small_storm_breaks_no_promise(tmp_path: Path) -> None:
    verdict = await storm(Weather(seed=1, deals=20, clients=10, minutes=1.0), tmp_path)
    assert verdict.violations == [], json.dumps(verdict.as_json(), indent=1, default=str)
    assert sum(verdict.acknowledged.values()) > 0
