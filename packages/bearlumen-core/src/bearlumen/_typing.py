"""What is called of `typing` while the package is imported, without loading `typing`.

Loading it takes a third of what a whole import of ours may take, and type checkers do not run
this. A module that is loaded with the package has its other imports from there under
`if TYPE_CHECKING:`; one that is loaded later imports `typing` as everybody does.
"""

# ruff: noqa: ANN001, ANN003, ANN202  # type checkers do not read these definitions

TYPE_CHECKING = False
"""What `typing.TYPE_CHECKING` is: type checkers go by the name."""

if TYPE_CHECKING:
    from typing import dataclass_transform, overload
else:

    def overload(function):
        """The same function; the last definition of its name is the one that is called."""
        return function

    def dataclass_transform(**_settings):
        """A decorator that gives back the same class."""
        return lambda kind: kind


__all__ = ["TYPE_CHECKING", "dataclass_transform", "overload"]
