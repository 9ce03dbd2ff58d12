"""Rest: a minute after recovery nothing is on its way any more, and nothing was put aside."""

import orjson

from deploy.services import SERVICES
from tests.faults.evidence import DRAIN_SECONDS, Evidence, Violation


def everything_drained(evidence: Evidence) -> list[Violation]:
    """Outboxes, queues, sagas, orders to Stripe and deliveries were empty in time."""
    says = f"not at rest {DRAIN_SECONDS:g} s after recovery"
    return [Violation("everything_drained", name, says, count) for name, count in evidence.left.items()]


def nothing_was_given_up(evidence: Evidence) -> list[Violation]:
    """No saga is dead, and no message lies in a dead-letter table."""
    found = []
    for service in SERVICES:
        for saga in evidence.of(f"{service}.sagas"):
            if saga["state"] == "dead":
                shown = {name: saga[name] for name in ("kind", "entity", "step", "attempts", "error", "updated_at")}
                found.append(Violation("nothing_was_given_up", f"{service} saga {saga['id']}", "dead", shown))
        for letter in evidence.of(f"{service}.dead_letters"):
            message = orjson.loads(letter["message"])
            shown = {"name": message["name"], "entity": message["entity"], "attempts": letter["attempts"]}
            subject = f"{service} message {letter['message_id']}"
            found.append(Violation("nothing_was_given_up", subject, letter["reason"], shown))
    return found
