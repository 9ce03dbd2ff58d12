"""Log lines carry neither secrets nor personal data."""

import pytest

from libs.telemetry.logs import configure, logger, redact


@pytest.mark.parametrize(
    "secret", ["sb_live_us_abc123", "sb_test_abc", "sb_pub_eu_x1", "whsec_00ff", "sk_test_123", "sk_live_abc"]
)
def test_secrets_inside_texts_are_blanked(secret: str) -> None:
    event = redact(None, "info", {"event": f"called with {secret} twice {secret}"})
    assert secret.rsplit("_", 1)[-1] not in event["event"]
    assert "[redacted]" in event["event"]


@pytest.mark.parametrize("name", ["password", "email", "phone", "name", "authorization", "cookie"])
def test_personal_values_are_blanked_by_their_name(name: str) -> None:
    assert redact(None, "info", {"event": "x", name: "Jane"}) == {"event": "x", name: "[redacted]"}


def test_other_values_stay() -> None:
    assert redact(None, "info", {"event": "delivered", "attempt": 2}) == {"event": "delivered", "attempt": 2}


def test_an_exception_is_named_and_placed_but_not_quoted(capsys: pytest.CaptureFixture[str]) -> None:
    configure()
    try:
        raise ValueError("jane@example.com")
    except ValueError:
        logger("tests").exception("it_failed")
    line = capsys.readouterr().err
    assert "ValueError" in line
    assert "test_logs.py" in line
    assert "jane@example.com" not in line
