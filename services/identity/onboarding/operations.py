"""Onboarding: a user, a workspace and its first products come into being together, or not at all."""

from libs.api.answers import Created
from libs.api.operation import NONE, POST, operation
from libs.errors.types import InvalidFields, Unavailable
from services.identity.context import Context
from services.identity.onboarding.models import Onboarded, Onboarding
from services.identity.sessions.models import Started
from services.identity.sessions.starting import start
from services.identity.users.models import User, UserView
from services.identity.users.passwords import hash_password
from services.identity.users.rules import DuplicateEmail
from services.identity.workspaces import founding
from services.identity.workspaces.founding import Founding
from services.identity.workspaces.models import Membership, Workspace, WorkspaceRow, WorkspaceView
from services.identity.workspaces.places import currency_of, region_of

UNNAMED = "Agent workspace"
"""The name of an agent's workspace that was given none; a person's name would be personal data."""


@operation("onboarding.complete", POST, "/v1/onboarding", auth=[NONE], errors=[InvalidFields, DuplicateEmail])
async def complete(ctx: Context, wish: Onboarding) -> Created[Onboarded]:
    """Create user, workspace and first products, and log the user in.

    The workspace is provisional, and invisible to everybody, until the catalogue has made the products. If that fails,
    or another onboarding with the same email is confirmed first, it is taken back; after a crash a timer does so.
    """
    await founding.refuse_known_email(ctx, wish.email)
    made = await _founding(ctx, wish)
    acting = ctx.for_tenant(made.principal)
    async with acting.transaction() as tx:
        await founding.keep(acting, tx, made, "provisional")
    try:
        product_ids = await _first_products(acting, wish)
        started = await _confirm(acting, made)
    except Exception:
        await founding.abandon(acting, made.workspace.tenant_id)
        raise
    return Created(_shown(made, product_ids), headers={"Set-Cookie": started.cookie})


async def _founding(ctx: Context, wish: Onboarding) -> Founding:
    region = wish.region or region_of(wish.country)
    workspace = Workspace(
        tenant_id=ctx.ids.new(f"{region}_tenant"),
        name=wish.business_name or UNNAMED,
        region=region,
        country=wish.country,
        currency=currency_of(wish.country, ctx.now.date()),
        session_environment="live",
        created_at=ctx.now,
        settings={
            "account_type": wish.account_type,
            "industry": wish.industry,
            "website": wish.website,
            "deposit_percentage": None if wish.deposit_percentage is None else str(wish.deposit_percentage),
        },
    )
    owner = User(ctx.ids.new("user"), wish.email, wish.first_name, wish.last_name, ctx.now)
    return Founding(workspace, owner, await hash_password(wish.password), wish.phone)


async def _first_products(acting: Context, wish: Onboarding) -> list[str]:
    if not wish.services:
        return []
    services = [service.for_catalogue() for service in wish.services]
    made = await acting.services.ask("catalog.create_first_products", services=services)
    product_ids: list[str] = made["product_ids"]
    return product_ids


async def _confirm(acting: Context, made: Founding) -> Started:
    async with acting.transaction() as tx:
        if not await tx.workspaces.activate(made.workspace.tenant_id):
            raise Unavailable("Onboarding took too long. Try again.")
        await tx.users.activate(made.owner.id)
        founding.tell(tx, made)
        return await start(tx, made.owner.id, None)


def _shown(made: Founding, product_ids: list[str]) -> Onboarded:
    tenant_id = made.workspace.tenant_id
    return Onboarded(
        user=UserView.of(made.owner),
        workspace=WorkspaceView.of(made.workspace),
        workspaces=[WorkspaceRow.of(Membership(made.workspace, "owner"), tenant_id)],
        product_ids=product_ids,
    )
