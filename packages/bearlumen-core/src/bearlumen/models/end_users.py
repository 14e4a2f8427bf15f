"""Answers about end users."""

from datetime import datetime
from typing import Any

from ._base import Answer
from ._page import Page


class EndUser(Answer):
    """One of your customers."""

    external_id: str
    """Your id, the `user_id` that events are tracked with."""
    name: str | None = None
    email: str | None = None
    metadata: dict[str, Any]
    """What you keep beside it; a number with a fraction is a `Decimal`."""
    created_at: datetime
    """When the server first heard of it: by `upsert`, an event or revenue."""
    updated_at: datetime
    deactivated_at: datetime | None = None
    """Since when it is marked as gone; None for who is active."""


class EndUserPage(Page[EndUser]):
    """A page of end users, in the order of their ids."""

    end_users: list[EndUser]
