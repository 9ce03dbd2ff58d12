"""Decisions about users."""

from libs.errors.types import Conflict


class DuplicateEmail(Conflict):
    """The email already has an account; its owner logs in and creates a workspace instead."""

    code = "conflict.duplicate_email"
    message = "This email already has an account. Log in to create another workspace."
