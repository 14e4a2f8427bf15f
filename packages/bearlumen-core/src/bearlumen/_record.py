"""What a dataclass is for a type checker, and next to nothing for the interpreter.

`dataclasses` writes out and compiles five methods for each class, half a millisecond each: those of
the providers alone would take longer than the first `track` may.
"""

from __future__ import annotations

from ._typing import dataclass_transform

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Self


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Record:
    """Data with names: the keywords it is made with, and its class's attributes as defaults.

    It is not changed once it is made; type checkers see to that.
    """

    def __init__(self, **fields: Any) -> None:
        self.__dict__.update(fields)

    def changed(self, **fields: Any) -> Self:
        """Another with some of its fields changed."""
        return type(self)(**{**self.__dict__, **fields})

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in self.__dict__.items())
        return f"{type(self).__name__}({fields})"
