"""End users: your customers."""

from ._base import AsyncResource


class AsyncEndUsers(AsyncResource):
    """Your customers, by the id you know them by."""
