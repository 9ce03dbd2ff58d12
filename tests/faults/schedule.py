"""What goes wrong and when: drawn from the seed alone, so that a storm can be repeated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal

from deploy.services import SERVICES

Kind = Literal["kill", "restart", "crash", "stop", "pause", "stripe"]
OUTAGE_SECONDS = 20.0
STRIPE_SECONDS = 6.0
CALM_BEFORE = 3.0
NORMAL: Mapping[str, Any] = {
    "rules": [],
    "callbacks": {"delay_seconds": 0, "duplicate": 0, "order": "as_happened", "paused": False},
}
MOVING = ("POST /v1/payment_intents/*/confirm", "POST /v1/payment_intents/*/capture", "POST /v1/refunds")


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong `at` seconds after the clients begin, and is mended `seconds` later.

    `switches` and `mended` are what the stand-in for Stripe is told at both moments.
    """

    at: float
    kind: Kind
    target: str
    seconds: float = 0.0
    switches: Mapping[str, Any] = field(default_factory=dict)
    mended: Mapping[str, Any] = field(default_factory=dict)


def schedule(seed: int, seconds: float) -> list[Fault]:
    """Faults within that many seconds, in the order of their beginning: every kind at least once."""
    random = Random(f"schedule-{seed}")
    return sorted([*_kills(random, seconds), *_outages(random, seconds), *_stripe(random, seconds)], key=_beginning)


def _beginning(fault: Fault) -> float:
    return fault.at


def _kills(random: Random, seconds: float) -> list[Fault]:
    """Each service, with the relay that lives in it, and the gateway; those with money and deals twice."""
    names = [*SERVICES, "gateway", "deals", "payments", "webhooks"]
    return [Fault(_moment(random, CALM_BEFORE, seconds), "kill", name) for name in names]


def _outages(random: Random, seconds: float) -> list[Fault]:
    last = max(CALM_BEFORE, seconds - OUTAGE_SECONDS)
    gone: tuple[Kind, Kind] = ("stop", "pause")
    again: tuple[Kind, Kind] = ("restart", "crash")
    return [
        Fault(_moment(random, CALM_BEFORE, seconds), random.choice(again), "postgres"),
        Fault(_moment(random, CALM_BEFORE, last), random.choice(gone), "rabbitmq", OUTAGE_SECONDS),
        Fault(_moment(random, CALM_BEFORE, last), random.choice(gone), "redis", OUTAGE_SECONDS),
    ]


def _stripe(random: Random, seconds: float) -> list[Fault]:
    """Stripe's troubles one after the other, each for a few seconds, as often as they fit."""
    room = STRIPE_SECONDS + 1
    rounds = max(1, int((seconds - CALM_BEFORE) // (room * len(_troubles(random)))))
    kinds = [trouble for _ in range(rounds) for trouble in random.sample(_troubles(random), len(_troubles(random)))]
    pace = (seconds - CALM_BEFORE) / len(kinds)
    return [
        Fault(
            round(CALM_BEFORE + number * pace, 1),
            "stripe",
            name,
            min(STRIPE_SECONDS, pace),
            switches,
            _mended(switches),
        )
        for number, (name, switches) in enumerate(kinds)
    ]


def _troubles(random: Random) -> list[tuple[str, Mapping[str, Any]]]:
    orders: Sequence[str] = ("reversed", "shuffled")
    slow = [{"match": "* /v1/**", "effect": "delay", "seconds": round(random.uniform(1, 4), 1)}]
    failing = [{"match": "POST /v1/**", "effect": "error", "status": 500}]
    dropping = [{"match": match, "effect": "drop_after"} for match in MOVING]
    late = {"delay_seconds": round(random.uniform(2, 6), 1), "duplicate": 1, "order": random.choice(orders)}
    return [
        ("slow", {"rules": slow}),
        ("fails with 500", {"rules": failing}),
        ("acts and drops the connection", {"rules": dropping}),
        ("callbacks late, doubled, out of order", {"callbacks": late | {"paused": False}}),
        ("callbacks held back", {"callbacks": {"paused": True, "duplicate": 2, "order": random.choice(orders)}}),
    ]


def _mended(switches: Mapping[str, Any]) -> Mapping[str, Any]:
    """All is well again; callbacks that were held back are sent in the order that the trouble names."""
    if not switches.get("callbacks", {}).get("paused"):
        return NORMAL
    return {"rules": [], "callbacks": switches["callbacks"] | {"paused": False}}


def _moment(random: Random, first: float, last: float) -> float:
    return round(random.uniform(first, last), 1)
