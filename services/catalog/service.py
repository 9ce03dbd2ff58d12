"""What the catalogue service is made of."""

from pathlib import Path

from libs.service.definition import Service
from services.catalog.context import CatalogTransaction
from services.catalog.products import operations as products

SERVICE = Service(
    name="catalog",
    folder=Path(__file__).parent,
    features=[products],
    transaction=CatalogTransaction,
)
