"""The script that makes the secrets of docker-compose.yml."""

import stat
import subprocess
from pathlib import Path

import pytest
import yaml

from libs.vault.master import from_text

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = ROOT / "deploy" / "docker" / "secrets.sh"
DECLARED = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["secrets"]


def make(folder: Path) -> dict[str, str]:
    subprocess.run(["sh", str(SCRIPT), str(folder)], check=True, capture_output=True)
    return {file.name: file.read_text() for file in folder.iterdir()}


@pytest.fixture
def made(tmp_path: Path) -> dict[str, str]:
    return make(tmp_path / "secrets")


class TestSecrets:
    def test_are_those_that_the_containers_ask_for(self, made: dict[str, str]) -> None:
        assert made.keys() == {one["file"].rpartition("/")[2] for one in DECLARED.values()}

    def test_fit_each_other(self, made: dict[str, str]) -> None:
        assert f":{made['postgres_password']}@postgres:5432/salesbooth" in made["database_url"]
        for url, configuration in (("amqp_url", "rabbitmq.conf"), ("redis_url", "redis.conf")):
            password = made[url].partition("@")[0].rpartition(":")[2]
            assert len(password) == 48
            assert password in made[configuration].split()

    def test_hold_a_master_key(self, made: dict[str, str]) -> None:
        assert from_text(made["salesbooth_master_key"]).id

    def test_lie_in_a_folder_for_their_owner_alone(self, tmp_path: Path, made: dict[str, str]) -> None:
        assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700

    def test_are_never_made_twice(self, tmp_path: Path, made: dict[str, str]) -> None:
        assert make(tmp_path / "secrets") == made

    def test_differ_from_folder_to_folder(self, tmp_path: Path, made: dict[str, str]) -> None:
        other = make(tmp_path / "other")
        assert not set(made["salesbooth_master_key"].split()) & set(other["salesbooth_master_key"].split())
