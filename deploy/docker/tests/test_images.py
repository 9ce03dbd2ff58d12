"""An image carries the libraries of its own extra alone, so what runs in it must import nothing else."""

import subprocess
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from deploy.services import SERVICES

ROOT = Path(__file__).resolve().parents[3]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
MODULES = {name: f"deploy.service_process, deploy.migration, services.{name}.service" for name in SERVICES} | {
    "gateway": "deploy.gateway_process"
}


def name_of(requirement: str) -> str:
    return requirement.partition("[")[0].lower()


def modules_of(distributions: set[str]) -> set[str]:
    return {
        module
        for module, owners in packages_distributions().items()
        if any(owner.lower().replace("_", "-") in distributions for owner in owners)
    }


def loaded(name: str) -> str:
    """What Python complains of when it loads the processes of an image; nothing if all is well."""
    optional = {name_of(one) for extra in EXTRAS.values() for one in extra} - {"salesbooth"}
    absent = modules_of(optional - {name_of(one) for one in (*EXTRAS[name], *PROJECT["dependencies"])})
    assert "pytest" in absent
    without = f"import sys; sys.modules.update(dict.fromkeys({sorted(absent)!r}))"
    run = [sys.executable, "-c", f"{without}; import deploy.cli, {MODULES[name]}"]
    return subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=False).stderr


@pytest.fixture(scope="module")
def complaints() -> dict[str, str]:
    with ThreadPoolExecutor(2) as threads:
        return dict(zip(MODULES, threads.map(loaded, MODULES), strict=True))


@pytest.mark.parametrize("name", MODULES)
def test_runs_with_the_libraries_of_its_extra(name: str, complaints: dict[str, str]) -> None:
    assert complaints[name] == ""
