"""The recorded provider answers under `tests/fixtures/providers`, as typed values."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
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
class Linked:
    """Usage that an answer states beside its main counts, and that is billed too."""

    model: str | None
    counts: Mapping[str, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Meaning:
    """What an answer means, worked out by hand."""

    provider: str
    flavor: str | None
    """Which declaration reads it, `provider/flavor`; None: it cannot be recognised."""
    model: str | None
    """The model the answer itself names, or None where it names none."""
    counts: Mapping[str, int]
    """Normalised token counts, only those the answer reports."""
    tool_calls: Mapping[str, int]
    """Billed server tools by name, e.g. `{"web_search": 3}`."""
    units: Mapping[str, int | float]
    """What is billed by something else than tokens, e.g. `{"seconds": 12.5}`."""
    service_tier: str | None
    inference_geo: str | None
    """Where the model ran, where that has a price of its own."""
    batch: bool
    """Whether the answer shows that it was part of a batch."""
    provider_cost: Decimal | None
    """USD, where the provider states what the call costs."""
    linked: tuple[Linked, ...]
    reported: Mapping[str, int | float]
    """Usage numbers that have no name with us, by path."""
    recorded: bool
    """Whether there is a call to bill; a token count or an unfinished answer is none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Recording(Meaning):
    """One exchange with a provider: the answer on the wire, and what it means."""

    path: Path
    about: str
    source: str
    """Where the provider documents this shape, and the day it was read."""
    sdk: str
    """The Python client a user holds the answer through (`openai`, `boto3`), or `json`: none."""
    since: str
    """The oldest version of the SDK that is known to hand out all that is on the wire."""
    surface: str
    """`chat`, `responses`, `messages`, `converse`: what is called there, see `calls.py`."""
    streaming: bool
    request_model: str
    response: Mapping[str, Any] | None
    """The plain answer; None for a stream."""
    events: tuple[Event, ...]
    """The stream; empty for a plain answer."""
    headers: Mapping[str, str]
    """What the answer's HTTP headers say beside it."""
    as_json: Meaning
    """What the same answer means as plain JSON, which can say less than the SDK's object."""
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

    In the file, `each` holds the fields that all items of a stream have, and `as_json` what is
    different when the answer is plain JSON.

    Raises:
        KeyError: A key that every recording has is missing.
        ValueError: The file has a key no recording has, which would be ignored in silence.
    """
    raw: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    each: dict[str, Any] = raw.pop("each", {})
    events = [(one.get("event"), {**each, **one["data"]}) for one in raw.pop("events", [])]
    meaning = {key: raw.pop(key) for key in _MEANING if key in raw}
    as_json = {**meaning, **raw.pop("as_json", {})}
    recording = Recording(
        path=path,
        about=raw.pop("about"),
        source=raw.pop("source"),
        sdk=raw.pop("sdk"),
        since=raw.pop("since", ""),
        surface=raw.pop("surface"),
        streaming=raw.pop("streaming"),
        request_model=raw.pop("request_model"),
        response=raw.pop("response", None),
        events=tuple(Event(name=name, data=data) for name, data in events),
        headers=raw.pop("headers", {}),
        as_json=Meaning(**_meaning(as_json)),
        tags=frozenset(raw.pop("tags")),
        **_meaning(meaning),
    )
    unknown = sorted({*raw, *as_json} - set(_MEANING))
    if unknown:
        raise ValueError(f"{path.name}: unknown keys {unknown}")
    return recording


_MEANING = tuple(Meaning.__dataclass_fields__)


def _meaning(raw: Mapping[str, Any]) -> dict[str, Any]:
    cost = raw.get("provider_cost")
    return {
        "provider": raw["provider"],
        "flavor": raw["flavor"],
        "model": raw["model"],
        "counts": raw["counts"],
        "tool_calls": raw.get("tool_calls", {}),
        "units": raw.get("units", {}),
        "service_tier": raw.get("service_tier"),
        "inference_geo": raw.get("inference_geo"),
        "batch": raw.get("batch", False),
        "provider_cost": None if cost is None else Decimal(cost),
        "linked": tuple(Linked(**one) for one in raw.get("linked", [])),
        "reported": raw.get("reported", {}),
        "recorded": raw.get("recorded", True),
    }
