"""What agents of the OpenAI Agents SDK cost, per customer, feature and agent.

import bearlumen_openai_agents

bearlumen_openai_agents.instrument(bear)
"""

from .hooks import BearLumenRunHooks
from .install import instrument, uninstrument
from .processor import BearLumenTracingProcessor

__all__ = ["BearLumenRunHooks", "BearLumenTracingProcessor", "instrument", "uninstrument"]
