"""Founding a workspace with its owner: the same for onboarding and for the first start of an installation."""

from dataclasses import dataclass, field

from libs.api.principal import Principal
from services.identity.context import Context, IdentityTransaction
from services.identity.users.models import State, User
from services.identity.users.rules import DuplicateEmail
from services.identity.users.store import Users, users_cipher
from services.identity.workspaces.models import Workspace
from services.identity.workspaces.rules import member_principal

SEALED = "[encrypted]"


@dataclass(frozen=True, slots=True)
class Founding:
    """A workspace that comes into being, and its owner."""

    workspace: Workspace
    owner: User
    password_hash: str = field(repr=False)
    phone: str | None = field(default=None, repr=False)

    @property
    def principal(self) -> Principal:
        """The owner acting in the new workspace."""
        return member_principal(self.workspace, self.owner.id, "owner")


async def refuse_known_email(ctx: Context, email: str) -> None:
    """DuplicateEmail where the email has an account; the unique index decides in the end."""
    async with ctx.worker() as queries:
        cipher = await users_cipher(ctx.ports.vault, queries)
        if await Users(queries).credentials(email, cipher):
            raise DuplicateEmail


async def keep(ctx: Context, tx: IdentityTransaction, founding: Founding, state: State) -> None:
    """Store workspace, owner and membership in the state given."""
    workspace, owner = founding.workspace, founding.owner
    cipher = await users_cipher(ctx.ports.vault, tx)
    phone = cipher.encrypt(f"tenants.phone/{workspace.tenant_id}", founding.phone) if founding.phone else None
    await tx.workspaces.add(workspace, state, phone)
    await tx.users.add(owner, founding.password_hash, state, cipher)
    await tx.workspaces.add_member(workspace.tenant_id, owner.id, "owner", ctx.now)


def tell(tx: IdentityTransaction, founding: Founding) -> None:
    """The audit entries of a confirmed workspace, and the fact for other services."""
    workspace, owner = founding.workspace, founding.owner
    facts = {
        "id": workspace.tenant_id,
        "name": workspace.name,
        "region": workspace.region,
        "currency": workspace.currency,
    }
    tx.record(("workspace", workspace.tenant_id), "workspace.created", changes={}, snapshot=facts)
    person = {"id": owner.id, "email": SEALED, "first_name": SEALED, "last_name": SEALED, "role": "owner"}
    tx.record(("user", owner.id), "user.created", changes={}, snapshot=person)
    tx.emit(
        "internal.workspace_created",
        {"tenant_id": workspace.tenant_id, "region": workspace.region, "currency": workspace.currency},
        entity=("workspace", workspace.tenant_id),
    )


async def abandon(ctx: Context, tenant_id: str) -> None:
    """Take back a workspace that was never confirmed, and let other services forget what they made for it."""
    async with ctx.transaction() as tx:
        if await tx.workspaces.lock_provisional(tenant_id):
            await tx.users.remove_provisional()
            await remove(tx, tenant_id)


async def remove(tx: IdentityTransaction, tenant_id: str) -> None:
    """Delete a workspace; the fact goes out once, whoever else tries the same."""
    if await tx.workspaces.remove(tenant_id):
        tx.emit("internal.workspace_removed", {"tenant_id": tenant_id}, entity=("workspace", tenant_id))
