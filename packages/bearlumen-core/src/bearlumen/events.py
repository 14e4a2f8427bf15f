"""The usage event: what is recorded about one call.

It holds counts and labels. There is no field for a prompt or an answer.
"""

import json
import os
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from ._version import __version__
from .errors import InvalidRequestError

if TYPE_CHECKING:
    from .providers import Detection

EVENT_ID_NAMESPACE = uuid.UUID("6a1f0f6e-5d0c-5f0e-9a59-5f2f2a0d7c11")
"""For event ids that the caller chose and that are not UUIDs, and for events made of others."""
UNKNOWN = "unknown"
_SDK = {"name": "bearlumen-python", "version": __version__}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MAX_LABEL_CHARACTERS: Final = 512
"""Of what a provider names; the server refuses more."""
_TOTALS: Final = ("input_tokens", "output_tokens")
_LABELS: Final = (
    "feature", "agent", "workflow", "session_id", "session_type", "dimensions",
)  # fmt: skip
RESERVED_METADATA = frozenset(
    (
        "provider", "feature", "agent", "workflow", "session_id", "session_type", "dimensions",
        "units", "usage", "cost", "provider_cost", "reported", "parent_event_id", "response_id",
        "incomplete", "sdk",
    )
)  # fmt: skip
"""The keys of an event's metadata that are the event's own."""


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


