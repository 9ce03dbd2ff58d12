"""The currencies of ISO 4217 and their minor units (pricing semantics, section 1)."""

from libs.money.errors import UnknownCurrency

_NO_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND"

# Metals, testing codes and units of account (XAU, XTS, XDR, CLF, ...) are left out: nobody pays in them.
# ANG and BGN were replaced in 2025 and 2026; amounts in them still have to be read.
_ISO_4217 = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP
CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR
ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT
MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD
SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES
VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
"""

CURRENCIES = frozenset(_ISO_4217.split())
_MINOR_UNITS = dict.fromkeys(_NO_DECIMALS.split(), 0) | dict.fromkeys(_THREE_DECIMALS.split(), 3)


def currency_exists(code: str) -> bool:
    """Whether the upper-case code names a currency of ISO 4217 that payments are made in (RULES R125)."""
    return code in CURRENCIES


def minor_units(code: str) -> int:
    """How many decimals an amount of the currency has; raises UnknownCurrency."""
    if code not in CURRENCIES:
        raise UnknownCurrency(f"{code!r} is no ISO 4217 currency")
    return _MINOR_UNITS.get(code, 2)
