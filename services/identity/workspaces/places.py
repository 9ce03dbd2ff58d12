"""Countries: which exist, what is paid with there, and in which region their data is kept."""

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, StringConstraints
from pydantic_core import PydanticCustomError

from libs.api.fields import described
from libs.money.currencies import currency_exists

DEFAULT_CURRENCY = "USD"
EUROPE = frozenset(
    """
    AD AL AT AX BA BE BG BY CH CY CZ DE DK EE ES FI FO FR GB GG GI GR HR HU IE IM IS IT JE LI LT LU LV MC MD ME MK MT
    NL NO PL PT RO RS RU SE SI SJ SK SM UA VA XK
    """.split()
)
# Reserved and former codes for which currencies are known all the same.
NO_COUNTRY = frozenset("AC BU CP CS DD DG EA EU IC SU TA TP YD YU ZR ZZ".split())
OCEANIA = frozenset("AS AU CC CK CX FJ FM GU KI MH MP NC NF NR NU NZ PF PG PN PW SB TK TO TV UM VU WF WS".split())


def _country(value: str) -> str:
    from babel.core import get_global  # noqa: PLC0415 - slow to import, and needed by few calls

    code = value.upper()
    if code in NO_COUNTRY or code not in get_global("territory_currencies"):
        raise PydanticCustomError("unknown_value", "Input should be an ISO 3166 two-letter country code")
    return code


Country = Annotated[
    str, StringConstraints(max_length=2), AfterValidator(_country), described("string", pattern="^[A-Za-z]{2}$")
]


def region_of(country: str) -> str:
    """The region of a country where none is chosen: `eu` in Europe, `au` in Oceania, else `us` (choice)."""
    if country in EUROPE:
        return "eu"
    return "au" if country in OCEANIA else "us"


def currency_of(country: str, on: date) -> str:
    """The currency that a country's prices are in on a day; US dollars where it has none that can be paid in."""
    from babel.numbers import get_territory_currencies  # noqa: PLC0415 - slow to import, and needed by few calls

    found = [code for code in get_territory_currencies(country, on, on) if currency_exists(code)]
    return found[0] if found else DEFAULT_CURRENCY
