"""What LangChain and LangGraph cost, per customer, feature and agent.

    from bearlumen_langchain import BearLumenCallbackHandler

    chain.invoke(question, {"callbacks": [BearLumenCallbackHandler(bear)]})

or, for the whole process, `bearlumen_langchain.instrument(bear)`.
"""

from .embeddings import track_embeddings
from .handler import BearLumenCallbackHandler
from .install import instrument, uninstrument

__all__ = ["BearLumenCallbackHandler", "instrument", "track_embeddings", "uninstrument"]
