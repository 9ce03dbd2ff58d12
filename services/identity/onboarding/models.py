"""What is said at onboarding."""

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationInfo
from pydantic_core import PydanticCustomError

from libs.api.fields import Email, Input, Label, LongText, Name, NotNegative, Number, Output, Url
from services.identity.users.models import Password, UserView
from services.identity.workspaces.models import Region, WorkspaceRow, WorkspaceView
from services.identity.workspaces.places import Country


def _for_humans(value: Any, info: ValidationInfo) -> Any:
    if not value and info.data.get("account_type") == "human":
        raise PydanticCustomError("missing", "Field required for a human account")
    return value


ForHumans = AfterValidator(_for_humans)


def _ordered(high: Decimal | None, info: ValidationInfo) -> Decimal | None:
    low = info.data.get("price_min")
    if high is not None and low is not None and high < low:
        raise PydanticCustomError("greater_than_equal", "Input should be at least price_min")
    return high


class OfferedService(Input):
    """A service that the business sells; it becomes a product whose price is `price_min`."""

    name: Name
    description: LongText | None = None
    price_min: NotNegative = Decimal(0)
    price_max: Annotated[NotNegative | None, AfterValidator(_ordered)] = None

    def for_catalogue(self) -> dict[str, Any]:
        """What the catalogue is told; amounts are decimal strings."""
        return {
            "name": self.name,
            "description": self.description,
            "price_min": str(self.price_min),
            "price_max": None if self.price_max is None else str(self.price_max),
        }


class Onboarding(Input):
    """The body of `onboarding.complete`. The account type stands first, since other fields depend on it."""

    account_type: Literal["human", "agent"] = Field("human", description="agent skips the business fields")
    first_name: Name
    last_name: Name
    email: Email
    password: Password = Field(repr=False)
    business_name: Annotated[Label | None, ForHumans] = Field(None, validate_default=True)
    industry: Annotated[Label | None, ForHumans] = Field(None, validate_default=True)
    services: Annotated[list[OfferedService] | None, Field(max_length=100), ForHumans] = Field(
        None, validate_default=True
    )
    deposit_percentage: Annotated[Number, Field(ge=0, le=100)] | None = None
    phone: Label | None = None
    website: Url | None = None
    country: Country = "US"
    region: Region | None = Field(None, description="where the data is kept; derived from the country where left out")


class Onboarded(Output):
    """`data` after onboarding: the new session, as `auth.status` shows it, and what was made."""

    authenticated: Literal[True] = True
    user: UserView
    workspace: WorkspaceView
    workspaces: list[WorkspaceRow]
    product_ids: list[str]
