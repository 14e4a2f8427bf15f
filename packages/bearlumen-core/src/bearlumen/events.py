"""The usage event: what is recorded about one call.

It holds counts and labels. There is no field for a prompt or an answer.
"""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from itertools import count

from .errors import InvalidRequestError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import uuid
    from collections.abc import Callable, Mapping
    from decimal import Decimal
    from typing import Any

    from .providers import Detection

EVENT_ID_NAMESPACE = "6a1f0f6e-5d0c-5f0e-9a59-5f2f2a0d7c11"
"""For event ids that the caller chose and that are not UUIDs, and for events made of others."""
UNKNOWN = "unknown"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class UsageEvent:
    """One billable call: who, what, how much, when.

    It is made on the caller's thread and holds what was read there; what that means, and the JSON
    of it (`_encode`), are worked out when somebody asks, which is mostly the background worker.
    """

    __slots__ = ("_id", "_made", "_number", "detection", "incomplete", "labels", "part")

    def __init__(
        self,
        detection: Detection | None,
        labels: Mapping[str, Any],
        incomplete: bool = False,  # noqa: FBT001, FBT002  # by position, on the caller's time
        part: Part | None = None,
    ) -> None:
        self.detection = detection
        self.labels = labels
        """The caller's options, checked."""
        self.incomplete = incomplete
        """A stream that was not read to its end: the counts are what was known by then."""
        self.part = part
        """Set where this is not the main usage of a response but something billed beside it."""
        self._made = _now()
        self._number = _next_number()
        self._id: str | None = None

    @property
    def event_id(self) -> str:
        """A UUID made when the call was tracked and kept over every resend."""
        if self._id is None:
            chosen: str | None = self.labels.get("event_id")
            self._id = chosen or _uuid7(self._made, self._number)
        return self._id

    @property
    def invoked_at(self) -> datetime:
        """When the call was made: aware, UTC."""
        return self.labels.get("timestamp") or _EPOCH + timedelta(microseconds=self._made // 1_000)

    @property
    def invoked_at_text(self) -> str:
        """The same, as RFC 3339 writes it."""
        moment = self.labels.get("timestamp")
        return _instant(self._made) if moment is None else moment.isoformat()

    @property
    def model(self) -> str | None:
        """What the caller said, what the provider returned, or what it was asked for; or None."""
        if self.part is not None:
            return self.part.model
        named = self.labels.get("model") or (self.detection.model if self.detection else None)
        return named or self.labels.get("asked_model")

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


class Part:
    """Usage beside the main usage of a response, to be an event of its own."""

    __slots__ = ("counts", "model", "of")

    def __init__(self, *, of: str, model: str | None, counts: Mapping[str, int]) -> None:
        self.of = of
        """The id of the event that it belongs to."""
        self.model = model
        self.counts = counts


def part_id(of: str, index: int) -> str:
    """The id of an event made of another: the same whenever that one is tracked again.

    It keeps the time of the other's id, so that both are found in the same range of ids.
    """
    import uuid

    derived = uuid.uuid5(uuid.UUID(EVENT_ID_NAMESPACE), f"{of}/{index}")
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
    """A UUIDv7: ids of one process sort by time, which keeps the server's key check cheap.

    RFC 9562, section 5.7: 48 bits of milliseconds, then the version, the variant and 74 bits that
    are ours: noise of the process, of which the lowest 48 count on.
    """
    global _millisecond  # noqa: PLW0603  # what was worked out last: a busy program comes again
    milliseconds = nanoseconds // 1_000_000
    known, head = _millisecond
    if milliseconds != known:
        digits = f"{milliseconds:012x}"
        head = f"{digits[:8]}-{digits[8:]}-"
        _millisecond = (milliseconds, head)
    rest = f"{number:020x}"
    return f"{head}{rest[:4]}-{rest[4:8]}-{rest[8:]}"


def _instant(nanoseconds: int) -> str:
    """A moment as RFC 3339 writes it, in UTC."""
    global _second  # noqa: PLW0603  # what was worked out last: mostly it is the same second
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    known, text = _second
    if seconds != known:
        text = (_EPOCH + timedelta(seconds=seconds)).isoformat()[:19]
        _second = (seconds, text)
    return f"{text}.{rest // 1_000:06d}+00:00"


_second = (0, "1970-01-01T00:00:00")
_millisecond = (0, "00000000-0000-")


def reseed() -> None:
    """Draw the process's noise from the operating system: a forked child never repeats ids."""
    global _next_number  # noqa: PLW0603  # one a process
    noise = int.from_bytes(os.urandom(10), "big") & ~(1 << 47)  # room to count without a carry
    _next_number = count(_versioned(noise)).__next__


_now = time.time_ns
_next_number: Callable[[], int]
reseed()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=reseed)


def new_event_id() -> str:
    """An event id for now."""
    return _uuid7(_now(), _next_number())


def event_id_from(chosen: str | uuid.UUID) -> str:
    """The event id for an id that the caller chose: itself if it is a UUID, else one made of it.

    Raises:
        InvalidRequestError: It is empty: all calls with it would be one.
    """
    import uuid

    text = str(chosen)
    if not text:
        raise InvalidRequestError("event_id is empty, so the event was given an id of its own.")
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return str(uuid.uuid5(uuid.UUID(EVENT_ID_NAMESPACE), text))


def utc_now() -> datetime:
    """The present, aware."""
    return datetime.now(UTC)
