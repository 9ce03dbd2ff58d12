"""Amounts and currencies as Stripe takes them: whole numbers of minor units, lower-case codes."""

from deploy.stripe_stand_in.errors import InvalidParam
from deploy.stripe_stand_in.params import Params

_CURRENCIES = frozenset(
    """aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bhd bif bmd bnd bob brl bsd bwp byn bzd cad cdf chf clp
    cny cop crc cve czk djf dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gnf gtq gyd hkd hnl htg huf idr ils inr isk
    jmd jod jpy kes kgs khr kmf krw kwd kyd kzt lak lbp lkr lrd lsl mad mdl mga mkd mmk mnt mop mur mvr mwk mxn myr mzn
    nad ngn nio nok npr nzd omr pab pen pgk php pkr pln pyg qar ron rsd rub rwf sar sbd scr sek sgd shp sle sos srd std
    szl thb tjs tnd top try ttd twd tzs uah ugx usd uyu uzs vnd vuv wst xaf xcd xof xpf yer zar zmw""".split()
)
_LARGEST = 99_999_999
_SMALLEST = {
    "usd": 50, "aed": 200, "aud": 50, "bgn": 100, "brl": 50, "cad": 50, "chf": 50, "czk": 1500, "dkk": 250, "eur": 50,
    "gbp": 30, "hkd": 400, "huf": 17500, "inr": 50, "jpy": 50, "mxn": 1000, "myr": 200, "nok": 300, "nzd": 50,
    "pln": 200, "ron": 200, "sek": 300, "sgd": 50, "thb": 1000,
}  # fmt: skip


def currency_of(params: Params) -> str:
    """The required `currency`, in lower case."""
    currency = params.required("currency").lower()
    if currency not in _CURRENCIES:
        raise InvalidParam(f"Invalid currency: {currency}.", param=params.name_of("currency"))
    return currency


def check_charge(amount: int, currency: str, param: str = "amount") -> None:
    """Raise InvalidParam when Stripe would not charge so little or so much at once."""
    smallest = _SMALLEST.get(currency, 1)
    if amount < smallest:
        message = f"Amount must be at least {smallest} in the minor unit of {currency}"
        raise InvalidParam(message, code="amount_too_small", param=param)
    if amount > _LARGEST:
        message = f"Amount must be no more than {_LARGEST} in the minor unit of {currency}"
        raise InvalidParam(message, code="amount_too_large", param=param)
