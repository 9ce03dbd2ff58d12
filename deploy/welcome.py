"""What a start says to whoever typed the command."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.credentials import Credentials


@dataclass(frozen=True)
class Sample:
    """A request worth trying first; without a body it reads."""

    path: str
    body: Mapping[str, Any] | None = None


SAMPLES = (
    Sample("/v1/products", {"name": "Pro plan", "type": "service", "price": "99.00"}),
    Sample("/v1/customers", {"name": "Ada Lovelace", "email": "ada@example.com"}),
    Sample("/v1/deals", {"title": "First deal", "currency": "USD"}),
    Sample("/v1/deals"),
)


def welcome(credentials: Credentials, written_to: Path) -> str:
    """Where the system is, where the keys are, and lines to paste."""
    lines = [
        "",
        f"Salesbooth listens on {credentials.base_url}    (Ctrl-C stops it)",
        "",
        f"  workspace  {credentials.tenant_id}",
        f"  keys       {written_to}",
        *([f"  Stripe     a stand-in, {credentials.stripe_base}"] if credentials.stripe_base else []),
        "",
        "Paste these to try it in the test environment:",
        "",
        f"  export KEY={credentials.test_key}",
        *(f"  {_curl(credentials.base_url, sample)}" for sample in SAMPLES),
        "",
    ]
    return "\n".join(lines)


def _curl(base_url: str, sample: Sample) -> str:
    asked = f'curl {base_url}{sample.path} -H "Authorization: Bearer $KEY"'
    if sample.body is None:
        return asked
    return f"{asked} -H 'Content-Type: application/json' -d '{json.dumps(dict(sample.body))}'"
