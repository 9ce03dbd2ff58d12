"""What sagas ask of the customers service."""

from typing import ClassVar

from libs.commands.command import Command


class ConfirmCustomer(Command):
    """Make a provisional customer visible, now that the deal it was made for exists."""

    target: ClassVar[str] = "customers"
    customer_id: str
