"""The configuration of a process, from the environment."""

from datetime import timedelta
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Each setting is the environment variable of its upper-case name."""

    model_config = SettingsConfigDict(env_prefix="", extra="ignore")

    database_url: str = Field("", description="PostgreSQL; empty: the embedded server")
    amqp_url: str = Field("", description="RabbitMQ; empty: the in-process bus")
    redis_url: str = Field("", description="Redis; empty: an in-process stand-in")
    stripe_api_key: SecretStr = Field(SecretStr(""), description="Stripe secret key; empty: the stand-in")
    stripe_live_api_key: SecretStr = Field(SecretStr(""), description="Stripe secret key of the live environment")
    stripe_webhook_secret: SecretStr = Field(SecretStr(""), description="signs Stripe's callbacks")
    stripe_base: str = Field("", description="Stripe's address; empty: Stripe itself, or the stand-in when embedded")
    public_url: str = Field("http://127.0.0.1:8080", description="address under which clients reach the gateway")
    dashboard_origins: tuple[str, ...] = Field((), description="origins whose pages may send cookies")
    installation_region: Literal["au", "eu", "us"] = Field("us", description="region of keys that name none (R59)")
    salesbooth_mode: Literal["embedded", "distributed"] = "embedded"
    trace_sampling: float = Field(0.0, ge=0, le=1, description="share of traces that are recorded")
    otlp_endpoint: str = Field("", description="where traces are sent; empty: nowhere")
    outbound_exempt: tuple[str, ...] = Field((), description="CIDRs that webhooks may reach all the same (A10)")
    webhook_retry_seconds: tuple[float, ...] = Field((60.0, 300.0), description="waits after failed attempts (W23)")
    webhook_timeout_seconds: float = Field(10.0, description="time limit of one attempt (W21)")
    signature_timeout_days: float = Field(14.0, description="timer T2: how long requested signatures may take")
    saga_retry_seconds: tuple[float, ...] = Field((1.0, 4.0, 16.0), description="waits after failed saga steps (SM8)")
    saga_step_timeout_seconds: float = Field(30.0, description="when an unanswered saga step is asked again")
    saga_hold_minutes: float = Field(15.0, description="when what a vanished saga holds elsewhere lapses (SM11)")
    timer_seconds: float = Field(1.0, description="how often due timers are looked for")
    payment_check_seconds: float = Field(60.0, description="when an order to Stripe without an answer is looked into")
    key_rotation_days: float = Field(90.0, description="age at which tenant data keys rotate (R166)")

    @property
    def timer_interval(self) -> timedelta:
        return timedelta(seconds=self.timer_seconds)

    @property
    def signature_timeout(self) -> timedelta:
        return timedelta(days=self.signature_timeout_days)

    @property
    def payment_check_wait(self) -> timedelta:
        return timedelta(seconds=self.payment_check_seconds)

    @property
    def saga_step_timeout(self) -> timedelta:
        return timedelta(seconds=self.saga_step_timeout_seconds)
