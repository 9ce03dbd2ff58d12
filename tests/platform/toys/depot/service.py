"""The depot; `FAULTS` is its port to the tests."""

from pathlib import Path

from libs.service.definition import Service
from libs.service.platform import Platform
from tests.platform.toys.depot import operations
from tests.platform.toys.depot.operations import Faults

FAULTS = Faults()


async def open_ports(_: Platform) -> Faults:
    """The faults that tests set."""
    return FAULTS


SERVICE = Service("depot", Path(__file__).parent, [operations], open_ports=open_ports)
