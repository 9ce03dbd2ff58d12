"""Webhook signatures against the worked examples of the contract and the reference verifier (section 4, A6)."""

import hashlib
from datetime import UTC, datetime

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from libs.clock import SystemClock
from libs.outbound.signing import sign, standard_headers, verify

SECRET = "whsec_test_3f9c1b7ea2d84c5590e6f1d2b7a8c4e3"
PREVIOUS = "whsec_test_0d5e8a6612c74f3b9b71a4c0e9f82d16"
SENT = 1773052205
BODY = (
    b'{"id":"evt_abc123","event":"deal.created","created_at":"2026-03-09T10:30:00Z","data":{"id":"deal_abc123",'
    b'"customer_id":"cust_xxxxx","status":"draft","currency":"USD","subtotal":"0.00","total":"0.00",'
    b'"created_at":"2026-03-09T10:30:00Z"}}'
)
SIGNATURE = "v1=1d26028349cf548748540627e0cd48deacca3bc34b2926b76c887add3abfff1b"
PREVIOUS_SIGNATURE = "v1=61cb5be2c067ce657e366ba0a9b7cfbe9fb96c7884f269ccce496f11cea524cf"
HEADERS = {"X-Salesbooth-Timestamp": str(SENT), "X-Salesbooth-Signature": SIGNATURE}

SECOND_BODY = (
    '{"id":"evt_pqr678","event":"negotiation.proposed","created_at":"2026-03-09T14:00:00Z","data":{"deal_id":'
    '"deal_abc123","round_number":1,"proposer":"agent","proposed_terms":{"discount_percent":15,"payment_terms":'
    '"net_30"},"message":"Volume order \u2014 requesting 15% discount","expires_at":"2026-03-16T14:00:00Z"}}'
).encode()


def at(second: float) -> datetime:
    return datetime.fromtimestamp(second, UTC)


class TestSign:
    def test_the_worked_example(self) -> None:
        assert len(BODY) == 236
        assert hashlib.sha256(BODY).hexdigest() == "d8867073133d341aba68715069cdb525e0f0d5ba527d6b2a1be6f24947ba10bd"
        assert sign(SECRET, SENT, BODY) == SIGNATURE

    def test_the_worked_example_with_the_previous_secret(self) -> None:
        assert sign(PREVIOUS, SENT, BODY) == PREVIOUS_SIGNATURE

    def test_the_example_with_a_character_outside_ascii(self) -> None:
        assert len(SECOND_BODY) == 310
        assert sign(SECRET, 1773064802, SECOND_BODY) == (
            "v1=64f449ecf49749606c1378fe41b86c1cb8a2867001c0a7cde3bc72ce216051ea"
        )


class TestVerify:
    @pytest.mark.parametrize("second", [SENT - 300, SENT, SENT + 300, SENT + 300.9])
    def test_is_accepted_up_to_300_seconds_on_both_sides(self, second: float) -> None:
        assert verify([SECRET], HEADERS, BODY, at(second))

    @pytest.mark.parametrize("second", [SENT - 301, SENT + 301])
    def test_is_refused_beyond_300_seconds_on_both_sides(self, second: float) -> None:
        assert not verify([SECRET], HEADERS, BODY, at(second))

    @pytest.mark.parametrize("body", [BODY.replace(b"draft", b"drafT"), BODY.replace(b":", b": ", 1), b""])
    def test_a_changed_body_is_refused(self, body: bytes) -> None:
        assert not verify([SECRET], HEADERS, body, at(SENT))

    @pytest.mark.parametrize(
        "signature", ["", "v1=", SIGNATURE[3:], SIGNATURE[:-1], SIGNATURE + "0", SIGNATURE.upper(), "v1=é\ud800"]
    )
    def test_a_malformed_signature_is_refused_without_an_exception(self, signature: str) -> None:
        assert not verify([SECRET], HEADERS | {"X-Salesbooth-Signature": signature}, BODY, at(SENT))

    @pytest.mark.parametrize("timestamp", ["", "soon", "1773052205.0", "-1", "١٧٧٣٠٥٢٢٠٥", "9" * 5000])
    def test_a_timestamp_that_is_no_number_is_refused(self, timestamp: str) -> None:
        assert not verify([SECRET], HEADERS | {"X-Salesbooth-Timestamp": timestamp}, BODY, at(SENT))

    def test_missing_headers_are_refused(self) -> None:
        assert not verify([SECRET], {"X-Salesbooth-Signature": SIGNATURE}, BODY, at(SENT))
        assert not verify([SECRET], {"X-Salesbooth-Timestamp": str(SENT)}, BODY, at(SENT))

    def test_header_names_count_in_any_case(self) -> None:
        assert verify([SECRET], {name.lower(): value for name, value in HEADERS.items()}, BODY, at(SENT))

    def test_a_signature_by_the_previous_secret_only_is_refused(self) -> None:
        assert not verify([SECRET], HEADERS | {"X-Salesbooth-Signature": PREVIOUS_SIGNATURE}, BODY, at(SENT))

    def test_a_receiver_that_missed_the_rotation_verifies_the_second_header(self) -> None:
        rotated = HEADERS | {"X-Salesbooth-Signature-Previous": PREVIOUS_SIGNATURE}
        assert verify([PREVIOUS], rotated, BODY, at(SENT))
        assert not verify([PREVIOUS], HEADERS, BODY, at(SENT))


class TestStandardHeaders:
    SECRET = "whsec_" + hashlib.sha256(b"a secret of 32 bytes in hex, as W19 has it").hexdigest()

    def headers(self, body: bytes) -> dict[str, str]:
        return standard_headers(self.SECRET, "evt_abc123", int(SystemClock().now().timestamp()), body)

    def test_the_reference_verifier_accepts_a_hexadecimal_secret(self) -> None:
        event = Webhook(self.SECRET).verify(SECOND_BODY, self.headers(SECOND_BODY))
        assert event["id"] == "evt_pqr678"

    def test_the_reference_verifier_refuses_another_body(self) -> None:
        with pytest.raises(WebhookVerificationError):
            Webhook(self.SECRET).verify(BODY, self.headers(SECOND_BODY))

    def test_the_example_of_the_reference_implementation(self) -> None:
        assert standard_headers(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1614265330,
            b'{"test": 2432232314}',
        ) == {
            "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "webhook-timestamp": "1614265330",
            "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        }

    def test_a_secret_that_is_not_base64_is_an_error(self) -> None:
        with pytest.raises(ValueError, match="base64"):
            standard_headers(SECRET, "evt_abc123", SENT, BODY)
