import asyncio
import os
import signal
import time
from pathlib import Path

import psutil

from deploy.services import SERVICES
from deploy.tests.started import READY, Started
from deploy.welcome import SAMPLES
from tests.support.system import new_database


class TestDistributed:
    """One start of everything, since it takes ten seconds."""

    def test_serves_survives_a_death_and_ends(
        self, tmp_path: Path, postgres_url: str, amqp_url: str, redis_url: str
    ) -> None:
        own = asyncio.run(new_database(postgres_url, "distributed"))
        servers = {"DATABASE_URL": own, "AMQP_URL": amqp_url, "REDIS_URL": redis_url}
        with Started(tmp_path / "home", "distributed", "--port=0", environment=servers) as running:
            running.wait_for(READY, within=90)
            served = {one.cmdline()[4] for one in running.family() if "serve" in one.cmdline()}
            assert served == set(SERVICES)
            assert [running.ask(one.path, one.body)[0] for one in SAMPLES] == [201, 201, 201, 200]
            _kill(running, "serve", "catalog")
            running.wait_for(r"catalog-1 ended with status 137; it starts again in")
            _until_answered(running, "/v1/products")
            status, left = running.stop(signal.SIGINT)
        assert (status, left) == (0, [])


def _kill(running: Started, *words: str) -> None:
    found = [one for one in running.family() if one.cmdline()[3:5] == list(words)]
    assert len(found) == 1, words
    os.kill(found[0].pid, signal.SIGKILL)
    psutil.wait_procs(found, timeout=5)


def _until_answered(running: Started, path: str) -> None:
    deadline = time.monotonic() + 40
    while (status := running.ask(path)[0]) != 200:
        assert status == 503
        assert time.monotonic() < deadline
        time.sleep(0.2)
