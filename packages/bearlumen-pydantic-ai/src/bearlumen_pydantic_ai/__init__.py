"""What agents of Pydantic AI cost, per customer, feature and agent.

    from bearlumen_pydantic_ai import BearLumenCapability

    agent = Agent("openai:gpt-4o", capabilities=[BearLumenCapability(bear)])

makes one usage event of each request to a model.
"""

from .capability import BearLumenCapability
from .model import BearLumenModel

__all__ = ["BearLumenCapability", "BearLumenModel"]
