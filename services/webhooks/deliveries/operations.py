"""What can be asked of deliveries."""

from typing import Annotated

from libs.api.markers import Query
from libs.api.operation import GET, POST, operation
from libs.api.paging import offset_page
from libs.clock import iso
from libs.errors.types import InvalidFields, NotFound
from libs.events.catalogue import catalogue
from services.webhooks.context import Context
from services.webhooks.deliveries.models import (
    DeadLetter,
    DeadLetterFilter,
    DeadLetterList,
    DeadLetterView,
    Delivery,
    DeliveryFilter,
    DeliveryList,
    DeliveryView,
    NewDelivery,
    ReplayedEvent,
    ReplayRequest,
    ReplayResult,
    RetriedDelivery,
    RetryRequest,
    RetryResult,
    TestRequest,
    TestResult,
)
from services.webhooks.deliveries.rules import (
    REPLAY_LIMIT,
    DeliveryNotFailed,
    MaxAttemptsReached,
    NoStartOfReplay,
    Schedules,
    check_retry,
    outcome,
)
from services.webhooks.deliveries.store import add_deliveries
from services.webhooks.endpoints.models import Endpoint
from services.webhooks.endpoints.rules import ALL_EVENTS, WebhookPaused
from services.webhooks.log.rules import data_of, render
from services.webhooks.log.store import Selection
from services.webhooks.sending.models import Parcel, SealedTarget, Target
from services.webhooks.sending.rounds import LEASE

READ, WRITE = ["webhooks:read"], ["webhooks:write"]
WebhookId = Annotated[str, Query("id", "endpoint (prefix wh_)")]


@operation("webhooks.list_deliveries", GET, "/v1/webhooks/deliveries", scopes=READ, errors=[NotFound])
async def list_deliveries(
    ctx: Context, webhook_id: WebhookId, query: Annotated[DeliveryFilter, Query()]
) -> DeliveryList:
    """List the deliveries of an endpoint, newest first, also of one that was removed."""
    async with ctx.transaction() as tx:
        if not await tx.deliveries.exist_for(webhook_id):
            await tx.endpoints.get(webhook_id)
        found, total = await tx.deliveries.page(webhook_id, query)
    return DeliveryList(
        deliveries=[DeliveryView.of(delivery) for delivery in found], pagination=offset_page(found, total, query)
    )


@operation("webhooks.list_dead_letters", GET, "/v1/webhooks/dead_letter", scopes=READ)
async def list_dead_letters(ctx: Context, query: Annotated[DeadLetterFilter, Query()]) -> DeadLetterList:
    """List the deliveries that failed for good, newest first."""
    async with ctx.transaction() as tx:
        found, total = await tx.deliveries.dead_letters(query)
    views = [_dead_letter(one, ctx.ports.schedules) for one in found]
    return DeadLetterList(dead_letters=views, pagination=offset_page(found, total, query))


@operation("webhooks.test", POST, "/v1/webhooks/test", scopes=WRITE, errors=[NotFound, InvalidFields], resumable=True)
async def test_webhook(ctx: Context, webhook_id: WebhookId, wanted: TestRequest) -> TestResult:
    """Send a test event to an endpoint and tell what it answered; nothing is logged or retried."""
    event = catalogue().get(wanted.event_type)
    if event is None:
        raise InvalidFields.of("event_type", "Unknown event type", "unknown_value")
    async with ctx.transaction() as tx:
        target = await _target(ctx, await tx.endpoints.get(webhook_id))
    event_id = ctx.ids.new("evt_test")
    body = render(event_id, event.name, ctx.now, event.payload)
    attempt = await ctx.ports.sender.attempt(target, Parcel(event_id, event.name, body))
    return TestResult(
        success=attempt.succeeded,
        response_code=attempt.response_code,
        response_body=attempt.response_body,
        latency_ms=attempt.latency_ms,
        error_message=attempt.error_message,
        event_type=event.name,
    )


