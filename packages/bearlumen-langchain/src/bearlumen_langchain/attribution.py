"""Whom and what a run is for, by the metadata that it was begun with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX: Final = "bearlumen_"
LABELS: Final = {
    "end_user": "end_user",
    "user_id": "end_user",
    "feature": "feature",
    "agent": "agent",
    "workflow": "workflow",
    "session": "session",
    "session_id": "session",
    "session_type": "session_type",
}
"""Keys of metadata, and what a scope calls them."""
PLAIN: Final = ("user_id", "session_id", "feature")
"""Those that are read without the prefix as well: LangChain's own examples write them so."""
NODES_OF_AGENTS: Final = frozenset(("agent", "model", "tools"))
"""What LangGraph's own agents call their parts."""
UNNAMED: Final = ("Runnable", "LangGraph")
"""What a chain is called that nobody named begins so."""


def said(metadata: Mapping[str, Any], *, plain: bool) -> dict[str, Any]:
    """The labels that the caller put into the metadata."""
    found = {name: metadata[name] for name in PLAIN if name in metadata} if plain else {}
    labels = {LABELS[name]: value for name, value in found.items()}
    for name, label in LABELS.items():
        if PREFIX + name in metadata:
            labels[label] = metadata[PREFIX + name]
    dimensions = metadata.get(f"{PREFIX}dimensions")
    if dimensions is not None:
        labels["dimensions"] = dimensions
    return labels


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
