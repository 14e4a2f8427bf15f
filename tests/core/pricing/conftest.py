from __future__ import annotations

import pytest

from bearlumen.pricing.book import PriceBook


@pytest.fixture(scope="session")
def book() -> PriceBook:
    """The catalogue, read once: it remembers lookups and nothing else."""
    return PriceBook.catalogue()
