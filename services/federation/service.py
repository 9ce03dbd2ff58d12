"""What the federation service is made of."""

from pathlib import Path

from libs.service.definition import Service
from services.federation.context import open_ports
from services.federation.signing_keys import operations as signing_keys

SERVICE = Service(name="federation", folder=Path(__file__).parent, features=[signing_keys], open_ports=open_ports)
