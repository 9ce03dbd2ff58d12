"""Connect: accounts of others that act through the platform, and the links by which they sign up."""

from typing import Any

from deploy.stripe_stand_in.call import PLATFORM, Call
from deploy.stripe_stand_in.errors import MissingResource, StripeError
from deploy.stripe_stand_in.lists import page_of
from deploy.stripe_stand_in.routing import Routes
from deploy.stripe_stand_in.store import StripeObject

routes = Routes()
_TYPES = ("standard", "express", "custom")
_FIELDS = """business_profile business_type capabilities company default_currency email external_account individual
    metadata settings tos_acceptance"""
_COPIED = ("business_profile", "company", "individual", "settings")
_TO_DO = ["business_profile.url", "business_type", "external_account", "tos_acceptance.date"]
APPLICATION = {"id": "ca_standin", "object": "application", "name": "Salesbooth"}


class OAuthRefused(StripeError):
    """A refusal of Stripe's OAuth endpoints, which have an error body of their own."""

    status = 401

    def body(self) -> dict[str, Any]:
        return {"error": self.code, "error_description": self.message}


@routes.post("/v1/accounts", accepts=f"{_FIELDS} type country controller")
def create(call: Call) -> StripeObject:
    params = call.params
    account = call.create(
        "acct",
        "account",
        {
            "business_profile": {},
            "business_type": None,
            "capabilities": {},
            "charges_enabled": False,
            "company": {},
            "controller": params.section("controller").values,
            "country": params.text("country") or "US",
            "default_currency": params.text("default_currency") or "usd",
            "details_submitted": False,
            "email": None,
            "individual": {},
            "metadata": {},
            "payouts_enabled": False,
            "requirements": {
                "currently_due": _TO_DO,
                "disabled_reason": "requirements.past_due",
                "eventually_due": _TO_DO,
                "past_due": _TO_DO,
                "pending_verification": [],
            },
            "settings": {},
            "type": params.choice("type", _TYPES) or "standard",
            "_listed": True,
        },
    )
    return call.save(_with_params(call, account))


def _with_params(call: Call, account: StripeObject) -> StripeObject:
    params = call.params
    account |= {name: params.text(name) for name in ("email", "business_type") if name in params}
    account |= {name: {**account[name], **params.section(name).values} for name in _COPIED}
    account["metadata"] = params.metadata(account["metadata"])
    state = "active" if account["charges_enabled"] else "inactive"
    capabilities = params.section("capabilities")
    account["capabilities"] |= {
        name: state for name in capabilities.values if capabilities.section(name).flag("requested")
    }
    return account


def connected(call: Call, id: str, param: str = "account") -> StripeObject:
    """A connected account of the platform that still is one."""
    account = call.platform.load("account", id, param)
    if account.get("deleted"):
        raise MissingResource("account", id, param)
    return account


def onboard(call: Call, id: str) -> StripeObject:
    """Everything that Stripe asks of a new account is given; it may charge and be paid from now on."""
    account = connected(call, id)
    previous = {name: account[name] for name in ("charges_enabled", "details_submitted", "payouts_enabled")}
    account |= {"charges_enabled": True, "details_submitted": True, "payouts_enabled": True}
    account["capabilities"] = dict.fromkeys([*account["capabilities"], "card_payments", "transfers"], "active")
    account["requirements"] |= {"currently_due": [], "disabled_reason": None, "eventually_due": [], "past_due": []}
    call.platform.save(account)
    call.acting_for(id).announce("account.updated", account, previous)
    return account


def deauthorize(call: Call, id: str) -> None:
    """The platform may no longer act for the account; its objects stay but nobody reaches them."""
    connected(call, id)
    call.platform.save({"id": id, "object": "account", "deleted": True, "_listed": False})
    call.acting_for(id).announce("account.application.deauthorized", APPLICATION)


@routes.get("/v1/account")
def retrieve_current(call: Call) -> StripeObject:
    return retrieve(call, call.realm.account)


@routes.get("/v1/accounts/{id}")
def retrieve(call: Call, id: str) -> StripeObject:
    if id != PLATFORM:
        return connected(call, id)
    enabled = {"charges_enabled": True, "details_submitted": True, "payouts_enabled": True}
    return {
        "id": PLATFORM,
        "object": "account",
        "type": "standard",
        "country": "US",
        "default_currency": "usd",
        **enabled,
    }


@routes.post("/v1/accounts/{id}", accepts=_FIELDS)
def update(call: Call, id: str) -> StripeObject:
    account = _with_params(call, connected(call, id))
    call.platform.save(account)
    call.acting_for(id).announce("account.updated", account)
    return account


@routes.delete("/v1/accounts/{id}")
def delete(call: Call, id: str) -> StripeObject:
    deauthorize(call, id)
    return {"id": id, "object": "account", "deleted": True}


@routes.page("/v1/accounts")
def list_all(call: Call) -> StripeObject:
    return page_of(call.platform, "account", "/v1/accounts", {"_listed": True})


@routes.post("/oauth/deauthorize", accepts="client_id stripe_user_id client_secret")
def deauthorize_by_oauth(call: Call) -> StripeObject:
    id = call.params.required("stripe_user_id")
    try:
        deauthorize(call, id)
    except MissingResource as missing:
        message = f"This application is not connected to stripe account {id}, or that account does not exist."
        raise OAuthRefused(message, code="invalid_client") from missing
    return {"stripe_user_id": id}
