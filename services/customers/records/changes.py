"""What every change of a customer leaves behind: an audit entry without personal data, and an event (R156, R164)."""

from typing import Any

from libs.audit.chain import changes as difference
from libs.clock import iso
from libs.data.transaction import Transaction
from services.customers.records.models import BOOKKEEPING, Customer, CustomerView, hidden


def created(tx: Transaction, customer: Customer) -> None:
    """A customer came into being, or became visible."""
    _record(tx, "customer.created", None, customer)
    payload = {
        "id": customer.id,
        "company": customer.company,
        "status": customer.status,
        "created_at": iso(customer.created_at),
    }
    tx.emit("customer.created", payload, entity=("customer", customer.id))


def updated(tx: Transaction, before: Customer, after: Customer) -> None:
    """A customer was saved; told of only where a field differs."""
    changed = _record(tx, "customer.updated", before, after)
    if not changed:
        return
    payload = {
        "id": after.id,
        "company": after.company,
        "status": after.status,
        "changed_fields": changed,
        "updated_at": iso(after.updated_at),
    }
    tx.emit("customer.updated", payload, entity=("customer", after.id))


def deleted(tx: Transaction, customer: Customer) -> None:
    """A customer is gone."""
    _record(tx, "customer.deleted", customer, None)
    payload = {"id": customer.id, "reason": "deleted", "deleted_at": iso(tx.now)}
    tx.emit("customer.deleted", payload, entity=("customer", customer.id))


def _record(tx: Transaction, action: str, before: Customer | None, after: Customer | None) -> list[str]:
    """Add the audit entry and return the names of the fields that differ."""
    was, now = _fields(before), _fields(after)
    changes = {name: hidden_change(name, pair) for name, pair in difference(was, now).items()}
    subject = after or before
    if subject is not None:
        tx.record(("customer", subject.id), action, changes=changes, snapshot=hidden(now))
    return [name for name in changes if name not in BOOKKEEPING]


def _fields(customer: Customer | None) -> dict[str, Any]:
    return CustomerView.of(customer).model_dump(mode="json") if customer else {}


def hidden_change(name: str, pair: dict[str, Any]) -> dict[str, Any]:
    """A change with a mark in place of personal values."""
    return {side: hidden({name: value})[name] for side, value in pair.items()}
