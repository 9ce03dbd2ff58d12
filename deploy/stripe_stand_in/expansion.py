"""`expand[]`: ids replaced by the objects they stand for."""

from deploy.stripe_stand_in.call import Call, shown
from deploy.stripe_stand_in.errors import InvalidParam
from deploy.stripe_stand_in.store import StripeObject

_MAX_DEPTH = 4


def rendered(call: Call, value: StripeObject) -> StripeObject:
    """The answer as the caller sees it: without our own fields and with what `expand[]` asks for."""
    answer = shown(value)
    if answer.get("object") == "list":
        answer["data"] = [shown(item) for item in answer["data"]]
    for path in call.params.texts("expand"):
        names = path.split(".")
        if len(names) > _MAX_DEPTH:
            raise InvalidParam(f"You cannot expand more than {_MAX_DEPTH} levels of a property", param="expand")
        _expand(call, answer, names, path)
    return answer


def _expand(call: Call, value: StripeObject, names: list[str], path: str) -> None:
    name, rest = names[0], names[1:]
    if name not in value:
        raise InvalidParam(f"This property cannot be expanded ({path}).", param="expand")
    if isinstance(value[name], str):
        found = call.world.store.find(call.realm, value[name])
        if found is None:
            raise InvalidParam(f"This property cannot be expanded ({path}).", param="expand")
        value[name] = shown(found)
    inner = value[name] if isinstance(value[name], list) else [value[name]]
    for item in inner:
        if rest and item is not None:
            _expand(call, item, rest, path)
