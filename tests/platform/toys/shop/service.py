"""The shop."""

from pathlib import Path

from libs.service.definition import Service
from tests.platform.toys.shop import operations

SERVICE = Service("shop", Path(__file__).parent, [operations], sagas=[operations.OrderSaga])
