"""A running service: its database, its router and the contexts of its calls."""

from collections.abc import Callable
from typing import Any

from libs.api.call import Call
from libs.api.operation import Operation
from libs.api.precondition import IfMatch
from libs.api.principal import Principal
from libs.api.routing import Router
from libs.audit.anchor import AnchorKey
from libs.clock import Clock
from libs.data.database import Database
from libs.data.transaction import Scope
from libs.data.unit import Claim, Reading, UnitOfWork
from libs.service.context import Context
from libs.service.definition import Service
from libs.service.peers import Peers
from libs.service.platform import Platform
from libs.telemetry import tracing
from libs.vault.envelope import Key

ACTORS = {"key": "api_key", "publishable": "api_key", "session": "user", "none": "anonymous", "service": "system"}


class Runtime:
    """Joins a service's definition with the platform of its process."""

    def __init__(self, service: Service, platform: Platform, database: Database, ports: Any) -> None:
        self.service, self.platform, self.database, self.ports = service, platform, database, ports
        self.router: Router[Operation] = Router(service.operations)
        self.anchor_key = AnchorKey(platform.master_key.derive("audit-anchor"))
        self.seal = Key(1, platform.master_key.derive("idempotent-answers"))
        self.wake: Callable[[], None] = lambda: None
        self.orchestrator: Any = None

    def _committed(self) -> None:
        self.wake()

    @property
    def clock(self) -> Clock:
        return self.platform.clock

    def context(
        self, call: Call, *, claim: Claim | None = None, if_match: IfMatch | None = None, causation_id: str = ""
    ) -> Context[Any, Any]:
        """The context of one call or message."""
        principal, now = call.principal, self.clock.now()
        reads = call.operation in self.router and not self.router[call.operation].writes
        unit = Reading if reads else UnitOfWork
        trace = tracing.current()
        scope = Scope(
            service=self.service.name,
            tenant_id=principal.tenant_id,
            environment=principal.environment,
            actor=principal.id or principal.kind,
            actor_type="agent" if principal.is_agent else ACTORS.get(principal.kind, principal.kind),
            now=now,
            ids=self.platform.ids,
            anchor_key=self.anchor_key,
            correlation_id=trace.ref if trace else "",
            causation_id=causation_id,
            traceparent=trace.traceparent if trace else "",
        )

        def for_tenant(other: Principal) -> Context[Any, Any]:
            return self.context(
                Call(call.method, call.path, call.query, call.headers, principal=other, operation=call.operation)
            )

        return Context(
            call=call,
            principal=principal,
            now=now,
            clock=self.clock,
            ids=self.platform.ids,
            ports=self.ports,
            services=Peers(self.platform.dispatch, principal, trace.traceparent if trace else ""),
            unit=unit(self.database, self.service.transaction, scope, claim, self._committed),
            worker=self.database.worker,
            for_tenant=for_tenant,
            sagas=self.orchestrator,
            settings=self.platform.settings,
            if_match=if_match or IfMatch(),
        )
