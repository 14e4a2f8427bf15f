"""Dimensions: the keys of your own that events are tagged with."""

from ._base import AsyncResource


class AsyncDimensions(AsyncResource):
    """The custom dimensions you defined, and what they say."""
