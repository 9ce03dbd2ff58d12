"""What is said about a deal's audit trail."""

from typing import Any, Literal

from pydantic import Field

from libs.api.fields import Output
from libs.api.paging import PlainPagination


class AuditEntryView(Output):
    """An audit entry with all that its hash is made of, so that anyone can recompute the chain (A37).

    `changes_json` and `snapshot_json` are the canonical texts that were hashed; `created_at` is written as it was
    hashed.
    """

    id: str
    entity_type: str
    entity_id: str
    action: str
    actor: str
    actor_type: str
    changes: dict[str, Any]
    snapshot: dict[str, Any]
    changes_json: str
    snapshot_json: str
    previous_hash: str
    entry_hash: str
    created_at: str


class AuditTrail(Output):
    """`data` of a page of the audit trail, oldest first."""

    audit_entries: list[AuditEntryView]
    pagination: PlainPagination


class ChainVerification(Output):
    """Whether the audit chain holds; `broken_at` is the first bad entry's id."""

    status: Literal["verified", "tampered"]
    total_entries: int
    verified_at: str
    broken_at: str | None = Field(default=None, exclude_if=lambda entry_id: entry_id is None)
