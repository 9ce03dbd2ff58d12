"""`python -m tests.faults --seed 1 --deals 200`: a storm, and its verdict as JSON."""

import argparse
import asyncio
import json
import shutil
import sys
import tempfile
from pathlib import Path

from tests.faults.storm import Weather, storm


def main() -> None:
    """Exit with 1 where a promise was broken; then the logs are kept."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--deals", type=int, default=200)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--minutes", type=float, default=3.0)
    wanted = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="salesbooth-storm-"))
    print(f"seed {wanted.seed}, logs in {folder}", file=sys.stderr)
    verdict = asyncio.run(storm(Weather(wanted.seed, wanted.deals, wanted.clients, wanted.minutes), folder))
    print(json.dumps(verdict.as_json(), indent=1, default=str))
    if verdict.violations:
        sys.exit(1)
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
