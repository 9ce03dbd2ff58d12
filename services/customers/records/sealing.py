"""Personal data as the database holds it: one ciphertext a customer, and blind tokens to find it by (R148, R164)."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import orjson

from libs.data.matching import contains
from libs.vault.cipher import TenantCipher
from libs.vault.words import normalise, words
from services.customers.records.models import Personal
from services.customers.records.rules import e164

EMAIL, SEARCH = "customers.email", "customers.search"


@dataclass(frozen=True, slots=True)
class Search:
    """A search as blind tokens: rows hold all of `words`, or any of `exact`, or a company that is like `company`."""

    words: Sequence[bytes] | None
    exact: Sequence[bytes]
    company: str | None


def place(environment: str, customer_id: str) -> str:
    """What a customer's ciphertext is bound to: copied into another row it does not open."""
    return f"customers.personal/{environment}/{customer_id}"


def seal(cipher: TenantCipher, field: str, personal: Personal) -> bytes:
    """The ciphertext of personal data."""
    return cipher.encrypt(field, orjson.dumps(asdict(personal)).decode())


def unseal(cipher: TenantCipher, field: str, blob: bytes) -> Personal:
    """Personal data again, under whichever key it was encrypted (R166)."""
    return Personal(**orjson.loads(cipher.decrypt(field, blob)))


def email_index(cipher: TenantCipher, email: str) -> bytes:
    """By which an email is unique, in whatever case it is written (R131)."""
    return cipher.blind_index(EMAIL, normalise(email))


def tokens(cipher: TenantCipher, personal: Personal) -> list[bytes]:
    """Everything a customer is found by: the words of the name, the email and its halves, the phone number."""
    email = normalise(personal.email)
    terms = [email, *email.rpartition("@")[::2], *filter(None, [personal.phone])]
    found = [*cipher.blind_tokens(SEARCH, personal.name), *(cipher.blind_index(SEARCH, term) for term in terms)]
    return list(dict.fromkeys(found))


def search_for(cipher: TenantCipher, text: str | None, country: str | None) -> Search | None:
    """A search text as tokens; None for an empty one. A phone number is read as dialled in `country`."""
    whole = normalise(text or "")
    if not whole:
        return None
    phones = filter(None, [e164(whole, country), e164(f"+{whole}", None)])
    exact = dict.fromkeys([whole, *phones])
    return Search(
        words=[cipher.blind_index(SEARCH, word) for word in words(whole)] or None,
        exact=[cipher.blind_index(SEARCH, term) for term in exact],
        company=contains(" ".join((text or "").split())),
    )
