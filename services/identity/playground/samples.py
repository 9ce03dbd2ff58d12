"""Sample data of a playground sandbox, as the bodies of `products.create` and `customers.create`."""

from typing import Any

PRODUCTS: list[dict[str, Any]] = [
    {"name": "Starter plan", "description": "Up to 5 seats, email support.", "price": "49.00", "type": "service"},
    {"name": "Pro plan", "description": "Up to 50 seats, priority support.", "price": "199.00", "type": "service"},
    {"name": "Onboarding workshop", "description": "One day with your team.", "price": "1200.00", "type": "service"},
]
CUSTOMERS: list[dict[str, Any]] = [
    {"name": "Ada Example", "email": "ada@example.com", "company": "Example Engines"},
    {"name": "Sam Sample", "email": "sam@example.com", "company": "Sample Supplies"},
]
