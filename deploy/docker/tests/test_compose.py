"""docker-compose.yml against the schema of the Compose Specification and against our own list of services."""

import json
import tomllib
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from deploy import addresses
from deploy.services import SERVICES

ROOT = Path(__file__).resolve().parents[3]
SCHEMA = json.loads(Path(__file__).with_name("compose-spec.json").read_text())
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
CONTAINERS: dict[str, dict[str, Any]] = COMPOSE["services"]
SERVERS = {"postgres", "rabbitmq", "redis"}
MIGRATIONS = {f"migrate-{name}" for name in SERVICES}
OWN = sorted(CONTAINERS.keys() - SERVERS)
EXTRAS: dict[str, list[str]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
STRIPE_SECRETS = {"stripe_api_key", "stripe_live_api_key"}


def secrets_of(container: dict[str, Any]) -> set[str]:
    return {one if isinstance(one, str) else one["source"] for one in container.get("secrets", [])}


def seconds(duration: str) -> int:
    return int(duration.removesuffix("s"))


class TestFile:
    def test_follows_the_specification(self) -> None:
        assert [str(error) for error in jsonschema_rs.validator_for(SCHEMA).iter_errors(COMPOSE)] == []

    def test_has_a_container_for_each_service_and_nothing_forgotten(self) -> None:
        assert CONTAINERS.keys() == {*SERVICES, *MIGRATIONS, *SERVERS, "gateway", "stripe-stand-in"}

    def test_names_only_what_it_declares(self) -> None:
        for name, one in CONTAINERS.items():
            assert set(one.get("depends_on", {})) <= CONTAINERS.keys(), name
            assert set(one["networks"]) <= COMPOSE["networks"].keys(), name
            assert secrets_of(one) <= COMPOSE["secrets"].keys(), name
            assert {volume.partition(":")[0] for volume in one.get("volumes", [])} <= COMPOSE["volumes"].keys(), name

    def test_uses_every_secret(self) -> None:
        assert set().union(*map(secrets_of, CONTAINERS.values())) == COMPOSE["secrets"].keys()


class TestServices:
    @pytest.mark.parametrize("name", SERVICES)
    def test_each_runs_the_command_of_its_own_image(self, name: str) -> None:
        served, migrated = CONTAINERS[name], CONTAINERS[f"migrate-{name}"]
        assert served["command"][:2] == ["serve", name]
        assert migrated["command"] == ["migrate", f"--service={name}"]
        assert served["build"]["args"] == migrated["build"]["args"] == {"SERVICE": name}
        assert served["image"] == migrated["image"] == f"salesbooth/{name}"

    def test_find_each_other_by_the_one_list(self) -> None:
        expected = {name: (f"http://{name}:7000",) for name in SERVICES}
        for name in (*SERVICES, "gateway"):
            assert addresses.read(CONTAINERS[name]["environment"]) == expected

    def test_wait_for_every_migration_so_that_no_event_is_missed(self) -> None:
        for name in SERVICES:
            after = CONTAINERS[name]["depends_on"]
            assert {one for one in after if one.startswith("migrate-")} == MIGRATIONS
            assert all(after[one]["condition"] == "service_completed_successfully" for one in MIGRATIONS)

    def test_start_before_the_gateway(self) -> None:
        assert CONTAINERS["gateway"]["depends_on"] == {name: {"condition": "service_healthy"} for name in SERVICES}

    def test_that_run_need_no_owner_of_the_database(self) -> None:
        assert {name for name, one in CONTAINERS.items() if "database_url" in secrets_of(one)} == MIGRATIONS
        assert "@" not in CONTAINERS["deals"]["environment"]["DATABASE_URL"]


class TestSafety:
    @pytest.mark.parametrize("name", OWN)
    def test_our_containers_can_change_nothing_of_themselves(self, name: str) -> None:
        one = CONTAINERS[name]
        assert one["read_only"] is True
        assert one["cap_drop"] == ["ALL"]
        assert one["security_opt"] == ["no-new-privileges:true"]

    def test_nothing_runs_as_root(self) -> None:
        assert all(CONTAINERS[name]["user"] not in ("root", "0") for name in SERVERS)
        lines = (ROOT / "deploy" / "docker" / "Dockerfile").read_text().splitlines()
        assert [line for line in lines if line.startswith("USER")] == ["USER 10001:10001"]

    def test_everything_that_stays_up_tells_its_health(self) -> None:
        for name in CONTAINERS.keys() - MIGRATIONS:
            check = CONTAINERS[name]["healthcheck"]
            assert check["test"][0] in ("CMD", "CMD-SHELL")
            assert seconds(check["timeout"]) <= seconds(check["interval"])

    def test_only_the_gateway_and_the_stand_in_are_reached_and_only_from_this_machine(self) -> None:
        published = {name: one["ports"] for name, one in CONTAINERS.items() if "ports" in one}
        assert published.keys() == {"gateway", "stripe-stand-in"}
        assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)

    def test_data_are_kept_apart_from_the_outside(self) -> None:
        assert COMPOSE["networks"]["data"]["internal"] is True
        assert all(CONTAINERS[name]["networks"] == ["data"] for name in SERVERS | MIGRATIONS)


class TestStripe:
    def test_only_payments_has_its_library_and_its_keys(self) -> None:
        assert [name for name in (*SERVICES, "gateway") if "stripe" in EXTRAS[name]] == ["payments"]
        assert {name for name, one in CONTAINERS.items() if secrets_of(one) & STRIPE_SECRETS} == {"payments"}

    def test_stand_in_runs_only_when_it_is_asked_for(self) -> None:
        assert [name for name, one in CONTAINERS.items() if "profiles" in one] == ["stripe-stand-in"]
        assert CONTAINERS["payments"]["depends_on"]["stripe-stand-in"]["required"] is False


class TestExtras:
    def test_exist_for_every_image(self) -> None:
        assert {*SERVICES, "gateway"} <= EXTRAS.keys()
