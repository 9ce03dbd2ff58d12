"""Making keys: the same for the dashboard, the first workspace and the playground."""

from dataclasses import dataclass, field

from libs.audit.chain import changes as difference
from libs.clock import iso
from services.identity.context import IdentityTransaction
from services.identity.keys.models import Key, KeyView
from services.identity.keys.secrets import hash_secret


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A key that is not kept yet, with the secret that will be shown once."""

    key: Key
    secret: str = field(repr=False)
    secret_hash: str = field(repr=False)


async def with_secret(key: Key, secret: str) -> NewSecret:
    """Hash the secret, outside any transaction since that takes its time."""
    return NewSecret(key, secret, await hash_secret(secret))


async def keep(tx: IdentityTransaction, new: NewSecret, tenant_id: str) -> None:
    """Store a new key with its audit entry."""
    await tx.keys.add(new.key, tenant_id, new.secret, new.secret_hash)
    record_key(tx, "api_key.created", None, new.key)


def record_key(tx: IdentityTransaction, action: str, before: Key | None, after: Key) -> None:
    """The audit entry of a change; neither the secret nor its hash is part of it."""
    was = _audited(before) if before else {}
    now = _audited(after)
    tx.record(("api_key", after.id), action, changes=difference(was, now), snapshot=now)


def announce_by_event(tx: IdentityTransaction, kind: str, credential_id: str, version: int) -> None:
    """Tell gateways of a new version by event too, in case Redis is away when it is announced."""
    tx.emit("internal.credential_changed", {"id": credential_id, "version": str(version)}, entity=(kind, credential_id))


def _audited(key: Key) -> dict[str, object]:
    shown = KeyView.of(key).model_dump(mode="json", exclude={"last_used_at", "warning"})
    return shown | {"version": key.version, "revoked_at": iso(key.revoked_at) if key.revoked_at else None}
