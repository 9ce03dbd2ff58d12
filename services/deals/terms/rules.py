"""The deal-terms schema and what setting terms does (RULES R186, deals.set_terms)."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from libs.errors.types import InvalidFields
from libs.money.currencies import currency_exists
from services.deals.deal.aggregate import Change, Deal
from services.deals.lifecycle.payment_terms import UnknownPaymentTerms, parse_payment_terms
from services.deals.lifecycle.state_machine import SignerType

SCHEMA_VERSION = "1.0"
REQUIRED = ("terms_schema_version", "payment_terms")


def set_terms(deal: Deal, terms: Mapping[str, Any], at: datetime) -> None:
    """Put a new version of the terms on the deal; raises InvalidFields that names every fault."""
    if faults := faults_of(terms):
        fields = {f"terms.{name}": fault for name, fault in faults.items()}
        raise InvalidFields(details={"fields": fields})
    deal.terms = {name: value for name, value in terms.items() if name != "terms_schema_version"}
    deal.terms_version += 1
    deal.changed(Change("deal.terms_set", note={"terms_version": deal.terms_version}), at)
    deal.tell_updated(["terms"], at)


def faults_of(terms: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """What is wrong with terms, by field; price and currency are the deal's own where they are not sent."""
    faults = {name: _fault("required", "Field required") for name in REQUIRED if name not in terms}
    if terms.get("terms_schema_version", SCHEMA_VERSION) != SCHEMA_VERSION:
        faults["terms_schema_version"] = _fault("unknown_value", f"Only {SCHEMA_VERSION} exists")
    for name, check in CHECKS.items():
        if name in terms and name not in faults and (message := check(terms[name])):
            faults[name] = _fault("invalid", message)
    return faults


def _payment_terms(value: Any) -> str | None:
    try:
        parse_payment_terms(value)
    except UnknownPaymentTerms as error:
        return str(error)
    return None


def _number(value: Any, most: Decimal | None = None) -> str | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
        return "Input should be a number of at least 0"
    return None if most is None or value <= most else f"Input should be at most {most}"


def _currency(value: Any) -> str | None:
    return None if isinstance(value, str) and currency_exists(value) else "Input should be an ISO 4217 currency code"


def _signatures(value: Any) -> str | None:
    kinds = {kind.value for kind in SignerType}
    if not isinstance(value, dict) or not isinstance(value.get("required", []), list):
        return "Input should be an object with a list `required`"
    if unknown := [one for one in value.get("required", []) if not isinstance(one, str) or one not in kinds]:
        return f"Unknown kinds of signer: {unknown}"
    return _number(value["expires_in_days"], Decimal(3650)) if "expires_in_days" in value else None


CHECKS = {
    "payment_terms": _payment_terms,
    "price": _number,
    "discount_percent": lambda value: _number(value, Decimal(100)),
    "currency": _currency,
    "signatures": _signatures,
}


def _fault(code: str, message: str) -> dict[str, str]:
    return {"code": code, "message": message}
