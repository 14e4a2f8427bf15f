"""Prices: what usage is charged at."""

from ._base import AsyncResource


class AsyncPrices(AsyncResource):
    """The price book: the catalogue's prices, and your own before them."""
