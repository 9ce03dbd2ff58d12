"""PostgreSQL, RabbitMQ and Redis of our own: data survive a power cut, and nothing survives its holder."""

import signal
import socket
from pathlib import Path

import aio_pika
import asyncpg
import psutil
import pytest
from redis.asyncio import Redis
from redis.exceptions import TimeoutError as NoAnswer

from deploy.processes.postgres import PostgresServer
from deploy.processes.rabbit import RabbitServer
from deploy.processes.redis import RedisServer
from deploy.processes.server import ServerFailed
from deploy.processes.tests.processes import family, first_line, gone, holder


class TestPostgresServer:
    async def test_committed_rows_survive_kill_9_and_a_restart_on_the_same_port(self, tmp_path: Path) -> None:
        with PostgresServer(tmp_path / "server") as server:
            before = server.url
            connection = await asyncpg.connect(server.url)
            await connection.execute("CREATE TABLE deals (id integer)")
            await connection.execute("INSERT INTO deals VALUES (7)")
            processes = family(server.pid)
            server.kill()
            assert gone(processes, within=0)
            with pytest.raises((OSError, asyncpg.PostgresError)):
                await asyncpg.connect(server.url)
            server.start()
            assert server.url == before
            connection = await asyncpg.connect(server.url)
            assert await connection.fetchval("SELECT id FROM deals") == 7
            assert await connection.fetchval("SHOW fsync") == "on"
            await connection.close()
            server.restart()
            connection = await asyncpg.connect(server.url)
            assert await connection.fetchval("SELECT count(*) FROM deals") == 1
            await connection.close()
            processes = family(server.pid)
        assert gone(processes, within=0)

    async def test_users_of_one_server_have_databases_of_their_own(self, postgres_url: str) -> None:
        connection = await asyncpg.connect(postgres_url)
        assert postgres_url.endswith("/" + await connection.fetchval("SELECT current_database()"))
        await connection.close()

    def test_only_the_loopback_address_is_listened_on(self, tmp_path: Path) -> None:
        with PostgresServer(tmp_path / "server") as server:
            listening = {
                c.laddr for c in psutil.Process(server.pid).net_connections() if c.status == psutil.CONN_LISTEN
            }
        assert {(address.ip, address.port) for address in listening} == {("127.0.0.1", server.port)}

    def test_a_port_that_was_taken_meanwhile_is_reported_with_the_log(self, tmp_path: Path) -> None:
        server = PostgresServer(tmp_path / "server")
        with (
            socket.create_server(("127.0.0.1", server.port)),
            pytest.raises(ServerFailed, match="Address already in use"),
        ):
            server.start()
        assert not server.is_running


class TestRedisServer:
    async def test_it_answers_freezes_when_paused_and_starts_empty(self) -> None:
        with RedisServer() as server:
            async with Redis.from_url(server.url, socket_timeout=0.2, retry=None) as client:
                await client.set("greeting", "hello")
                server.pause()
                with pytest.raises(NoAnswer):
                    await _ping(server.url)
                server.resume()
                assert await client.get("greeting") == b"hello"
            server.restart()
            async with Redis.from_url(server.url) as client:
                assert await client.get("greeting") is None

    async def test_users_of_one_server_do_not_see_each_other(self) -> None:
        with RedisServer() as server:
            async with (
                Redis.from_url(server.separate_url("a")) as a,
                Redis.from_url(server.separate_url("b")) as b,
            ):
                await a.set("key", "a")
                assert await b.get("key") is None

    def test_it_dies_with_its_holder_even_when_that_is_killed(self, tmp_path: Path) -> None:
        process = holder(
            "from deploy.processes.redis import RedisServer\n"
            f"server = RedisServer(Path({str(tmp_path)!r})); server.start(); print(server.pid, flush=True)"
        )
        with process:
            processes = family(int(first_line(process)))
            process.send_signal(signal.SIGKILL)
        assert gone(processes, within=20)


class TestRabbitServer:
    async def test_persistent_messages_survive_kill_9_and_the_node_leaves_no_process(self) -> None:
        with RabbitServer() as server:
            url = server.separate_url("orders")
            async with await aio_pika.connect(url) as connection:
                channel = await connection.channel()
                queue = await channel.declare_queue("work", durable=True)
                message = aio_pika.Message(b"close it", delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
                await channel.default_exchange.publish(message, queue.name)
            processes = family(server.pid)
            server.kill()
            assert gone(processes, within=0)
            server.start()
            async with await aio_pika.connect(url) as connection:
                channel = await connection.channel()
                queue = await channel.declare_queue("work", passive=True)
                received = await queue.get(timeout=20, fail=True)
                assert received is not None
                assert received.body == b"close it"
                await received.ack()
            processes = family(server.pid)
        assert gone(processes, within=0)

    async def test_users_of_one_server_get_virtual_hosts(self, amqp_url: str) -> None:
        async with await aio_pika.connect(amqp_url) as connection:
            assert not connection.is_closed


async def _ping(url: str) -> None:
    async with Redis.from_url(url, socket_timeout=0.2, retry=None) as client:
        await client.ping()