class UsageEvent:
    """One billable call: who, what, how much, when.

    It is made on the caller's thread and holds what was read there; what that means, and the JSON
    of it, are worked out when somebody asks, which is mostly the background worker.
    """

    __slots__ = (
        "_counted",
        "_encoded",
        "_id",
        "_made",
        "detection",
        "incomplete",
        "labels",
        "part",
    )

    def __init__(
        self,
        detection: "Detection | None",
        labels: Mapping[str, Any],
        *,
        incomplete: bool = False,
        part: "Part | None" = None,
    ) -> None:
        self.detection = detection
        self.labels = labels
        """The caller's options, checked."""
        self.incomplete = incomplete
        """A stream that was not read to its end: the counts are what was known by then."""
        self.part = part
        """Set where this is not the main usage of a response but something billed beside it."""
        self._made = time.time_ns()
        self._counted = _noise + _next_number()
        self._id: str | None = labels.get("event_id")
        self._encoded: bytes | None = None

    @property
    def event_id(self) -> str:
        """A UUID made when the call was tracked and kept over every resend."""
        if self._id is None:
            self._id = _uuid7(self._made, self._counted)
        return self._id

    @property
    def invoked_at(self) -> datetime:
        """When the call was made: aware, UTC."""
        return self.labels.get("timestamp") or _EPOCH + timedelta(microseconds=self._made // 1_000)

    @property
    def model(self) -> str | None:
        """What the caller said, or as the provider returned it; None if neither names one."""
        if self.part is not None:
            return self.part.model
        return self.labels.get("model") or (self.detection.model if self.detection else None)

    @property
    def provider(self) -> str:
        """What the caller said, or who was recognised."""
        return self.labels.get("provider") or (
            self.detection.provider if self.detection else UNKNOWN
        )

    @property
    def counts(self) -> Mapping[str, int]:
        """Token counts by name; one that nobody reported is absent, which is not 0."""
        if self.part is not None:
            return self.part.counts
        return self.detection.usage.counts if self.detection else {}

    @property
    def units(self) -> Mapping[str, int | float]:
        """Counts of anything but tokens: `characters`, `images`, `seconds`."""
        if self.part is not None:
            return {}
        units = self.detection.usage.units if self.detection else {}
        return {**units, **(self.labels.get("units") or {})}

    @property
    def cost(self) -> Decimal | None:
        """USD, where the caller knows it; it wins over any price."""
        return None if self.part is not None else self.labels.get("cost")

    def to_wire(self) -> dict[str, Any]:
        """The event as the ingest endpoint takes it; what nobody reported is left out."""
        counts = self.counts
        model = (self.model or UNKNOWN)[:MAX_LABEL_CHARACTERS]
        wire: dict[str, Any] = {"sdk_event_id": self.event_id, "model": model}
        for total in _TOTALS:
            if total in counts:
                wire[total] = counts[total]
        wire["event_invoked_at"] = self.invoked_at.isoformat()
        if (user_id := self.labels.get("user_id")) is not None:
            wire["user_id"] = user_id
        wire["metadata"] = self._metadata(counts)
        return wire

    def _metadata(self, counts: Mapping[str, int]) -> dict[str, Any]:
        labels, detection = self.labels, self.detection
        metadata: dict[str, Any] = {**(labels.get("metadata") or {}), "provider": self.provider}
        for name in _LABELS:
            if value := labels.get(name):
                metadata[name] = value
        usage: dict[str, Any] = {n: c for n, c in counts.items() if n not in _TOTALS}
        if detection is not None:
            self._add_detected(metadata, usage, detection)
        if usage:
            metadata["usage"] = usage
        if units := self.units:
            metadata["units"] = units
        if (cost := self.cost) is not None:
            metadata["cost"] = format(cost, "f")
        if self.part is not None:
            metadata["parent_event_id"] = self.part.of
        if self.incomplete:
            metadata["incomplete"] = True
        metadata["sdk"] = _SDK
        return metadata

    def _add_detected(
        self, metadata: dict[str, Any], usage: dict[str, Any], detection: "Detection"
    ) -> None:
        found = detection.usage
        if found.service_tier is not None:
            usage["service_tier"] = found.service_tier[:MAX_LABEL_CHARACTERS]
        if found.inference_geo is not None:
            usage["inference_geo"] = found.inference_geo[:MAX_LABEL_CHARACTERS]
        if found.batch:
            usage["batch"] = True
        if detection.response_id:
            metadata["response_id"] = detection.response_id[:MAX_LABEL_CHARACTERS]
        if self.part is not None:
            return
        if found.tool_calls:
            usage["tool_calls"] = found.tool_calls
        if found.provider_cost is not None:
            metadata["provider_cost"] = format(found.provider_cost, "f")
        if found.reported:
            metadata["reported"] = found.reported

    def encode(self) -> bytes:
        """The event as JSON, as it is sent; worked out once."""
        if self._encoded is None:
            self._encoded = _to_json(self.to_wire()).encode()
        return self._encoded


class Part:
    """Usage beside the main usage of a response, to be an event of its own."""

    __slots__ = ("counts", "model", "of")

    def __init__(self, *, of: str, model: str | None, counts: Mapping[str, int]) -> None:
        self.of = of
        """The id of the event that it belongs to."""
        self.model = model
        self.counts = counts


_to_json = json.JSONEncoder(separators=(",", ":"), allow_nan=False, check_circular=False).encode


def part_id(of: str, index: int) -> str:
    """The id of an event made of another: the same whenever that one is tracked again.

    It keeps the time of the other's id, so that both are found in the same range of ids.
    """
    derived = uuid.uuid5(EVENT_ID_NAMESPACE, f"{of}/{index}")
    whole = uuid.UUID(of)
    if whole.version != 7:  # noqa: PLR2004  # the version of ids that sort by time
        return str(derived)
    noise = derived.int & ((1 << 80) - 1)
    value = (whole.int >> 80) << 80 | noise
    return str(uuid.UUID(int=_versioned(value)))


def _versioned(value: int) -> int:
    value = value & ~(0xF << 76) | 7 << 76
    return value & ~(0x3 << 62) | 2 << 62


def _uuid7(nanoseconds: int, number: int) -> str:
    """A UUIDv7: ids of one process sort by time, which keeps the server's key check cheap."""
    value = (nanoseconds // 1_000_000 & 0xFFFF_FFFF_FFFF) << 80 | number % (1 << 74)
    # Six bits of the noise lie where the version and the variant stand; they move up.
    low, high = value & ((1 << 62) - 1), value >> 62 & 0xFFF
    text = f"{value >> 80 << 80 | 7 << 76 | high << 64 | 2 << 62 | low:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _reseed() -> None:
    """Draw the process's noise from the operating system: a forked child never repeats ids."""
    global _noise  # noqa: PLW0603  # one a process
    _noise = int.from_bytes(os.urandom(10), "big") & ((1 << 74) - 1)


_noise = 0
_reseed()
_next_number = count().__next__
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reseed)


def new_event_id() -> str:
    """An event id for now."""
    return _uuid7(time.time_ns(), _noise + _next_number())


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
