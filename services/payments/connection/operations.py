"""What can be asked of the payment settings and the Stripe account."""

from dataclasses import asdict, replace
from hashlib import sha256

from libs.api.operation import GET, POST, internal, operation
from libs.api.principal import Environment
from libs.audit.chain import changes as difference
from services.payments.attempts.rules import leave_to_timer
from services.payments.connection.models import (
    Connection,
    DemoAccounts,
    Message,
    Nothing,
    SettingsChanges,
    SettingsView,
    SignUp,
)
from services.payments.connection.rules import ProviderNotConnected, refusal, stripe_of
from services.payments.context import Context, PaymentsTransaction
from services.payments.stripe.errors import Refused
from services.payments.stripe.values import ProviderAccount

BACK = "/dashboard/payments"


@operation("payments.get_settings", GET, "/v1/payments", select={"action": "settings"}, scopes=["deals:read"])
async def get_settings(ctx: Context) -> SettingsView:
    """Read the payment settings and whether the Stripe account is connected."""
    async with ctx.transaction() as tx:
        return SettingsView.of(await tx.connections.get())


@operation("payments.save_settings", POST, "/v1/payments", select={"action": "save-settings"}, scopes=["deals:write"])
async def save_settings(ctx: Context, changes: SettingsChanges) -> Message:
    """Switch payment methods on or off and save invoice settings; what is left out keeps its value."""
    async with ctx.transaction() as tx:
        before = await tx.connections.lock()
        after = replace(
            before,
            payment_methods=before.payment_methods | (changes.payment_methods or {}),
            invoice_settings=before.invoice_settings if changes.invoice_settings is None else changes.invoice_settings,
        )
        await tx.connections.save(after)
        record_settings(tx, "payment_settings.updated", before, after)
    return Message(message="Payment settings saved")


@operation(
    "payments.connect_stripe",
    POST,
    "/v1/payments",
    select={"action": "connect-stripe"},
    scopes=["deals:write"],
    errors=[ProviderNotConnected],
    resumable=True,
)
async def connect_stripe(ctx: Context, nothing: Nothing) -> SignUp:
    """Start or go on with the sign-up of a Stripe account; the answer has the address to open.

    The account stays the same until it is connected, and after a disconnection.
    """
    stripe = stripe_of(ctx)
    async with ctx.transaction() as tx:
        known = (await tx.connections.get()).account_id
    try:
        account = await _account(ctx, known)
        url = await stripe.sign_up_link(account.id, ctx.settings.public_url.rstrip("/") + BACK)
    except Refused as refused:
        raise refusal(refused) from refused
    await _keep(ctx, account)
    return SignUp(url=url, account_id=account.id)


@operation(
    "payments.disconnect_stripe",
    POST,
    "/v1/payments",
    select={"action": "disconnect-stripe"},
    scopes=["deals:write"],
    errors=[ProviderNotConnected],
)
async def disconnect_stripe(ctx: Context, nothing: Nothing) -> Message:
    """Take no more payments through the Stripe account; manual payments and refunds remain possible.

    Intents and links that nobody has paid yet are cancelled within a short time.
    """
    async with ctx.transaction() as tx:
        before = await tx.connections.lock()
        if before.account_id is None or before.disconnected_at is not None:
            raise ProviderNotConnected("No Stripe account is connected.")
        after = replace(before, disconnected_at=ctx.now)
        await tx.connections.save(after)
        for intent in await tx.intents.every_open_one():
            await leave_to_timer(tx, "cancel", intent.deal_id, intent.id)
        for link in await tx.links.every_open_one():
            await leave_to_timer(tx, "expire_link", link.deal_id, link.id)
        record_settings(tx, "payment_settings.disconnected", before, after)
    return Message(message="Stripe account disconnected")


@internal("payments.connect_demo")
async def connect_demo(ctx: Context, nothing: Nothing) -> DemoAccounts:
    """Connect the calling workspace to accounts that are signed up already, in every environment with a key (A38)."""
    accounts: dict[str, str] = {}
    environments: tuple[Environment, ...] = ("test", "live")
    for environment in environments:
        if environment not in ctx.ports.stripe:
            continue
        own = ctx.within(ctx.principal.tenant_id, environment)
        async with own.transaction() as tx:
            known = (await tx.connections.get()).account_id
        account = await _account(own, known)
        ready = replace(account, charges_enabled=True, payouts_enabled=True, details_submitted=True)
        await _keep(own, ready)
        accounts[environment] = ready.id
    return DemoAccounts(accounts=accounts)


async def _account(ctx: Context, known: str | None) -> ProviderAccount:
    """The workspace's account at Stripe, made now where there is none.

    The key follows from the workspace alone, so that repeating it after a crash does not make a second account.
    """
    stripe, tenant = stripe_of(ctx), ctx.principal.tenant_id
    if known is not None:
        return await stripe.retrieve_account(known)
    key = sha256(f"{tenant}:{ctx.principal.environment}:account".encode()).hexdigest()
    return await stripe.create_account(key, {"tenant_id": tenant})


async def _keep(ctx: Context, account: ProviderAccount) -> None:
    async with ctx.transaction() as tx:
        before = await tx.connections.lock()
        after = replace(before.with_account(account), disconnected_at=None)
        if after != before:
            await tx.connections.save(after)
            record_settings(tx, "payment_settings.connected", before, after)


def record_settings(tx: PaymentsTransaction, action: str, before: Connection, after: Connection) -> None:
    """An audit entry for changed payment settings."""
    was, now = (asdict(one) | {"disconnected_at": str(one.disconnected_at or "")} for one in (before, after))
    tx.record(("payment_settings", tx.scope.tenant_id), action, changes=difference(was, now), snapshot=now)
