"""What a call costs: the price catalogue of genai-prices, compiled to exact integer rates.

The client reads costs from it, and so does the server: their figures are the same to the last
digit. It needs `bearlumen-core[pricing]`, and says so when it is asked for a price, not before.
Nothing is ever fetched: the prices are those of the installed catalogue.
"""

from .cost import cost_of
from .estimate import EstimateUsage
from .usage import Priced, Usage

__all__ = ["EstimateUsage", "Priced", "Usage", "cost_of"]
