"""The form of a command."""

import re
from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class Command(BaseModel):
    """An order of a saga to the service named by `target`; its fields come from the saga's data."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    target: ClassVar[str]

    @classmethod
    def command_name(cls) -> str:
        """`target.snake_case_name`, the message's name."""
        return f"{cls.target}.{re.sub(r'(?<!^)(?=[A-Z])', '_', cls.__name__).lower()}"