@operation(
    "webhooks.replay", POST, "/v1/webhooks/replay", scopes=WRITE, errors=[NotFound, NoStartOfReplay, WebhookPaused]
)
async def replay(ctx: Context, wanted: ReplayRequest) -> ReplayResult:
    """Deliver past events to an endpoint again, in order, a hundred at most."""
    if wanted.since_sequence is None and wanted.since_timestamp is None:
        raise NoStartOfReplay
    async with ctx.transaction() as tx:
        endpoint = await tx.endpoints.lock(wanted.webhook_id)
        _check_active(endpoint)
        selection = Selection(
            wanted.since_sequence, wanted.since_timestamp, _types(endpoint, wanted.event_type), REPLAY_LIMIT + 1
        )
        rows = await tx.events.lock_for_replay(selection, endpoint.id if wanted.failed_only else None)
        replays = [_replay_of(ctx, endpoint, row["sequence"], row["name"]) for row in rows[:REPLAY_LIMIT]]
        if replays:
            await add_deliveries(tx, replays, ctx.now)
            await tx.lanes.look_at(endpoint.id, ctx.now)
    events = [
        ReplayedEvent(event_id=row["id"], event_sequence=row["sequence"], event_type=row["name"], delivery_id=made.id)
        for row, made in zip(rows, replays, strict=False)
    ]
    return ReplayResult(replayed=len(events), webhook_id=endpoint.id, has_more=len(rows) > REPLAY_LIMIT, events=events)


@operation(
    "webhooks.retry",
    POST,
    "/v1/webhooks/retry",
    scopes=WRITE,
    errors=[NotFound, DeliveryNotFailed, MaxAttemptsReached, WebhookPaused],
    resumable=True,
)
async def retry(ctx: Context, wanted: RetryRequest) -> RetryResult:
    """Send a failed delivery once more, at once, and tell how it went."""
    lapses_at = ctx.now + LEASE
    async with ctx.transaction() as tx:
        delivery = await tx.deliveries.lock(wanted.delivery_id)
        schedule = ctx.ports.schedules.named(delivery.retry_schedule)
        endpoint = await tx.endpoints.get(delivery.webhook_id)
        check_retry(delivery, schedule)
        _check_active(endpoint)
        await tx.deliveries.begin_retry(delivery.id, lapses_at)
        await tx.lanes.look_at(endpoint.id, lapses_at)
        target = await _target(ctx, endpoint)
        event_id, body = await tx.events.body(delivery.event_sequence)
    number = delivery.attempts + 1
    parcel = Parcel(
        event_id,
        delivery.event_type,
        body,
        attempt=number,
        sequence=delivery.event_sequence,
        delivery_id=delivery.id,
        is_replay=delivery.is_replay,
    )
    attempt = await ctx.ports.sender.attempt(target, parcel)
    async with ctx.transaction() as tx:
        after = await tx.deliveries.finish(delivery.id, outcome(attempt, number, schedule, 0))
    return RetryResult(
        delivery=RetriedDelivery(
            delivery_id=after.id,
            id=after.id,
            status=after.status,
            attempts=after.attempts,
            response_code=after.response_code,
            error_message=after.error_message,
            retried_at=iso(attempt.ended_at),
        )
    )


async def _target(ctx: Context, endpoint: Endpoint) -> Target:
    async with ctx.transaction() as tx:
        cipher = await ctx.ports.vault.cipher(tx, ctx.principal.tenant_id)
    sealed = SealedTarget(
        endpoint.id, endpoint.url, endpoint.secret, endpoint.previous_secret, endpoint.previous_secret_expires_at
    )
    return sealed.opened(cipher, ctx.principal.environment, ctx.now)


def _check_active(endpoint: Endpoint) -> None:
    if endpoint.status == "paused":
        raise WebhookPaused(details={"paused_reason": endpoint.paused_reason})


def _types(endpoint: Endpoint, event_type: str | None) -> list[str] | None:
    """The types to replay: what the endpoint subscribes to now, narrowed by the caller; None for all."""
    if event_type is not None:
        return [event_type] if endpoint.subscribes(event_type) else []
    return None if ALL_EVENTS in endpoint.events else list(endpoint.events)


def _replay_of(ctx: Context, endpoint: Endpoint, sequence: int, event_type: str) -> NewDelivery:
    return NewDelivery(
        tenant_id=ctx.principal.tenant_id,
        environment=ctx.principal.environment,
        id=ctx.ids.new("whd"),
        webhook_id=endpoint.id,
        event_sequence=sequence,
        event_type=event_type,
        is_replay=True,
        retry_schedule=endpoint.retry_schedule,
    )


def _dead_letter(one: DeadLetter, schedules: Schedules) -> DeadLetterView:
    delivery: Delivery = one.delivery
    return DeadLetterView(
        delivery_id=delivery.id,
        id=delivery.id,
        webhook_id=delivery.webhook_id,
        event_id=one.event_id,
        event_type=delivery.event_type,
        payload=data_of(one.body),
        status=delivery.status,
        attempts=delivery.attempts,
        max_attempts=schedules.named(delivery.retry_schedule).max_attempts,
        response_code=delivery.response_code,
        error_message=delivery.error_message,
        is_replay=delivery.is_replay,
        created_at=iso(delivery.created_at),
    )
