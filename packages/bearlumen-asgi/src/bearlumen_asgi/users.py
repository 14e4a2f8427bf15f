"""Whom a request is for."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping

    Scope = MutableMapping[str, Any]

HELD: Final = "bearlumen"
"""The key of the ASGI scope under which a request's holder is."""
_ATTRIBUTES: Final = ("identity", "id", "pk")
"""Where frameworks keep a user's id: never the e-mail address or the name."""


class Held:
    """What was said of a request, in whichever task or thread; copies of its scope share it."""

    __slots__ = ("end_user", "is_said")

    def __init__(self) -> None:
        self.end_user: Any = None
        self.is_said = False


def set_end_user(connection: Any, end_user: Any) -> None:
    """Say whom the request is for, once it is known: in a dependency, a guard, an endpoint.

    What is tracked from then on is for that end user, wherever it is tracked. Without the
    middleware it says nothing.

    Args:
        connection: The framework's request or websocket, or the ASGI scope.
        end_user: Your customer's id, or None for nobody.
    """
    scope: Any = getattr(connection, "scope", connection)
    held = scope.get(HELD)
    if isinstance(held, Held):
        held.end_user, held.is_said = end_user, True


def end_user_of(scope: Scope) -> Any:
    """Whom a request is for where the middleware was not told how to know.

    What `set_end_user` said, or else the id of the user that an authentication middleware put into
    the scope; None for one that is not authenticated.

    Args:
        scope: The request's, of ASGI.
    """
    held = scope.get(HELD)
    if isinstance(held, Held) and held.is_said:
        return held.end_user
    user = scope.get("user")
    if user is None or not getattr(user, "is_authenticated", True):
        return None
    for name in _ATTRIBUTES:
        try:
            found = getattr(user, name, None)
        except NotImplementedError:  # Starlette's users that have no `identity`
            continue
        if isinstance(found, str | int) or hasattr(found, "hex"):
            return found
    return None


def tracked_user(dependency: Callable[..., Any], key: Callable[[Any], Any] | str = "id") -> Any:
    """A FastAPI dependency like yours, whose user what is tracked is for.

        User = Annotated[Account, Depends(tracked_user(current_account))]

    Args:
        dependency: What authenticates the request; its result is passed on.
        key: The attribute of the result that is your customer's id, or a function of it.
    """
    from fastapi import Depends
    from starlette.requests import HTTPConnection

    def id_of(user: Any) -> Any:
        if user is None:
            return None
        return getattr(user, key) if isinstance(key, str) else key(user)

    async def tracked(connection: Any, user: Any) -> Any:
        set_end_user(connection, id_of(user))
        return user

    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    tracked.__signature__ = inspect.Signature(  # type: ignore[attr-defined]  # pyright: ignore[reportFunctionMemberAccess]
        [
            inspect.Parameter("connection", kind, annotation=HTTPConnection),
            inspect.Parameter("user", kind, default=Depends(dependency), annotation=Any),
        ]
    )
    return tracked
