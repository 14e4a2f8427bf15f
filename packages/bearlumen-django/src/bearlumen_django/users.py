"""Whom a request is for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from django.utils.functional import LazyObject, empty

from bearlumen.errors import BearLumenError
from bearlumen.integration import default, guard_of

if TYPE_CHECKING:
    from django.http import HttpRequest


def end_user_of(request: HttpRequest) -> str | None:
    """The id of the user that is logged in, as text; None for an anonymous one.

    It is what is asked where the settings have no `USER_RESOLVER`, when something is tracked and
    not before: a user that DRF or `login()` puts on the request in the meantime is the one.

    Args:
        request: Django's; DRF's has it as `_request`.
    """
    user = _user(request)
    if user is None or not getattr(user, "is_authenticated", True):
        return None
    return None if user.pk is None else str(user.pk)


def _user(request: HttpRequest) -> Any:
    user: Any = getattr(request, "user", None)
    if not _is_unread(user):
        return user  # of a login, or of DRF; or it was looked at before
    for cached in ("_acached_user", "_cached_user"):  # by `await request.auser()`
        if cached in request.__dict__:
            return request.__dict__[cached]
    if not _in_event_loop():
        return user  # whoever looks at it makes the query
    session = getattr(request, "session", None)
    if session is None or session.session_key is not None:
        guard_of(default).report(
            BearLumenError(
                "An async view tracked something before it was known who is logged in, so it is "
                "nobody's: the database cannot be asked there. Have the view `await "
                "request.auser()` before it tracks, or set a USER_RESOLVER that needs no query."
            ),
            problem="the user of an async view is not loaded",
        )
    return None


def _is_unread(user: object) -> bool:
    return isinstance(user, LazyObject) and user.__dict__.get("_wrapped", empty) is empty


def _in_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
