"""What other services and the first start ask of workspaces."""

from datetime import timedelta

from libs.api.operation import internal
from libs.api.principal import Environment
from libs.errors.types import NotFound
from services.identity.context import Context
from services.identity.keys import making
from services.identity.keys.models import DEFAULT_LIMIT, Key, Kind
from services.identity.keys.scopes import PUBLISHABLE_SCOPES
from services.identity.keys.secrets import publishable_key, secret_key
from services.identity.users.models import User
from services.identity.users.passwords import hash_password
from services.identity.workspaces import founding
from services.identity.workspaces.founding import Founding
from services.identity.workspaces.models import (
    FirstWorkspace,
    FirstWorkspaceKeys,
    TenantFacts,
    TenantReference,
    Workspace,
)
from services.identity.workspaces.places import currency_of
from services.identity.workspaces.rules import ALL
from services.identity.workspaces.store import Workspaces

ABANDONED_AFTER = timedelta(minutes=10)
"""How long making a workspace may take; what is provisional after that was broken off by a crash."""


@internal("identity.tenant", effect="read")
async def tenant(ctx: Context, wanted: TenantReference) -> TenantFacts:
    """The facts about a workspace that services need which act without its principal."""
    async with ctx.worker() as queries:
        found = await Workspaces(queries).find(wanted.tenant_id)
    if found is None:
        raise NotFound("Workspace not found")
    return TenantFacts(
        id=found.tenant_id,
        name=found.name,
        region=found.region,
        currency=found.currency,
        default_tax_rate=found.tax_rate,
        session_environment=found.session_environment,
    )


@internal("identity.create_workspace")
async def create_workspace(ctx: Context, wish: FirstWorkspace) -> FirstWorkspaceKeys:
    """Create the first workspace of an installation, with owner and keys (A30, A38).

    Its dashboard and its publishable key act in the test environment. Raises DuplicateEmail where it is not the first.
    """
    made = await _founding(ctx, wish)
    workspace, owner = made.workspace, made.owner
    live, test, public = await _first_keys(ctx, workspace.region)
    acting = ctx.for_tenant(made.principal)
    async with acting.transaction() as tx:
        await founding.keep(acting, tx, made, "active")
        for new in (live, test, public):
            await making.keep(tx, new, workspace.tenant_id)
        founding.tell(tx, made)
    return FirstWorkspaceKeys(
        tenant_id=workspace.tenant_id,
        name=workspace.name,
        region=workspace.region,
        currency=workspace.currency,
        user_id=owner.id,
        live_key_id=live.key.id,
        live_key=live.secret,
        test_key_id=test.key.id,
        test_key=test.secret,
        publishable_key_id=public.key.id,
        publishable_key=public.secret,
        publishable_environment=public.key.environment,
        session_environment=workspace.session_environment,
    )


async def remove_abandoned(ctx: Context) -> None:
    """Timer: take back workspaces whose onboarding was broken off by a crash."""
    async with ctx.worker() as queries:
        abandoned = await Workspaces(queries).provisional_before(ctx.now - ABANDONED_AFTER)
    for tenant_id in abandoned:
        await founding.abandon(ctx.within(tenant_id, "live"), tenant_id)


async def _founding(ctx: Context, wish: FirstWorkspace) -> Founding:
    workspace = Workspace(
        tenant_id=ctx.ids.new(f"{ctx.settings.installation_region}_tenant"),
        name=wish.name,
        region=ctx.settings.installation_region,
        country=wish.country,
        currency=currency_of(wish.country, ctx.now.date()),
        session_environment="test",
        created_at=ctx.now,
    )
    owner = User(ctx.ids.new("user"), wish.email, wish.first_name, wish.last_name, ctx.now)
    return Founding(workspace, owner, await hash_password(wish.password))


async def _first_keys(ctx: Context, region: str) -> list[making.NewSecret]:
    def key(name: str, kind: Kind, environment: Environment, scopes: tuple[str, ...]) -> Key:
        return Key(
            id=ctx.ids.new("key"),
            name=name,
            kind=kind,
            environment=environment,
            scopes=list(scopes),
            allowed_origins=[],
            rate_limit_per_minute=DEFAULT_LIMIT,
            trust_level=None,
            version=1,
            created_at=ctx.now,
        )

    return [
        await making.with_secret(key("First live key", "secret", "live", ALL), secret_key("live", region)),
        await making.with_secret(key("First test key", "secret", "test", ALL), secret_key("test", region)),
        await making.with_secret(
            key("First publishable key", "publishable", "test", PUBLISHABLE_SCOPES), publishable_key(region)
        ),
    ]
