"""The checks that every operation goes through, in their order (RULES R56)."""

from dataclasses import replace
from typing import Any

import orjson
import pytest

from deploy.installation import Installation
from libs.api.call import Call, Reply
from libs.api.principal import ANONYMOUS, Principal, PrincipalRefused, PrincipalSigner
from libs.clock import SystemClock
from tests.platform.conftest import caller

POST = Call("POST", "/v1/orders", body=b'{"item": "x"}', principal=caller())


async def ask(toys: Installation, **changes: Any) -> Reply:
    return await toys.hosts["shop"].handle(replace(POST, **changes))


BROKEN_BODIES = [
    b"{",
    b"nonsense",
    b"[]",
    b'"text"',
    b'{"item": NaN}',
    b'{"item": Infinity}',
    b"\xff\xfe",
    b'{"item": "\\u0000"}',
    b'{"item": "\\ud800"}',
    b"[" * 10_000 + b"]" * 10_000,
    b'{"item": 1' + b"0" * 5_000 + b"}",
    b'{"item": 1e999999}',
]


@pytest.mark.parametrize("body", BROKEN_BODIES, ids=[repr(body[:20]) for body in BROKEN_BODIES])
async def test_a_body_that_is_no_json_object_is_400(toys: Installation, body: bytes) -> None:
    reply = await ask(toys, body=body)
    assert (reply.status, reply.body["category"]) == (400, "validation_error")


@pytest.mark.parametrize("item", [None, 1, True, [], {}, 1.5, "", "x" * 256])
async def test_a_wrong_value_names_its_field(toys: Installation, item: Any) -> None:
    reply = await ask(toys, body=orjson.dumps({"item": item}))
    assert reply.status == 400
    assert list(reply.body["details"]["fields"]) == ["item"]


async def test_unknown_fields_are_dropped_in_silence(toys: Installation) -> None:
    assert (await ask(toys, body=b'{"item": "x", "id": "mine", "tenant_id": "t9"}')).status == 201


async def test_nobody_is_401_and_a_missing_scope_403(toys: Installation) -> None:
    assert (await ask(toys, principal=ANONYMOUS)).body["code"] == "authentication_error.invalid_credentials"
    lacking = await ask(toys, principal=caller(scopes=("orders:read",)), body=b"{")
    assert lacking.body["code"] == "authorization_error.insufficient_scope"
    assert lacking.body["details"] == {"required_scopes": ["orders:write"]}
    assert lacking.body["legacy_code"] == "INSUFFICIENT_SCOPE"


@pytest.mark.parametrize("scope", ["*", "orders:*", "orders:write"])
async def test_scopes_that_suffice(toys: Installation, scope: str) -> None:
    assert (await ask(toys, principal=caller(scopes=(scope,)))).status == 201


async def test_another_kind_of_caller_is_403(toys: Installation) -> None:
    assert (await ask(toys, principal=replace(caller(), kind="customer"))).status == 403


async def test_an_unknown_delegation_is_refused(toys: Installation) -> None:
    reply = await ask(toys, headers={"x-delegation-id": "del_unknown"})
    assert (reply.status, reply.body["code"]) == (403, "authorization_error.delegation_invalid")


async def test_unknown_paths_and_methods(toys: Installation) -> None:
    assert (await ask(toys, path="/v1/nothing")).body["code"] == "not_found.endpoint"
    wrong = await ask(toys, method="PUT")
    assert (wrong.status, wrong.headers["Allow"]) == (405, "GET, POST")


async def test_both_prefixes_reach_one_endpoint(toys: Installation) -> None:
    assert (await ask(toys, path="/api/v1/orders")).status == 201


async def test_every_error_carries_the_whole_envelope(toys: Installation) -> None:
    body = (await ask(toys, body=b"{}")).body
    assert {"error", "code", "category", "message", "recovery", "ref", "details"} <= body.keys()
    assert body["recovery"].keys() >= {"action", "retryable", "hint"}
    assert body["ref"].startswith("trace_")


async def test_a_read_needs_its_parameter(toys: Installation) -> None:
    reply = await ask(toys, method="GET", body=b"")
    assert reply.body["code"] == "validation_error.bad_request"


class TestSignedPrincipals:
    signer = PrincipalSigner(b"k" * 32)
    now = SystemClock().now()

    def test_what_was_signed_comes_back(self) -> None:
        whole = Principal("key", "key_1", "t1", "live", ("a", "b"), trust_level=2, tax_rate="0.1")
        assert self.signer.verify(self.signer.sign(whole, self.now), self.now) == whole

    @pytest.mark.parametrize("damage", [lambda t: t[:-1], lambda t: "x" + t, lambda t: t.split(".")[0], lambda t: ""])
    def test_a_forged_one_is_refused(self, damage: Any) -> None:
        with pytest.raises(PrincipalRefused):
            self.signer.verify(damage(self.signer.sign(caller(), self.now)), self.now)

    def test_another_key_is_refused(self) -> None:
        with pytest.raises(PrincipalRefused):
            PrincipalSigner(b"other").verify(self.signer.sign(caller(), self.now), self.now)

    def test_it_lapses_after_a_minute(self) -> None:
        token = self.signer.sign(caller(), self.now)
        with pytest.raises(PrincipalRefused):
            self.signer.verify(token, self.now.replace(year=self.now.year + 1))
