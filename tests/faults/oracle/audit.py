"""The audit trail, recomputed by the documented formula."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from deploy.services import SERVICES
from tests.faults.evidence import Evidence, Row, Violation

NAME = "every_chain_holds"
ENTITY = ("tenant_id", "environment", "entity_type", "entity_id")
HASHED = ("entity_type", "entity_id", "action", "changes", "snapshot", "previous_hash")
FIRST = "0" * 64


def every_chain_holds(evidence: Evidence) -> list[Violation]:
    """Every chain of every service links from zeros to its head, and the API says of every deal `verified`."""
    found = [
        Violation(NAME, deal, f"the API says {status}")
        for deal, status in evidence.audits.items()
        if status != "verified"
    ]
    for service in SERVICES:
        chains: dict[Any, list[Row]] = defaultdict(list)
        for entry in evidence.of(f"{service}.audit_entries"):
            chains[_entity(entry)].append(entry)
        heads = {_entity(head): head for head in evidence.of(f"{service}.audit_heads")}
        for entity in chains.keys() | heads.keys():
            says = _fault(sorted(chains[entity], key=lambda one: one["sequence"]), heads.get(entity))
            if says:
                found.append(Violation(NAME, f"{service} {'/'.join(entity[2:])}", says))
    return found


def _entity(row: Row) -> tuple[str, ...]:
    return tuple(row[name] for name in ENTITY)


def _fault(chain: Sequence[Row], head: Row | None) -> str | None:
    previous = FIRST
    for number, entry in enumerate(chain, 1):
        text = "".join(entry[name] for name in HASHED) + entry["created_at"].strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        linked = (entry["sequence"], entry["previous_hash"]) == (number, previous)
        if not linked or hashlib.sha256(text.encode()).hexdigest() != entry["entry_hash"]:
            return f"entry {number} ({entry['id']}) does not follow from what is before it"
        previous = entry["entry_hash"]
    if head is None or (head["count"], head["head_hash"]) != (len(chain), previous):
        return "the head is not the last entry"
    return None
