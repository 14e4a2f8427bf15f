"""The recorded provider answers under `tests/fixtures/providers`, as typed values."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROVIDERS = Path(__file__).resolve().parents[1] / "fixtures" / "providers"


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One item of a stream as it goes over the wire, decoded."""

    name: str | None
    """The event's name where the wire states one (`message_start`), else None."""
    data: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Recording:
    """One exchange with a provider: the answer on the wire, and the counts it means."""

    path: Path
    about: str
    source: str
    """Where the provider documents this shape, and the day it was read."""
    provider: str
    sdk: str
    """The Python client a user holds the answer through: `openai`, `boto3`, …"""
    surface: str
    """`chat`, `responses`, `messages`, `converse`, `generate_content` or `generate`."""
    streaming: bool
    model: str | None
    """The model the answer itself names, or None where it names none."""
    request_model: str
    response: Mapping[str, Any] | None
    """The plain answer; None for a stream."""
    events: tuple[Event, ...]
    """The stream; empty for a plain answer."""
    counts: Mapping[str, int]
    """Normalised token counts, only those the answer reports, worked out by hand."""
    tool_calls: Mapping[str, int]
    """Billed server tools by name, e.g. `{"web_search": 3}`."""
    service_tier: str | None
    tags: frozenset[str]

    @property
    def name(self) -> str:
        """What the recording is called in test ids: `openai/chat-plain`."""
        return f"{self.path.parent.name}/{self.path.stem}"


def recordings() -> list[Path]:
    """The files of all recordings, in a stable order."""
    return sorted(PROVIDERS.glob("*/*.json"))


def load(path: Path) -> Recording:
    """Read one recording.

    Raises:
        KeyError: A key that every recording has is missing.
        ValueError: The file has a key no recording has, which would be ignored in silence.
    """
    raw: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    events: list[dict[str, Any]] = raw.pop("events", [])
    recording = Recording(
        path=path,
        about=raw.pop("about"),
        source=raw.pop("source"),
        provider=raw.pop("provider"),
        sdk=raw.pop("sdk"),
        surface=raw.pop("surface"),
        streaming=raw.pop("streaming"),
        model=raw.pop("model"),
        request_model=raw.pop("request_model"),
        response=raw.pop("response", None),
        events=tuple(Event(name=event.get("event"), data=event["data"]) for event in events),
        counts=raw.pop("counts"),
        tool_calls=raw.pop("tool_calls", {}),
        service_tier=raw.pop("service_tier", None),
        tags=frozenset(raw.pop("tags")),
    )
    if raw:
        raise ValueError(f"{path.name}: unknown keys {sorted(raw)}")
    return recording
