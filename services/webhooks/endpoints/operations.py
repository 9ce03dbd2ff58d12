"""What can be asked of endpoints."""

from typing import Annotated, Any

from libs.api.answers import Created
from libs.api.markers import Query
from libs.api.operation import DELETE, GET, PATCH, POST, Route, operation
from libs.api.paging import OffsetQuery, offset_page
from libs.audit.chain import changes as difference
from libs.clock import iso
from libs.errors.types import InvalidFields, NotFound
from libs.outbound.failures import AddressNotAllowed
from services.webhooks.context import Context, WebhooksTransaction
from services.webhooks.endpoints.models import (
    Endpoint,
    NewWebhook,
    ReplayOffer,
    SecretRotated,
    WebhookChanges,
    WebhookCreated,
    WebhookData,
    WebhookDeleted,
    WebhookList,
    WebhookResumed,
    WebhookView,
)
from services.webhooks.endpoints.rules import PREVIOUS_SECRET_LIFETIME, URL_REFUSED, check_cleared, new_secret
from services.webhooks.endpoints.secrets import seal

WebhookId = Annotated[str, Query("id", "endpoint (prefix wh_)")]
READ, WRITE = ["webhooks:read"], ["webhooks:write"]
DELETED = "Webhook deleted"


@operation("webhooks.list", GET, "/v1/webhooks", scopes=READ)
async def list_webhooks(ctx: Context, query: Annotated[OffsetQuery, Query()]) -> WebhookList:
    """List webhook endpoints, newest first."""
    async with ctx.transaction() as tx:
        endpoints, total = await tx.endpoints.page(query)
    return WebhookList(
        webhooks=[WebhookView.of(endpoint) for endpoint in endpoints], pagination=offset_page(endpoints, total, query)
    )


@operation("webhooks.get", GET, "/v1/webhooks", select={"id": "*"}, scopes=READ, errors=[NotFound])
async def get_webhook(ctx: Context, webhook_id: WebhookId) -> WebhookData:
    """Read one webhook endpoint."""
    async with ctx.transaction() as tx:
        endpoint = await tx.endpoints.get(webhook_id)
    return WebhookData(webhook=WebhookView.of(endpoint))


@operation("webhooks.create", POST, "/v1/webhooks", scopes=WRITE, errors=[InvalidFields])
async def create_webhook(ctx: Context, new: NewWebhook) -> Created[WebhookCreated]:
    """Register a webhook endpoint; its signing secret is shown in this answer only."""
    await _check_url(ctx, new.url)
    webhook_id, secret = ctx.ids.new("wh"), new_secret()
    async with ctx.transaction() as tx:
        cipher = await ctx.ports.vault.cipher(tx, ctx.principal.tenant_id)
        endpoint = Endpoint(
            id=webhook_id,
            url=new.url,
            events=new.events,
            description=new.description,
            status="active",
            retry_schedule=new.retry_schedule,
            paused_reason=None,
            paused_at_sequence=None,
            secret=seal(cipher, webhook_id, secret),
            previous_secret=None,
            previous_secret_expires_at=None,
            created_at=ctx.now,
            updated_at=ctx.now,
        )
        await tx.endpoints.add(endpoint, ctx.principal.tenant_id, ctx.principal.environment)
        await tx.lanes.add(webhook_id, ctx.principal.tenant_id, ctx.principal.environment)
        record(tx, "webhook.created", None, endpoint)
    return Created(WebhookCreated(**WebhookView.of(endpoint).model_dump(), secret=secret))


@operation("webhooks.update", PATCH, "/v1/webhooks", scopes=WRITE, errors=[InvalidFields, NotFound])
async def update_webhook(ctx: Context, webhook_id: WebhookId, changes: WebhookChanges) -> WebhookData | WebhookResumed:
    """Change the sent fields of an endpoint; making it active again offers a replay of what it missed."""
    sent = changes.sent()
    check_cleared(sent)
    if "url" in sent:
        await _check_url(ctx, sent["url"])
    status = sent.pop("status", None)
    async with ctx.transaction() as tx:
        before = await tx.endpoints.lock(webhook_id)
        after = before.changed(sent, ctx.now)
        if status == "paused" and before.status == "active":
            after = after.paused(None, await tx.events.last_sequence(), ctx.now)
        if status == "active" and before.status == "paused":
            after = after.resumed(ctx.now)
            await tx.lanes.forgive(webhook_id)
        await tx.endpoints.save(after)
        await tx.lanes.look_at(webhook_id, ctx.now)
        record(tx, "webhook.updated", before, after)
    view = WebhookView.of(after)
    if before.paused_at_sequence is None or after.status == "paused":
        return WebhookData(webhook=view)
    offer = ReplayOffer(webhook_id=webhook_id, since_sequence=before.paused_at_sequence)
    return WebhookResumed(webhook=view, replay=offer)


@operation("webhooks.delete", DELETE, "/v1/webhooks", scopes=WRITE, errors=[NotFound])
async def delete_webhook(ctx: Context, webhook_id: WebhookId) -> WebhookDeleted:
    """Remove an endpoint for good; deliveries that are pending end as failed."""
    async with ctx.transaction() as tx:
        endpoint = await tx.endpoints.lock(webhook_id)
        await tx.lanes.look_at(webhook_id, ctx.now)
        await tx.deliveries.end_pending(webhook_id, DELETED)
        await tx.endpoints.delete(webhook_id)
        record(tx, "webhook.deleted", endpoint, None)
    return WebhookDeleted(webhook_id=webhook_id, id=webhook_id)


@operation(
    "webhooks.rotate_secret",
    POST,
    "/v1/webhooks/rotate_secret",
    scopes=WRITE,
    errors=[NotFound],
    also=[Route(POST, "/v1/webhooks", {"action": "rotate_secret"})],
)
async def rotate_secret(ctx: Context, webhook_id: WebhookId) -> SecretRotated:
    """Replace the signing secret; for 24 hours a second header carries the signature by the old one."""
    secret, expires_at = new_secret(), ctx.now + PREVIOUS_SECRET_LIFETIME
    async with ctx.transaction() as tx:
        before = await tx.endpoints.lock(webhook_id)
        cipher = await ctx.ports.vault.cipher(tx, ctx.principal.tenant_id)
        secrets: dict[str, Any] = {
            "secret": seal(cipher, webhook_id, secret),
            "previous_secret": before.secret,
            "previous_secret_expires_at": expires_at,
        }
        after = before.changed(secrets, ctx.now)
        await tx.endpoints.save(after)
        await tx.lanes.look_at(webhook_id, ctx.now)
        record(tx, "webhook.secret_rotated", before, after)
    return SecretRotated(
        webhook_id=webhook_id,
        id=webhook_id,
        secret=secret,
        rotated_at=iso(ctx.now),
        previous_secret_expires_at=iso(expires_at),
    )


def record(tx: WebhooksTransaction, action: str, before: Endpoint | None, after: Endpoint | None) -> None:
    """Add the audit entry of a change; secrets are no part of it."""
    was = WebhookView.of(before).model_dump(mode="json") if before else {}
    now = WebhookView.of(after).model_dump(mode="json") if after else {}
    subject = after or before
    if subject is not None:
        tx.record(("webhook", subject.id), action, changes=difference(was, now), snapshot=now)


async def _check_url(ctx: Context, url: str) -> None:
    """InvalidFields where a delivery would be refused (W48, W49, W53); which address was refused is not told (W55)."""
    try:
        await ctx.ports.sender.check(url, ctx.principal.environment)
    except AddressNotAllowed as refusal:
        raise InvalidFields.of("url", URL_REFUSED) from refusal
