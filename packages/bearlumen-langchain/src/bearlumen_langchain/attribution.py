"""Whom and what a run is for, by what LangGraph knows of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

NODES_OF_AGENTS: Final = frozenset(("agent", "model", "tools"))
"""What LangGraph's own agents call their parts."""
UNNAMED: Final = ("Runnable", "LangGraph")
"""What a chain is called that nobody named begins so."""


def implied(metadata: Mapping[str, Any], root: str | None) -> dict[str, Any]:
    """What the framework knows itself: for where nobody said anything.

    Args:
        metadata: Of the run, LangGraph's own included.
        root: The name of the run that all began with.
    """
    found: dict[str, Any] = {"session": metadata.get("thread_id")}
    node = metadata.get("langgraph_node")
    found["agent"] = metadata.get("lc_agent_name") or (
        node if node not in NODES_OF_AGENTS else None
    )
    if root is not None and not root.startswith(UNNAMED):
        found["workflow"] = root
    if node is not None:
        found["dimensions"] = {"langgraph_node": node}
    return {name: value for name, value in found.items() if value is not None}
