"""Attribution: cost by dimension, agent, workflow and session."""

from ._base import AsyncResource


class AsyncAttribution(AsyncResource):
    """What cost was caused by: any dimension, agents, workflows, sessions."""
