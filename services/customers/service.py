"""What the customers service is made of."""

from pathlib import Path

from libs.service.definition import Service
from services.customers.context import CustomersTransaction, open_ports
from services.customers.encryption.timers import TIMERS
from services.customers.provisional import operations as provisional
from services.customers.provisional.timer import LAPSE
from services.customers.records import operations as records

SERVICE = Service(
    name="customers",
    folder=Path(__file__).parent,
    features=[records, provisional],
    transaction=CustomersTransaction,
    timers=[LAPSE, *TIMERS],
    open_ports=open_ports,
)
