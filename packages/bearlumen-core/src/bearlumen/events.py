"""The usage event: what is recorded about one call.

It holds counts and labels. There is no field for a prompt or an answer.
"""

import json
import os
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from ._version import __version__
from .errors import InvalidRequestError

EVENT_ID_NAMESPACE = uuid.UUID("6a1f0f6e-5d0c-5f0e-9a59-5f2f2a0d7c11")
"""For event ids that the caller chose and that are not UUIDs."""
UNKNOWN = "unknown"
_SDK = {"name": "bearlumen-python", "version": __version__}


class Provider(StrEnum):
    """The providers whose names we fix; any other string is as good."""

    OPENAI = "openai"
    AZURE = "azure"
    ANTHROPIC = "anthropic"
    BEDROCK = "bedrock"
    GEMINI = "gemini"
    MISTRAL = "mistral"
    OLLAMA = "ollama"
    COHERE = "cohere"
    DEEPGRAM = "deepgram"
    DEEPSEEK = "deepseek"
    ELEVENLABS = "elevenlabs"
    GROQ = "groq"
    OPENROUTER = "openrouter"
    PERPLEXITY = "perplexity"
    REPLICATE = "replicate"
    TOGETHER = "together"
    XAI = "xai"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True, slots=True)
class UsageEvent:
    """One billable call: who, what, how much, when."""

    event_id: str
    """A UUID made when the call was tracked and kept over every resend."""
    model: str
    """As the provider returned it, or as the caller said."""
    provider: str
    invoked_at: datetime
    """Aware, UTC."""
    counts: Mapping[str, int] = field(default_factory=dict[str, int])
    """Token counts by name; one that nobody reported is absent, which is not 0."""
    tool_calls: Mapping[str, int] = field(default_factory=dict[str, int])
    """Billed server tools, by name."""
    service_tier: str | None = None
    units: Mapping[str, int | float] = field(default_factory=dict[str, Any])
    """Counts of anything but tokens: `characters`, `images`, `seconds`."""
    cost: Decimal | None = None
    """USD, where the caller knows it; it wins over any price."""
    user_id: str | None = None
    """The end user's external id."""
    feature: str | None = None
    agent: str | None = None
    workflow: str | None = None
    session_id: str | None = None
    session_type: str | None = None
    dimensions: Mapping[str, str | int | float | bool] = field(default_factory=dict[str, Any])
    metadata: Mapping[str, Any] = field(default_factory=dict[str, Any])
    response_id: str | None = None
    """The provider's id of the response."""
    incomplete: bool = False
    """A stream that was not read to its end: the counts are what was known by then."""

    def to_wire(self) -> dict[str, Any]:
        """The event as the ingest endpoint takes it; what nobody reported is left out."""
        wire = {
            "sdk_event_id": self.event_id,
            "model": self.model,
            "input_tokens": self.counts.get("input_tokens"),
            "output_tokens": self.counts.get("output_tokens"),
            "event_invoked_at": self.invoked_at.isoformat(),
            "user_id": self.user_id,
            "metadata": self._metadata(),
        }
        return {name: value for name, value in wire.items() if value is not None}

    def _metadata(self) -> dict[str, Any]:
        details = {name: count for name, count in self.counts.items() if name not in _TOTALS}
        usage: dict[str, Any] = {
            **details,
            "tool_calls": dict(self.tool_calls) or None,
            "service_tier": self.service_tier,
        }
        own: dict[str, Any] = {
            "provider": self.provider,
            "feature": self.feature,
            "agent": self.agent,
            "workflow": self.workflow,
            "session_id": self.session_id,
            "session_type": self.session_type,
            "dimensions": dict(self.dimensions) or None,
            "units": dict(self.units) or None,
            "usage": {name: value for name, value in usage.items() if value is not None} or None,
            "cost": None if self.cost is None else format(self.cost, "f"),
            "response_id": self.response_id,
            "incomplete": self.incomplete or None,
            "sdk": _SDK,
        }
        kept = {name: value for name, value in own.items() if value is not None}
        return {**self.metadata, **kept}

    def encode(self) -> bytes:
        """The event as JSON, as it is queued and sent."""
        return json.dumps(self.to_wire(), separators=(",", ":"), allow_nan=False).encode()


_TOTALS = frozenset(("input_tokens", "output_tokens"))
RESERVED_METADATA = frozenset(
    (
        "provider", "feature", "agent", "workflow", "session_id", "session_type", "dimensions",
        "units", "usage", "cost", "response_id", "incomplete", "sdk",
    )
)  # fmt: skip
"""The keys of an event's metadata that are the event's own."""


def new_event_id() -> str:
    """A UUIDv7: ids of one process sort by time, which keeps the server's key check cheap.

    From the operating system's randomness, so that a forked child never repeats its parent's ids.
    """
    moment = time.time_ns() // 1_000_000
    noise = int.from_bytes(os.urandom(10), "big")
    value = (moment & 0xFFFF_FFFF_FFFF) << 80 | noise
    value = value & ~(0xF << 76) | 7 << 76
    value = value & ~(0x3 << 62) | 2 << 62
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def event_id_from(chosen: str | uuid.UUID) -> str:
    """The event id for an id that the caller chose: itself if it is a UUID, else one made of it.

    Raises:
        InvalidRequestError: It is empty: all calls with it would be one.
    """
    text = str(chosen)
    if not text:
        raise InvalidRequestError("event_id is empty, so the event was given an id of its own.")
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return str(uuid.uuid5(EVENT_ID_NAMESPACE, text))


def utc_now() -> datetime:
    """The present, aware."""
    return datetime.now(UTC)
