"""What the integration packages build on.

It may grow in any release; what is in it changes only with a note in the changelog.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from ._claims import Announced, look_in
from ._context import Frame, Inside, current, frame_of, merged, read_scope
from ._default import _default as _the_default  # pyright: ignore[reportPrivateUsage]
from ._guard import Guard
from ._hosting import (
    CLIENT_OPTIONS,
    check_client_options,
    client_that_drops,
    deliver,
    deliver_now,
)
from .providers._flavor import Usage
from .providers._registry import provider_at

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ._attributing import Attributing
    from ._client import AsyncBearLumen, BearLumen
    from ._result import TrackResult

__all__ = [
    "CLIENT_OPTIONS",
    "Announced",
    "CallUsage",
    "Guard",
    "Inside",
    "announce",
    "check_client_options",
    "client_that_drops",
    "configure_later",
    "default",
    "deliver",
    "deliver_now",
    "frame",
    "guard_of",
    "inside",
    "is_configured",
    "labels_in",
    "look_in",
    "made_client",
    "provider_at",
    "record",
    "track",
]

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
    "dimensions": "dimensions",
}
"""Keys of a framework's metadata, and what a scope calls them."""
PLAIN: Final = ("user_id", "session_id", "feature")
"""Those that are read without the prefix as well: so the frameworks' own examples write them."""

default: Attributing = _the_default
"""In place of a client: the one that `bearlumen.track` and its like record with, now or later."""


def configure_later(make: Callable[[], BearLumen | AsyncBearLumen]) -> None:
    """Say how to make the client of `bearlumen.track` and its like when one is first needed.

    A client that `bearlumen.configure` was given comes first. Called again, a client that was made
    before gives way to a new one; its events are still delivered.

    Args:
        make: Called once, and never by two threads at a time. What it raises is raised by whoever
            needed the client, so it should rather report it.
    """
    _the_default.make_with(make)


def is_configured() -> bool:
    """Whether `bearlumen.configure` was given a client."""
    return _the_default.client is not None and not _the_default.is_made


def made_client() -> BearLumen | AsyncBearLumen | None:
    """The client of `bearlumen.track` and its like, if there is one by now: none is made."""
    return _the_default.client


def guard_of(client: Attributing) -> Guard:
    """What keeps trouble in tracking from the host.

        with guard_of(bear)("reading the user"):
            ...

    An exception within is logged once for each problem, counted, and passed to `on_error`.

    Args:
        client: A client, sync or async.
    """
    return client._attribution_guard()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


def inside(client: Attributing, **labels: Any) -> Inside:
    """A scope for what runs in steps, such as a streamed body: enter it around each of them.

    Unlike `bear.scope` it is not in force between two steps, for then another request may be
    served by the same thread; and a scope that one step leaves open is open again in the next.

    Args:
        client: Told of a value that cannot be a label.
        **labels: As for `bear.scope`.

    Raises:
        TypeError: A scope has no such label.
    """
    return Inside(frame_of(read_scope(labels, guard_of(client))))


def frame(
    client: Attributing,
    labels: Mapping[str, Any],
    *,
    defaults: Mapping[str, Any] | None = None,
    scope: Frame | None = None,
) -> Frame:
    """Whom and what a call that begins now is for, to be recorded with later.

    Args:
        client: Told of a value that cannot be a label.
        labels: As for `bear.scope`; they win over the scope in force.
        defaults: What holds where neither says anything.
        scope: In place of the one in force.

    Raises:
        TypeError: A scope has no such label.
    """
    guard = guard_of(client)
    found = read_scope(defaults or {}, guard)
    scope = scope or current()
    if scope is not None:
        found = merged(found, scope.labels)
    return Frame(merged(found, read_scope(labels, guard)))


def announce(client: Attributing, within: Frame, *, by: object) -> Announced:
    """Say that a call is about to be made, before it is.

    Whoever makes it through a wrapped client records it; then `is_taken` is true, and the layer
    that announced it must not. If it was announced by a layer outside already, that one is told in
    the same way. Close it once the call cannot follow any more, and withdraw it in the end.

    Args:
        client: Which is to record it.
        within: Whom and what it is for.
        by: Which layer says so. One may announce several before the first is made.
    """
    return Announced(within, guard=guard_of(client), by=by)


def labels_in(metadata: Mapping[str, Any], *, plain: bool) -> dict[str, Any]:
    """The labels that somebody put into a framework's metadata or tags.

    Args:
        metadata: `bearlumen_end_user` and the like are read, and no key of another's.
        plain: Whether `user_id`, `session_id` and `feature` are read without the prefix, too.
    """
    found = {LABELS[name]: metadata[name] for name in PLAIN if plain and name in metadata}
    for name, label in LABELS.items():
        if PREFIX + name in metadata:
            found[label] = metadata[PREFIX + name]
    return found


@dataclass(frozen=True, kw_only=True, slots=True)
class CallUsage:
    """What a framework says that one call used, in our words."""

    provider: str
    """Who answered, such as `openai`; `unknown` where the framework does not say."""
    model: str | None
    """As the provider names it, else as it was asked for."""
    counts: Mapping[str, int]
    """Tokens by the names of `TrackResult.counts`, totals inclusive; what is unknown is absent."""
    service_tier: str | None = None
    response_id: str | None = None
    reported: Mapping[str, int | float] = field(default_factory=dict[str, "int | float"])
    """Numbers that have no name with us, by the framework's."""
    batch: bool = False
    """Whether it was sent in a batch, which has prices of its own."""


def record(
    client: Attributing,
    usage: CallUsage,
    *,
    within: Frame | None,
    event_id: str | None = None,
    latency_ms: float | None = None,
) -> TrackResult:
    """Record a call of which a framework says what it used.

    Args:
        client: Which delivers it.
        usage: What was used.
        within: Whom and what it was for, taken when it began.
        event_id: Made of the framework's own id of the call, so that one that is told of twice is
            one event; None where it is told of once, for an id of ours.
        latency_ms: How long it took.
    """
    options: dict[str, Any] = {}
    if event_id is not None:
        options["event_id"] = event_id
    if latency_ms is not None:
        options["latency_ms"] = latency_ms
    with Inside(within):
        return client._record(_Told(usage), options)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


def track(
    client: Attributing,
    response: Any,
    *,
    within: Frame | None,
    event_id: str,
    asked_model: str | None = None,
    latency_ms: float | None = None,
) -> None:
    """Record a provider's response that a framework holds, or a list of a stream's items.

    Args:
        client: Which delivers it.
        response: As for `BearLumen.track`; one that was tracked where it came from is one event.
        within: Whom and what it was for, taken when it began.
        event_id: Made of the framework's own id of the call.
        asked_model: The model, where the response does not name it.
        latency_ms: How long it took.
    """
    options: dict[str, Any] = {"event_id": event_id}
    if latency_ms is not None:
        options["latency_ms"] = latency_ms
    known = None if asked_model is None else {"asked_model": asked_model}
    with Inside(within):
        client._track_answer(response, options, known)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


class _Told:
    """What a framework told us, in the place of what was detected on a response."""

    flavor = None
    pending = False
    linked = ()

    def __init__(self, told: CallUsage) -> None:
        self.provider = told.provider
        self.model = told.model
        self.response_id = told.response_id
        self.usage = Usage(
            counts=dict(told.counts),
            tool_calls={},
            units={},
            service_tier=told.service_tier,
            inference_geo=None,
            batch=told.batch,
            provider_cost=None,
            reported=dict(told.reported),
        )

    def plain(self) -> None:
        """It is written in the way that takes all there is."""
