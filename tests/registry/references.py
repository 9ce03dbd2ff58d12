"""Which fields name a resource of which kind."""

from dataclasses import dataclass

from libs.api.operation import Operation

KIND_OF_PATH = {
    "/v1/deals": "deal",
    "/v1/customers": "customer",
    "/v1/products": "product",
    "/v1/webhooks": "webhook",
    "/v1/keys": "key",
    "/v1/queue": "job",
}
"""What `id` names, by the beginning of the path (R5)."""

NO_RESOURCE = {
    ("products.create", "family_id"),
    ("products.update", "family_id"),
    ("deals.create", "template_id"),
    ("deals.create_configured", "template_id"),
    ("deals.create_configured", "saved_config_id"),
    ("deals.sign", "signer_id"),
    ("deals.verify", "contract_id"),
    ("payments.charge_saved_method", "payment_method_id"),
    ("tenant_public_key.get", "tenant_id"),
    ("tenant_public_key.get", "key_id"),
}
"""Names of what cannot be made here yet, of anything the caller likes, of what is Stripe's, and of what is public."""


@dataclass(frozen=True)
class Ref:
    """Stands for the id of a resource of a kind."""

    kind: str


def reference_in(operation: Operation, name: str) -> Ref | None:
    """The resource that a field names: `id` by the path, `deal_id` a deal, and so on."""
    if (operation.id, name) in NO_RESOURCE:
        return None
    if name == "id":
        kinds = [kind for path, kind in KIND_OF_PATH.items() if operation.path.startswith(path)]
        return Ref(kinds[0]) if kinds else None
    return Ref(name.removesuffix("_id").removeprefix("signer_")) if name.endswith("_id") else None
