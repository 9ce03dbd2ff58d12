"""Idempotency, disturbances, callbacks that misbehave, and restarts."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import aiohttp
import pytest
import stripe

from deploy.stripe_stand_in import CallbackMode, Rule, StripeStandIn, Switches
from deploy.stripe_stand_in.tests.clients import closing_client
from deploy.stripe_stand_in.tests.receiver import Receiver

CREATE = "POST /v1/payment_intents"
ORDER: stripe.params.PaymentIntentCreateParams = {
    "amount": 1_000,
    "currency": "usd",
    "payment_method": "pm_card_visa",
    "allowed_payment_method_types": ["card"],
    "confirm": True,
}
KEY: stripe.RequestOptions = {"idempotency_key": "the key"}
THREE = ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded"]


class TestIdempotency:
    async def test_the_same_call_again_gets_the_kept_answer(
        self, client: stripe.StripeClient, stand_in: StripeStandIn
    ) -> None:
        first = await client.v1.payment_intents.create_async(ORDER, KEY)
        second = await client.v1.payment_intents.create_async(ORDER, KEY)
        assert first.id == second.id
        assert second.last_response is not None
        assert second.last_response.headers["Idempotent-Replayed"] == "true"
        assert len(stand_in.state()["intents"]) == 1

    async def test_a_decline_is_kept_too(self, client: stripe.StripeClient, stand_in: StripeStandIn) -> None:
        order: stripe.params.PaymentIntentCreateParams = {**ORDER, "payment_method": "pm_card_chargeDeclined"}
        for _ in range(2):
            with pytest.raises(stripe.CardError):
                await client.v1.payment_intents.create_async(order, KEY)
        assert stand_in.state()["objects"]["charge"] == 1

    async def test_a_malformed_call_leaves_the_key_free(self, client: stripe.StripeClient) -> None:
        with pytest.raises(stripe.InvalidRequestError):
            await client.v1.payment_intents.create_async({**ORDER, "amount": 1}, KEY)
        assert (await client.v1.payment_intents.create_async(ORDER, KEY)).status == "succeeded"

    async def test_another_call_with_the_key_is_refused(self, client: stripe.StripeClient) -> None:
        await client.v1.payment_intents.create_async(ORDER, KEY)
        with pytest.raises(stripe.IdempotencyError, match="same parameters"):
            await client.v1.payment_intents.create_async({**ORDER, "amount": 2_000}, KEY)
        with pytest.raises(stripe.IdempotencyError, match="same endpoint"):
            await client.v1.customers.create_async({}, KEY)

    async def test_while_the_first_runs_a_second_conflicts(
        self, client: stripe.StripeClient, stand_in: StripeStandIn
    ) -> None:
        stand_in.switch(Switches(rules=(Rule(match=CREATE, effect="delay", seconds=0.2, times=1),)))
        answers = await asyncio.gather(
            *(client.v1.payment_intents.create_async(ORDER, KEY) for _ in range(2)), return_exceptions=True
        )
        refused = [answer for answer in answers if isinstance(answer, stripe.StripeError)]
        assert [(error.http_status, error.error and error.error.code) for error in refused] == [
            (409, "idempotency_key_in_use")
        ]
        assert len(stand_in.state()["intents"]) == 1


class TestDisturbances:
    @pytest.mark.parametrize(("effect", "intents_after_drop"), [("drop_before", 0), ("drop_after", 1)])
    async def test_a_dropped_call_is_charged_once_by_the_library_that_retries(
        self, stand_in: StripeStandIn, effect: str, intents_after_drop: int
    ) -> None:
        rule = Rule.model_validate({"match": CREATE, "effect": effect, "times": 1})
        stand_in.switch(Switches(rules=(rule,)))
        async with closing_client(stand_in.base_url) as client:
            with pytest.raises(stripe.APIConnectionError):
                await client.v1.payment_intents.create_async(ORDER)
        assert len(stand_in.state()["intents"]) == intents_after_drop
        stand_in.switch(Switches(rules=(rule,)))
        async with closing_client(stand_in.base_url, retries=2) as client:
            assert (await client.v1.payment_intents.create_async(ORDER)).status == "succeeded"
        state = stand_in.state()
        assert len(state["intents"]) == intents_after_drop + 1
        assert state["totals"]["captured"] == 1_000 * (intents_after_drop + 1)
        assert state["calls"][CREATE] == 3

    @pytest.mark.parametrize(
        ("status", "error"),
        [(429, stripe.RateLimitError), (500, stripe.APIError), (401, stripe.AuthenticationError)],
    )
    async def test_an_injected_error_changes_nothing_and_ends_after_its_times(
        self, client: stripe.StripeClient, stand_in: StripeStandIn, status: int, error: type[stripe.StripeError]
    ) -> None:
        switches = {
            "rules": [{"match": "POST /v1/payment_intents/*/capture", "effect": "error", "status": status, "times": 1}]
        }
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{stand_in.base_url}/_switch", json=switches) as answer,
        ):
            assert (await answer.json())["rules"][0]["status"] == status
        held = await client.v1.payment_intents.create_async({**ORDER, "capture_method": "manual"})
        with pytest.raises(error):
            await client.v1.payment_intents.capture_async(held.id, options=KEY)
        assert (await client.v1.payment_intents.retrieve_async(held.id)).status == "requires_capture"
        assert (await client.v1.payment_intents.capture_async(held.id, options=KEY)).status == "succeeded"

    async def test_a_switch_that_does_not_exist_is_refused(self, stand_in: StripeStandIn) -> None:
        async with (
            aiohttp.ClientSession() as session,
            session.post(
                f"{stand_in.base_url}/_switch", json={"rules": [{"match": "*", "effect": "explode"}]}
            ) as answer,
        ):
            assert answer.status == 400


class TestCallbacks:
    async def test_a_refused_callback_is_sent_again(self, client: stripe.StripeClient, receiver: Receiver) -> None:
        receiver.failures = [500, 503]
        await client.v1.customers.create_async()
        assert (await receiver.next()).type == "customer.created"

    async def test_after_the_last_attempt_it_is_given_up(
        self, client: stripe.StripeClient, stand_in: StripeStandIn, receiver: Receiver
    ) -> None:
        receiver.failures = [500, 500, 500]
        await client.v1.customers.create_async({"name": "first"})
        await asyncio.wait_for(receiver.failed.wait(), 5)
        await client.v1.customers.create_async({"name": "second"})
        assert (await receiver.next()).data.object["name"] == "second"
        assert stand_in.state()["callbacks"]["failed"] == 1

    async def test_duplicates_are_the_same_event(
        self, client: stripe.StripeClient, stand_in: StripeStandIn, receiver: Receiver
    ) -> None:
        stand_in.switch(Switches(callbacks=CallbackMode(duplicate=2)))
        await client.v1.customers.create_async()
        assert len({(await receiver.next()).id for _ in range(3)}) == 1

    async def test_reversed_callbacks_arrive_last_first(
        self, client: stripe.StripeClient, stand_in: StripeStandIn, receiver: Receiver
    ) -> None:
        stand_in.switch(Switches(callbacks=CallbackMode(order="reversed", paused=True)))
        await client.v1.payment_intents.create_async(ORDER)
        assert stand_in.state()["callbacks"]["pending"] == 3
        assert receiver.nothing_more()
        stand_in.switch(Switches(callbacks=CallbackMode(order="reversed")))
        assert await receiver.types(3) == THREE[::-1]


class TestRestart:
    async def test_state_kept_answers_and_pending_callbacks_survive(self, tmp_path: Path, receiver: Receiver) -> None:
        before = StripeStandIn(tmp_path / "stripe.sqlite", [receiver.endpoint])
        await before.start()
        before.switch(Switches(callbacks=CallbackMode(paused=True)))
        async with closing_client(before.base_url) as client:
            intent = await client.v1.payment_intents.create_async(ORDER, KEY)
        await before.stop()
        after = StripeStandIn(tmp_path / "stripe.sqlite", [receiver.endpoint])
        await after.start()
        async with closing_client(after.base_url) as client:
            assert (await client.v1.payment_intents.retrieve_async(intent.id)).status == "succeeded"
            assert (await client.v1.payment_intents.create_async(ORDER, KEY)).id == intent.id
        assert await receiver.types(3) == THREE
        await after.stop()

    async def test_a_killed_process_loses_nothing_that_it_answered(self, tmp_path: Path) -> None:
        state = tmp_path / "stripe.sqlite"
        command = [sys.executable, "-m", "deploy.stripe_stand_in", "--port", "0", "--state", str(state)]
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        assert process.stdout is not None
        base_url = (await process.stdout.readline()).decode().strip()
        async with closing_client(base_url) as client:
            made = [(await client.v1.payment_intents.create_async(ORDER)).id for _ in range(5)]
        os.kill(process.pid, signal.SIGKILL)
        await process.wait()
        after = StripeStandIn(state)
        await after.start()
        assert [(line["id"], line["captured"]) for line in after.state()["intents"]] == [(id, 1_000) for id in made]
        await after.stop()
