"""A copy of a client that shares its connections and outlives nothing of it."""

from __future__ import annotations

from typing import Any, Final

ORIGINAL: Final = "__bearlumen__"
"""The attribute of a copy that keeps what it is a copy of."""


def copy_of(client: Any, **members: Any) -> Any:
    """A client with the same attributes, of a subclass of the same name that ends nothing.

    What a client closes when it is garbage-collected, the original closes: the copy keeps it alive
    and closes nothing itself.

    Args:
        client: What is copied. It is not changed.
        **members: Of the copy's class, beside those it has.
    """
    kind: Any = type(client)  # pyright: ignore[reportUnknownVariableType]
    if hasattr(kind, "__del__"):
        members["__del__"] = _keep
    if members:
        members = {"__module__": kind.__module__, "__qualname__": kind.__qualname__, **members}
        kind = type(kind.__name__, (kind,), members)
    copy = object.__new__(kind)
    # By hand: `copy.copy` asks the copy, still empty, for attributes that it works out of others.
    copy.__dict__.update(client.__dict__)
    copy.__dict__[ORIGINAL] = client
    return copy


def is_of(client: Any, module: str, *names: str) -> bool:
    """Whether a class of one of these names, of a package, is among those of the client."""
    return any(
        kind.__name__ in names and kind.__module__.split(".")[0].startswith(module)
        for kind in type(client).__mro__
    )


def _keep(_copy: object) -> None:
    """Nothing: what it has is the original's."""
