"""What LlamaIndex costs, per customer, feature and agent.

bearlumen_llamaindex.instrument(bear)
"""

from .handler import BearLumenEventHandler
from .install import instrument, uninstrument

__all__ = ["BearLumenEventHandler", "instrument", "uninstrument"]
