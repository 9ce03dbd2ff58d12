"""Decisions about customers."""

import phonenumbers
from phonenumbers import PhoneNumberFormat, ValidationResult

from libs.errors.types import Conflict, InvalidFields

COUNTRY_OF_REGION = {"au": "AU", "us": "US"}
"""Where a number without a country is dialled; the European region spans many countries and so names none."""

SHOWN_BY_DEFAULT = ("deals", "activity_log")


class DuplicateEmail(Conflict):
    """Another customer of the workspace has the email."""

    code = "conflict.duplicate_email"
    message = "Another customer has this email."


def e164(number: str, country: str | None) -> str | None:
    """The number in E.164 form, read as dialled in `country` unless it begins with `+`; None where it is no number.

    A number counts when its length fits its country's plan: ranges that are set aside for fiction pass.
    """
    try:
        parsed = phonenumbers.parse(number, country)
    except phonenumbers.NumberParseException:
        return None
    if phonenumbers.is_possible_number_with_reason(parsed) != ValidationResult.IS_POSSIBLE:
        return None
    return phonenumbers.format_number(parsed, PhoneNumberFormat.E164)


def dialled_in(country: str | None, region: str) -> str | None:
    """The country whose numbering applies: the customer's own, else the workspace region's (R130)."""
    code = (country or "").strip().upper()
    return code if code in phonenumbers.SUPPORTED_REGIONS else COUNTRY_OF_REGION.get(region)


def normal_phone(number: str | None, country: str | None, region: str) -> str | None:
    """A customer's number as it is kept (R130); InvalidFields where it is no number."""
    if number is None:
        return None
    phone = e164(number, dialled_in(country, region))
    if phone is None:
        raise InvalidFields.of("phone", "Input should be a phone number, such as +61412345678")
    return phone
