"""What a usage event costs: the bundled price catalogue, compiled to exact integer rates."""

from .book import PriceBook
from .usage import Priced, Usage

__all__ = ["PriceBook", "Priced", "Usage"]
