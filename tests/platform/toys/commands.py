"""Commands between the two test services."""

from typing import ClassVar

from libs.commands.command import Command


class Reserve(Command):
    """Reserve something; how it goes is told by the item's name."""

    target: ClassVar[str] = "depot"
    item: str


class Release(Command):
    """Take a reservation back."""

    target: ClassVar[str] = "depot"
    item: str


class Confirm(Command):
    """The point of no return."""

    target: ClassVar[str] = "shop"
    item: str


class Ship(Command):
    """Follows the point of no return."""

    target: ClassVar[str] = "depot"
    item: str
