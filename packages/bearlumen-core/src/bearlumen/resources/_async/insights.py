"""Insights: what stands out."""

from ._base import AsyncResource


class AsyncInsights(AsyncResource):
    """What stands out in cost and usage."""
