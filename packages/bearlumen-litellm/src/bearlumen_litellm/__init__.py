"""What calls through LiteLLM cost, per customer, feature and agent.

    import bearlumen_litellm

    bearlumen_litellm.instrument(bear)

or, by hand, `litellm.callbacks.append(BearLumenLogger(bear))`.
"""

from .install import instrument, uninstrument
from .logger import BearLumenLogger

__all__ = ["BearLumenLogger", "instrument", "uninstrument"]
