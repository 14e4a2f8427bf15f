"""Whom a request is for."""

from __future__ import annotations

import sys
from typing import Any

from flask import current_app


def end_user() -> str | None:
    """The id of the user that Flask-Login has logged in; None for an anonymous one, or without it.

    It is what is asked where the app has no resolver of its own, in the request's context.
    """
    login: Any = sys.modules.get("flask_login")
    if login is None or not hasattr(current_app, "login_manager"):
        return None
    user = login.current_user
    if not user or not user.is_authenticated:
        return None
    found = user.get_id()
    return None if found is None else str(found)
