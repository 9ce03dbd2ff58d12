"""Finding and naming the programs of the servers."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.processes.binaries import find_binaries

_ROOT = Path(__file__).parents[3]


def _ensure(*words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "deploy.processes", *words]
    return subprocess.run(command, cwd=_ROOT, env=os.environ, capture_output=True, text=True, check=False)


class TestBinaries:
    def test_every_server_of_the_suite_is_found(self) -> None:
        found = find_binaries()
        assert found.keys() == {"postgres", "rabbitmq", "redis"}
        postgres = found["postgres"]
        assert postgres is not None
        assert (postgres / "postgres").exists()

    def test_ensure_is_quiet_when_nothing_is_missing(self) -> None:
        ran = _ensure("ensure")
        assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")

    def test_wrong_words_are_answered_with_the_usage(self) -> None:
        ran = _ensure("everything")
        assert ran.returncode == 2
        assert "ensure [chromium | wrk]" in ran.stderr


class TestInstalling:
    def _ensure_with(self, folder: Path, status: int) -> "subprocess.CompletedProcess[str]":
        """`ensure chromium` where the only program on PATH is an apt-get that notes what it was asked."""
        stand_in = folder / "apt-get"
        stand_in.write_text(f'#!/bin/sh\necho "apt-get $*" >> {folder}/asked\nexit {status}\n')
        stand_in.chmod(0o755)
        command = [sys.executable, "-m", "deploy.processes", "ensure", "chromium"]
        environment = os.environ | {"PATH": str(folder)}
        return subprocess.run(command, cwd=_ROOT, env=environment, capture_output=True, text=True, check=False)

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root may install packages")
    def test_root_installs_debian_packages_and_leaves_the_machines_service_policy_alone(self, tmp_path: Path) -> None:
        policy = Path("/usr/sbin/policy-rc.d")
        before = policy.read_text() if policy.exists() else None
        ran = self._ensure_with(tmp_path, status=0)
        assert ran.returncode == 0, ran.stderr
        asked = (tmp_path / "asked").read_text().splitlines()
        assert asked == ["apt-get -q update", "apt-get -q install -y --no-install-recommends chromium"]
        assert (policy.read_text() if policy.exists() else None) == before

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root may install packages")
    def test_a_failed_installation_is_told(self, tmp_path: Path) -> None:
        ran = self._ensure_with(tmp_path, status=100)
        assert ran.returncode == 1
        assert "could not install chromium" in ran.stderr

    @pytest.mark.skipif(os.geteuid() == 0, reason="root installs it")
    def test_others_are_told_what_to_install(self, tmp_path: Path) -> None:
        ran = self._ensure_with(tmp_path, status=0)
        assert ran.returncode == 1
        assert "please install: chromium" in ran.stderr
