"""Money: what Stripe took, what the books say, and what the deals know must be one story."""

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tests.faults.deals import REFUND
from tests.faults.evidence import Evidence, Row, Violation

MINOR = 100
COUNTING = ("succeeded", "processing")


def every_deal_is_closed_or_compensated(evidence: Evidence) -> list[Violation]:
    """A closed deal is paid; one that is not closed holds and keeps no money."""
    found = []
    for deal in evidence.of("deals.deals"):
        net, paid_in = deal["captured"] - deal["refunded"], deal["captured"]
        shown = _shown(deal, "status captured refunded authorised total payment_status")
        if deal["status"] == "closed" and (paid_in != deal["total"] or deal["authorised"]):
            found.append(_broken("every_deal_is_closed_or_compensated", deal, "closed, but not paid exactly", shown))
        if deal["status"] != "closed" and (net or deal["authorised"]):
            found.append(_broken("every_deal_is_closed_or_compensated", deal, "open, with money taken or held", shown))
    closed = {deal["title"] for deal in evidence.of("deals.deals") if deal["status"] == "closed"}
    for one in evidence.driven:
        if one.gave_up is None and one.title not in closed:
            says = "the client was told of success in every step, yet the deal is not closed"
            found.append(Violation("every_deal_is_closed_or_compensated", one.title, says, {"refusals": one.refusals}))
    return found


def charged_once_or_not_at_all(evidence: Evidence) -> list[Violation]:
    """At Stripe, a deal has at most one captured intent, of exactly its total, and none if paid by hand."""
    by_deal = defaultdict(list)
    for intent in evidence.stripe["intents"]:
        if intent["captured"]:
            by_deal[intent["metadata"]["deal_id"]].append(intent)
    ways = {one.deal_id: one.plan.way for one in evidence.driven}
    found = []
    for deal in evidence.of("deals.deals"):
        charged = by_deal.pop(deal["id"], [])
        taken = sum(intent["captured"] for intent in charged)
        allowed = (0,) if ways.get(deal["id"]) == "manual" else (0, int(deal["total"] * MINOR))
        if len(charged) > 1 or taken not in allowed:
            says = f"Stripe took {taken} in {len(charged)} payments, allowed was one of {allowed}"
            found.append(_broken("charged_once_or_not_at_all", deal, says, charged))
    return found + [Violation("charged_once_or_not_at_all", deal, "no such deal", by_deal[deal]) for deal in by_deal]


def books_agree_with_stripe(evidence: Evidence) -> list[Violation]:
    """For every intent, captured and refunded are the same at Stripe and in the table of payments."""
    charged: dict[str, Decimal] = defaultdict(Decimal)
    refunded: dict[str, Decimal] = defaultdict(Decimal)
    for row in evidence.of("payments.payments"):
        if row["status"] in COUNTING and row["payment_intent_id"]:
            side = refunded if row["type"] == "refund" else charged
            side[row["payment_intent_id"]] += row["amount"]
    found = []
    for intent in evidence.stripe["intents"]:
        ours = (int(charged.pop(intent["id"], 0) * MINOR), int(refunded.pop(intent["id"], 0) * MINOR))
        theirs = (intent["captured"], intent["refunded"])
        if ours != theirs:
            says = f"captured and refunded are {ours} in our books, {theirs} at Stripe"
            found.append(Violation("books_agree_with_stripe", intent["id"], says, intent))
    unknown = charged.keys() | refunded.keys()
    return found + [Violation("books_agree_with_stripe", one, "Stripe knows no such payment") for one in unknown]


def deals_agree_with_books(evidence: Evidence) -> list[Violation]:
    """The deal's sums, the running sums of its books, and the sum of the entries are equal."""
    sums: Mapping[str, dict[str, Decimal]] = defaultdict(lambda: {"captured": Decimal(0), "refunded": Decimal(0)})
    for row in evidence.of("payments.payments"):
        if row["status"] in COUNTING:
            sums[row["deal_id"]]["refunded" if row["type"] == "refund" else "captured"] += row["amount"]
    books = {row["deal_id"]: row for row in evidence.of("payments.deal_payments")}
    found = []
    for deal in evidence.of("deals.deals"):
        entries, own = sums[deal["id"]], books.get(deal["id"])
        told = [{name: row[name] for name in ("captured", "refunded")} for row in (deal, own) if row]
        if any(one != entries for one in told):
            shown = {"entries": entries, "deal and books": told, "sequence": deal["payment_sequence"]}
            found.append(_broken("deals_agree_with_books", deal, "the sums differ", shown))
    return found


def refunds_touch_their_own_payment(evidence: Evidence) -> list[Violation]:
    """A refund belongs to a payment of the same deal and intent, never exceeds it, and was asked for by its client."""
    payments = {row["id"]: row for row in evidence.of("payments.payments")}
    asked = {one.deal_id for one in evidence.driven if one.plan.refunds}
    ways = {one.deal_id: one.plan.way for one in evidence.driven}
    back: dict[str, Decimal] = defaultdict(Decimal)
    found = []
    for row in (one for one in payments.values() if one["type"] == "refund" and one["status"] in COUNTING):
        own = payments.get(row["refund_of"] or "")
        back[row["deal_id"]] += row["amount"]
        if own is None or (own["deal_id"], own["payment_intent_id"]) != (row["deal_id"], row["payment_intent_id"]):
            found.append(_odd(row, "it refunds a payment of another deal, or none", own))
    for deal_id, amount in back.items():
        wanted = Decimal(REFUND) if deal_id in asked else Decimal(0)
        compensated = ways.get(deal_id) == "held" and deal_id not in asked
        if amount != wanted and not compensated:
            rows = [dict(one) for one in payments.values() if one["deal_id"] == deal_id]
            says = f"{amount} went back, {wanted} was asked for"
            found.append(Violation("refunds_touch_their_own_payment", deal_id, says, rows))
    return found


def _odd(row: Row, says: str, shown: Any) -> Violation:
    return Violation("refunds_touch_their_own_payment", row["id"], says, {"refund": row, "payment": shown})


def _broken(check: str, deal: Row, says: str, shown: Any) -> Violation:
    return Violation(check, f"{deal['title']} ({deal['id']})", says, shown)


def _shown(row: Row, names: str) -> dict[str, Any]:
    return {name: row[name] for name in names.split()}
