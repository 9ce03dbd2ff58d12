"""The server out of the wheel: as root and not, after every kind of death, in every kind of folder (A13)."""

import os
import shutil
import signal
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest

from deploy.processes.embedded_postgres import EmbeddedPostgres
from deploy.processes.server import ServerFailed
from deploy.processes.tests.processes import family, first_line, gone, holder

_HOLDER = (
    "from deploy.processes.embedded_postgres import EmbeddedPostgres\n"
    "home = Path({!r}); EmbeddedPostgres(home).start()\n"
    "print((home / 'postgres/data/postmaster.pid').read_text().split()[0], flush=True)"
)


@pytest.fixture
def home() -> Iterator[Path]:
    """A home whose parent nobody else may enter."""
    closed = Path(tempfile.mkdtemp(prefix="salesbooth-home-"))
    yield closed / "home"
    shutil.rmtree(closed)


def _postmaster(home: Path) -> int:
    return int((home / "postgres/data/postmaster.pid").read_text().split()[0])


async def _count(dsn: str) -> int:
    """Add a row and count."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("CREATE TABLE IF NOT EXISTS visits (at timestamptz DEFAULT now())")
        await connection.execute("INSERT INTO visits DEFAULT VALUES")
        return int(await connection.fetchval("SELECT count(*) FROM visits"))
    finally:
        await connection.close()


class TestEmbeddedPostgres:
    async def test_data_survive_an_orderly_restart_and_a_pgport_of_the_environment(
        self, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PGPORT", "7777")
        server = EmbeddedPostgres(home)
        assert await _count(server.start()) == 1
        processes = family(_postmaster(home))
        server.stop()
        assert gone(processes, within=0)
        assert await _count(server.start()) == 2
        server.stop()
        assert "database system was shut down" in (home / "postgres/log").read_text()

    async def test_it_keeps_fsync_and_listens_on_its_socket_alone(self, home: Path) -> None:
        server = EmbeddedPostgres(home)
        connection = await asyncpg.connect(server.start())
        assert await connection.fetchval("SHOW fsync") == "on"
        assert await connection.fetchval("SELECT current_database()") == "salesbooth"
        assert await connection.fetchval("SELECT lower('ÄRGER')") == "ärger"
        await connection.execute("SET timezone = 'Europe/Berlin'")
        kinds = {one.family.name for one in psutil.Process(_postmaster(home)).net_connections("all")}
        assert kinds == {"AF_UNIX"}
        await connection.close()
        server.stop()

    def test_no_permission_of_a_parent_and_no_account_changes(self, home: Path) -> None:
        package = Path(asyncpg.__file__).parent
        parents = [*home.parents, package, *package.parents]
        before = [stat.S_IMODE(parent.stat().st_mode) for parent in parents]
        accounts = Path("/etc/passwd").read_text()
        server = EmbeddedPostgres(home)
        server.start()
        user = psutil.Process(_postmaster(home)).uids().real
        server.stop()
        assert [stat.S_IMODE(parent.stat().st_mode) for parent in parents] == before
        assert before[0] == 0o700
        assert Path("/etc/passwd").read_text() == accounts
        assert user != 0

    async def test_a_home_with_a_long_strange_name_gets_a_short_socket_folder(self, home: Path) -> None:
        long = home.parent / ("a, 'strange' \"name\" " * 6)
        server = EmbeddedPostgres(long)
        dsn = server.start()
        assert await _count(dsn) == 1
        shorter = dsn.split("host=")[1].split("&")[0]
        assert stat.S_IMODE(os.stat(shorter).st_mode) == 0o700
        server.stop()
        assert not os.access(shorter, os.F_OK)

    async def test_a_name_with_spaces_and_quotes_is_fine_where_it_is_short(self, home: Path) -> None:
        server = EmbeddedPostgres(home.parent / 'it\'s a "home" & more')
        assert await _count(server.start()) == 1
        server.stop()

    def test_a_folder_of_somebody_else_under_the_sockets_name_is_refused(self, home: Path) -> None:
        server = EmbeddedPostgres(home.parent / ("long" * 40))
        place = Path(server.start().split("host=")[1].split("&")[0])
        server.stop()
        place.symlink_to(home.parent)
        try:
            with pytest.raises(ServerFailed, match="belongs to somebody else"):
                server.start()
        finally:
            place.unlink()

    def test_a_second_process_on_the_same_home_is_refused_at_once(self, home: Path) -> None:
        server = EmbeddedPostgres(home)
        server.start()
        with pytest.raises(ServerFailed, match="another process uses"):
            EmbeddedPostgres(home).start()
        server.stop()

    @pytest.mark.parametrize("death", [signal.SIGTERM, signal.SIGKILL])
    async def test_the_server_stops_cleanly_when_its_process_dies_and_the_next_takes_over(
        self, home: Path, death: signal.Signals
    ) -> None:
        with holder(_HOLDER.format(str(home))) as process:
            processes = family(int(first_line(process)))
            process.send_signal(death)
        server = EmbeddedPostgres(home)
        assert await _count(server.start()) == 1
        server.stop()
        assert gone(processes, within=0)
        assert "database system is shut down" in (home / "postgres/log.previous").read_text()

    async def test_rows_survive_a_killed_server(self, home: Path) -> None:
        server = EmbeddedPostgres(home)
        assert await _count(server.start()) == 1
        processes = family(_postmaster(home))
        os.kill(_postmaster(home), signal.SIGKILL)
        assert gone(processes, within=10)
        assert await _count(server.start()) == 2
        server.stop()

    async def test_a_stale_pid_file_that_names_another_living_program_is_no_obstacle(self, home: Path) -> None:
        server = EmbeddedPostgres(home)
        assert await _count(server.start()) == 1
        record = home / "postgres/data/postmaster.pid"
        stale = record.read_text().replace(str(_postmaster(home)), str(os.getpid()), 1)
        server.stop()
        record.write_text(stale)
        assert await _count(server.start()) == 2
        server.stop()

    def test_an_interrupted_first_start_is_repeated(self, home: Path) -> None:
        (home / "postgres/data.new/base").mkdir(parents=True)
        server = EmbeddedPostgres(home)
        server.start()
        server.stop()
        assert (home / "postgres/data/PG_VERSION").exists()

    def test_starting_takes_little_time(self, home: Path) -> None:
        server = EmbeddedPostgres(home)
        begun = time.monotonic()
        server.start()
        assert time.monotonic() - begun < 20
        server.stop()
