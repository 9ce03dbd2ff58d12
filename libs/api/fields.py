"""Types of input fields: each checks, normalises and describes itself (RULES R117-R130, R188-R197)."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from libs.money.amounts import MAX_AMOUNT
from libs.money.currencies import currency_exists
from libs.money.errors import NotANumber
from libs.money.json_numbers import parse_decimal
from libs.money.tax import TaxRateOutOfRange, normalise_tax_rate

MAX_METADATA_DEPTH = 3
MAX_DECIMALS = 6
MAX_DIGITS = 15
MAX_INTEGER = 2**31 - 1
MAX_LONG = 2**63 - 1
FIRST_MOMENT, LAST_MOMENT = datetime(1000, 1, 1, tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


class Input(BaseModel):
    """A request body: undocumented fields are dropped (R117), JSON types are not converted (A42)."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)
    ENVELOPE: ClassVar[bool] = False

    def sent(self) -> dict[str, Any]:
        """The fields that the caller sent, for a PATCH (R121)."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class Output(BaseModel):
    """What an operation answers. Built by our own code, so nothing is validated twice."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=False)


class Params(BaseModel):
    """Query parameters: text that is converted."""

    model_config = ConfigDict(extra="ignore", frozen=True)


def _decimal(value: Any) -> Decimal:
    try:
        number = parse_decimal(value)
    except NotANumber:
        raise PydanticCustomError("decimal_type", "Input should be a number or a decimal string") from None
    if abs(number) >= MAX_AMOUNT or int(number.as_tuple().exponent) < -MAX_DECIMALS:
        raise PydanticCustomError("less_than_equal", "Input should be below 10^12 with at most 6 decimals")
    if len(number.normalize().as_tuple().digits) > MAX_DIGITS:
        raise PydanticCustomError(
            "less_than_equal", "Input should have at most 15 digits, as many as JSON numbers carry"
        )
    return number


def _whole(value: Any) -> int:
    if isinstance(value, Decimal) and value == value.to_integral_value():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise PydanticCustomError("int_type", "Input should be a whole number")
    if abs(value) > MAX_INTEGER:
        raise PydanticCustomError("less_than_equal", f"Input should be between -{MAX_INTEGER} and {MAX_INTEGER}")
    return value


def parse_moment(value: Any) -> datetime:
    """ISO 8601 with Z or an offset, a plain date, or `Y-m-d H:i:s` taken as UTC (R193).

    The very first and the very last moment of the calendar mean infinity to the database driver, and years of less than
    four digits are no ISO 8601 when they are written back.
    """
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if not isinstance(value, str):
        raise PydanticCustomError("datetime_type", "Input should be an ISO 8601 date or date-time")
    try:
        moment = datetime.fromisoformat(value.strip().replace("Z", "+00:00"))
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise PydanticCustomError("datetime_type", "Input should be an ISO 8601 date or date-time") from None
    if not FIRST_MOMENT <= moment < LAST_MOMENT:
        raise PydanticCustomError("less_than_equal", "Input should be in the years 1000 to 9999")
    return moment


def _day(value: Any) -> date:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise PydanticCustomError("date_type", "Input should be a date, YYYY-MM-DD") from None


def _currency(value: Any) -> str:
    if not isinstance(value, str):
        raise PydanticCustomError("string_type", "Input should be an ISO 4217 currency code")
    code = value.upper()
    if not currency_exists(code):
        raise PydanticCustomError("unknown_value", "Input should be an ISO 4217 currency code")
    return code


def _tax_rate(value: Any) -> Decimal:
    try:
        return normalise_tax_rate(_decimal(value))
    except TaxRateOutOfRange as error:
        raise PydanticCustomError("less_than_equal", "Input should be a rate from 0 to 100") from error


def depth_of(value: Any) -> int:
    """How many objects and lists are nested in each other; an empty or flat object has depth 1."""
    if isinstance(value, dict):
        return 1 + max((depth_of(inner) for inner in value.values()), default=0)
    return 1 + max((depth_of(inner) for inner in value), default=0) if isinstance(value, list) else 0


def _metadata(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise PydanticCustomError("dict_type", "Input should be an object")
    if depth_of(value) > MAX_METADATA_DEPTH:
        raise PydanticCustomError("too_deep", "Input should be nested at most 3 levels deep")
    return {name: _plain(inner) for name, inner in value.items()}


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise PydanticCustomError("dict_type", "Input should be an object")
    return {name: _plain(inner) for name, inner in value.items()}


def _plain(value: Any) -> Any:
    """JSON values that any encoder keeps: a Decimal that came as a number becomes an int or a float again."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() and abs(value) < MAX_AMOUNT else float(value)
    if isinstance(value, int) and abs(value) > MAX_LONG:
        raise PydanticCustomError("less_than_equal", "Whole numbers should have at most 64 bits")
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


def _flag(value: Any) -> bool:
    text = str(value).lower()
    if text not in ("1", "0", "true", "false", ""):
        raise PydanticCustomError("bool_type", "Input should be 1, 0, true or false")
    return text in ("1", "true", "")


def _email(value: str) -> str:
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415 - slow to import, few services need it

    try:
        return validate_email(value, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError:
        raise PydanticCustomError("email", "Input should be an email address") from None


def _url(value: str) -> str:
    scheme, _, rest = value.partition("://")
    if scheme.lower() not in ("http", "https") or not rest or any(c.isspace() or ord(c) < 32 for c in value):
        raise PydanticCustomError("url", "Input should be an http or https URL")
    return value


def described(type_: str, **more: Any) -> WithJsonSchema:
    """The JSON Schema of a field whose checks pydantic cannot see."""
    return WithJsonSchema({"type": type_, **more})


DECIMAL_SCHEMA: dict[str, Any] = {"anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^-?\d+(\.\d+)?$"}]}

Text = Annotated[str, StringConstraints(max_length=10_000)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=255)]
Label = Annotated[str, StringConstraints(max_length=255)]
LongText = Annotated[str, StringConstraints(max_length=10_000)]
Id = Annotated[str, StringConstraints(min_length=1, max_length=128)]
Whole = Annotated[int, BeforeValidator(_whole)]
Number = Annotated[Decimal, BeforeValidator(_decimal), WithJsonSchema(DECIMAL_SCHEMA)]
NotNegative = Annotated[
    Decimal, BeforeValidator(_decimal), Field(ge=0), WithJsonSchema(DECIMAL_SCHEMA | {"minimum": 0})
]
TaxRate = Annotated[
    Decimal, BeforeValidator(_tax_rate), WithJsonSchema(DECIMAL_SCHEMA | {"minimum": 0, "maximum": 100})
]
Moment = Annotated[datetime, BeforeValidator(parse_moment), described("string", format="date-time")]
Day = Annotated[date, BeforeValidator(_day), described("string", format="date")]
Currency = Annotated[str, BeforeValidator(_currency), described("string", pattern="^[A-Za-z]{3}$", format="currency")]
Metadata = Annotated[dict[str, Any], BeforeValidator(_metadata), described("object")]
Object = Annotated[dict[str, Any], BeforeValidator(_object), described("object")]
Flag = Annotated[bool, BeforeValidator(_flag), described("boolean")]
Email = Annotated[str, StringConstraints(max_length=320), AfterValidator(_email), described("string", format="email")]
Url = Annotated[str, StringConstraints(max_length=2048), AfterValidator(_url), described("string", format="uri")]
