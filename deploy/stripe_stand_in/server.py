"""The server: Stripe's protocol, its pages and the stand-in's own doors, on one port."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import orjson
from aiohttp import web
from pydantic import ValidationError

from deploy.stripe_stand_in import pages
from deploy.stripe_stand_in.call import Call, World
from deploy.stripe_stand_in.control import Control
from deploy.stripe_stand_in.courier import Courier, WebhookEndpoint
from deploy.stripe_stand_in.desk import Admitted, Answer, Desk, Request, error_answer
from deploy.stripe_stand_in.errors import StripeError
from deploy.stripe_stand_in.form import parse_form
from deploy.stripe_stand_in.pages import Page
from deploy.stripe_stand_in.store import Store
from deploy.stripe_stand_in.switches import Disturbances, InjectedError, Rule, Switches
from libs.clock import Clock, SystemClock
from libs.ids import RandomIds

RETRY_DELAYS = (1.0, 5.0, 30.0, 120.0, 600.0)
_SWEEP_SECONDS = 10.0
_SHUTDOWN_SECONDS = 2.0


class _Dropped(Exception):
    """A rule wants the connection closed without an answer."""


class StripeStandIn:
    """A Stripe of our own. `state` is the file that survives a restart.

    `clock` gives the times inside objects; `public_url` is the address in links when browsers reach the stand-in
    under another one than `base_url`; `retry_delays` are the seconds between attempts of a callback.
    """

    def __init__(
        self,
        state: Path,
        webhooks: Sequence[WebhookEndpoint] = (),
        clock: Clock | None = None,
        public_url: str | None = None,
        retry_delays: Sequence[float] = RETRY_DELAYS,
    ) -> None:
        self._world = World(Store(state), RandomIds(), clock or SystemClock(), SystemClock(), public_url or "")
        self._desk = Desk(self._world)
        self._disturbances = Disturbances()
        self._courier = Courier(self._world, webhooks, retry_delays)
        self.control = Control(self._world, self._disturbances, self._courier.wake)
        self._runner: web.AppRunner | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self.base_url = ""

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen, and go on with what the last run left pending. Port 0 takes a free one; see `base_url`."""
        self._runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()
        self.base_url = f"http://{host}:{self._runner.addresses[0][1]}"
        self._world.public_url = self._world.public_url or self.base_url
        self._tasks = [asyncio.create_task(self._courier.run()), asyncio.create_task(self._sweep())]

    async def stop(self) -> None:
        """Stop listening and sending; what is pending stays in the file."""
        for task in self._tasks:
            task.cancel()
        ended = await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._runner is not None:
            await self._runner.cleanup()
        self._world.store.close()
        for outcome in ended:
            if isinstance(outcome, Exception):
                raise outcome

    def deliver_to(self, endpoint: WebhookEndpoint) -> None:
        """Send the events from now on to one more endpoint."""
        self._courier.add(endpoint)
        self._courier.wake()

    def switch(self, wanted: Switches) -> Switches:
        """What `POST /_switch` does, in process."""
        return self.control.switch(wanted)

    def state(self) -> dict[str, Any]:
        """What `GET /_state` answers, in process."""
        return self.control.state()

    def _application(self) -> web.Application:
        app = web.Application()
        app.add_routes(
            [
                web.get("/_state", self._on_state),
                web.get("/_switch", self._on_switch),
                web.post("/_switch", self._on_switch),
                web.post("/_accounts/{id}/deauthorize", self._on_deauthorize),
                web.post("/_intents/{id}/settle", self._on_settle),
                web.get("/pay/{id}", self._page(lambda call, id, _: pages.checkout_form(call, id))),
                web.post("/pay/{id}", self._page(pages.submit_checkout)),
                web.get("/authenticate/{id}", self._page(lambda call, id, _: pages.authentication_form(call, id))),
                web.post("/authenticate/{id}", self._page(pages.submit_authentication)),
                web.get("/setup/e/{account}/{id}", self._page(lambda call, id, _: pages.open_account_link(call, id))),
                web.route("*", "/{path:.*}", self._on_api),
            ]
        )
        return app

    async def _on_api(self, request: web.Request) -> web.StreamResponse:
        self.control.count(request.method, request.path)
        request_id = self._world.ids.new("req")
        asked = Request(
            request.method, request.path, {}, {name.lower(): text for name, text in request.headers.items()}
        )
        rules = self._disturbances.take(request.method, request.path)
        try:
            asked = Request(asked.method, asked.path, await _params(request), asked.headers)
            admitted = self._desk.admit(asked, request_id)
            with self._desk.holding_key(admitted):
                answer = await self._disturbed(admitted, rules)
        except StripeError as refusal:
            answer = error_answer(refusal)
        except _Dropped:
            # aiohttp wants a response, which nobody gets: writing to a closing connection ends quietly.
            if request.transport is not None:
                request.transport.close()
            return web.Response()
        finally:
            self._courier.wake()
        headers = {**self._desk.headers(asked, request_id), **answer.headers}
        return web.Response(body=answer.body, status=answer.status, headers=headers, content_type="application/json")

    async def _disturbed(self, admitted: Admitted, rules: Sequence[Rule]) -> Answer:
        for rule in rules:
            if rule.effect == "delay":
                await asyncio.sleep(rule.seconds)
            elif rule.effect == "error":
                raise InjectedError(rule.status)
            elif rule.effect == "drop_before":
                raise _Dropped
        answer = self._desk.answer(admitted)
        if any(rule.effect == "drop_after" for rule in rules):
            raise _Dropped
        return answer

    def _page(self, show: Callable[[Call, str, dict[str, str]], Page]) -> Callable[[web.Request], Any]:
        async def answer(request: web.Request) -> web.Response:
            fields = {name: text for name, text in (await request.post()).items() if isinstance(text, str)}
            id = request.match_info["id"]
            try:
                with self._world.store.transaction():
                    page = show(self.control.owner_of(id), id, fields)
            except StripeError as error:
                page = pages.refused(error)
            self._courier.wake()
            headers = {} if page.location is None else {"Location": page.location}
            return web.Response(text=page.html, status=page.status, headers=headers, content_type="text/html")

        return answer

    async def _on_state(self, request: web.Request) -> web.Response:
        return _json(self.state())

    async def _on_switch(self, request: web.Request) -> web.Response:
        if request.method == "GET":
            return _json(self.control.switches().model_dump())
        try:
            wanted = Switches.model_validate_json(await request.read())
        except ValidationError as error:
            return _json({"error": {"message": str(error)}}, 400)
        return _json(self.switch(wanted).model_dump())

    async def _on_deauthorize(self, request: web.Request) -> web.Response:
        return self._controlled(lambda: self.control.deauthorize(request.match_info["id"]))

    async def _on_settle(self, request: web.Request) -> web.Response:
        return self._controlled(lambda: self.control.settle(request.match_info["id"]))

    def _controlled(self, act: Callable[[], str | None]) -> web.Response:
        try:
            return _json({"status": act()})
        except StripeError as error:
            return _json(error.body(), error.status)

    async def _sweep(self) -> None:
        while True:
            self.control.sweep()
            await asyncio.sleep(_SWEEP_SECONDS)


async def _params(request: web.Request) -> dict[str, Any]:
    text = (
        request.query_string if request.method in ("GET", "DELETE") else (await request.read()).decode(errors="replace")
    )
    return parse_form(parse_qsl(text, keep_blank_values=True))


def _json(value: Any, status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(value), status=status, content_type="application/json")
