"""The answer to reported revenue."""

from typing import Any

from ._base import Answer


class RevenueReport(Answer):
    """What became of the reported revenue."""

    accepted: int
    duplicates: int
    """Reports whose `revenue_id` was known: they were not counted again."""
    rejected: tuple[dict[str, Any], ...] = ()
    """Reports that could not be taken, each with its `index`, `code` and `message`."""
