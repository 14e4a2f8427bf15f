"""One row a route: what it is for, takes and answers. One module a group of paths."""

from __future__ import annotations

from typing import Final

from .attribution import ATTRIBUTION
from .costs import COSTS
from .customers import CUSTOMERS
from .dimensions import DIMENSIONS
from .margins import MARGINS
from .prices import PRICES
from .server import SERVER
from .usage import USAGE

OPERATIONS: Final = {
    **SERVER,
    **USAGE,
    **COSTS,
    **ATTRIBUTION,
    **DIMENSIONS,
    **CUSTOMERS,
    **PRICES,
    **MARGINS,
}
"""Method and path to what is there."""

__all__ = ["OPERATIONS"]
