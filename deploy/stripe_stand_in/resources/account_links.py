"""Account links: the page on which a connected account signs up; opening it here is enough."""

from deploy.stripe_stand_in.call import Call
from deploy.stripe_stand_in.resources.accounts import connected, onboard
from deploy.stripe_stand_in.routing import Routes
from deploy.stripe_stand_in.store import StripeObject

routes = Routes()
_TYPES = ("account_onboarding", "account_update")
_LIFETIME = 300
_SHOWN = ("object", "created", "expires_at", "url")


@routes.post("/v1/account_links", accepts="account refresh_url return_url type collect collection_options")
def create(call: Call) -> StripeObject:
    params = call.params
    account = connected(call, params.required("account"))
    link = call.create(
        "link",
        "account_link",
        {
            "expires_at": call.now() + _LIFETIME,
            "_account": account["id"],
            "_type": params.choice("type", _TYPES) or params.required("type"),
            "_return_url": params.required("return_url"),
            "_refresh_url": params.required("refresh_url"),
            "_used": False,
        },
    )
    link["url"] = f"{call.world.public_url}/setup/e/{account['id']}/{link['id']}"
    call.save(link)
    return {name: link[name] for name in _SHOWN}


def opened(call: Call, id: str) -> str:
    """Complete the sign-up; gives the address to go on to, which asks for a fresh link when this one is spent."""
    link = call.load("account_link", id)
    if link["_used"] or link["expires_at"] <= call.now():
        return str(link["_refresh_url"])
    call.save({**link, "_used": True})
    onboard(call, link["_account"])
    return str(link["_return_url"])
