"""One call is one event, however many of our layers see it.

A layer outside, such as a framework's callback, announces a call before it is made. A wrapped
client below it that makes the call takes the announcement, records the call with the labels it
holds, and the layer outside then stays silent. It is taken once: what is called beside it, between
two chunks of a stream for one, is tracked as ever, and one that nobody took costs no event.
"""

from __future__ import annotations

from collections import OrderedDict
from contextvars import ContextVar
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, cast
from weakref import WeakMethod, ref

from ._context import current

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._context import Frame
    from ._guard import Guard
    from ._result import TrackResult
    from .events import UsageEvent

MAX_REMEMBERED_REQUESTS: Final = 1_024
MAX_DELAY_SECONDS: Final = 60.0
"""Between the announcement of a call and the call, which may wait for its turn."""
MAX_DELAY_ELSEWHERE_SECONDS: Final = 5.0
"""The same where the scope has changed since."""


class Announced:
    """A call that is about to be made: by the layer that announced it, or one below it."""

    __slots__ = ("_is_over", "_outer", "_scope", "_since", "by", "frame", "guard", "is_taken")

    def __init__(self, frame: Frame | None, *, guard: Guard, by: object) -> None:
        self.guard = guard
        """Of the client that is to record it: what another client records is not in its ledger."""
        self.frame = frame
        """Whom and what the call is for."""
        self.is_taken = False
        """Another layer records it."""
        self.by = by
        """Which layer announced it."""
        self._is_over = False
        self._since = monotonic()
        self._scope = current()
        outer = _standing(guard) or _elsewhere(guard)
        if outer is not None and outer.by is not by:
            outer.mark_taken()  # it is the same call, seen from further out
        self._outer = _standing()
        _announced.set(self)

    def close(self) -> None:
        """The call was made, or never will be: nothing that follows is meant."""
        self._is_over = True

    def withdraw(self) -> None:
        """Close it, and leave the context as it was."""
        self._is_over = True
        _announced.set(_standing())

    @property
    def _is_standing(self) -> bool:
        """Whether the call may still follow.

        One that was cancelled is neither made nor withdrawn: what is called some time later is not
        it, and in another scope even sooner.
        """
        if self._is_over:
            return False
        is_here = self._scope is current()
        most = MAX_DELAY_SECONDS if is_here else MAX_DELAY_ELSEWHERE_SECONDS
        return monotonic() - self._since < most

    def mark_taken(self) -> None:
        """Another layer records it."""
        self._is_over = self.is_taken = True

    @staticmethod
    def take(guard: Guard) -> Announced | None:
        """What the call that is made now was announced as; who asks undertakes to record it."""
        found = _standing(guard) or _elsewhere(guard)
        if found is not None:
            found.mark_taken()
        return found


_announced: ContextVar[Announced | None] = ContextVar("bearlumen_announced", default=None)


def _standing(guard: Guard | None = None) -> Announced | None:
    """The innermost call that was announced, for one client, and not made yet."""
    found = _announced.get()
    while found is not None and not (
        found._is_standing and (guard is None or found.guard is guard)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    ):
        found = found._outer  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    return found


_places: list[WeakMethod[Callable[[], Announced | None]]] = []


def look_in(place: Callable[[], Announced | None]) -> None:
    """Look for announcements in one more place, where this context holds none.

    Args:
        place: A method, which is forgotten with its object. It must not raise.
    """
    _places[:] = [known for known in _places if known() is not None]
    _places.append(WeakMethod(place))


def _elsewhere(guard: Guard) -> Announced | None:
    """A call that was announced in another context, by a layer that knows of it here."""
    for known in _places:
        find = known()
        found = find() if find is not None else None
        if found is not None and found._is_standing and found.guard is guard:  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
            return found
    return None


class Remembered:
    """Answers that were tracked where they came from, for as long as somebody holds them."""

    def __init__(self) -> None:
        self._answers: dict[int, tuple[ref[Any], TrackResult]] = {}
        self._requests: OrderedDict[str, TrackResult] = OrderedDict()
        self._calls: OrderedDict[str, tuple[UsageEvent, TrackResult] | None] = OrderedDict()
        """By the provider's id of the call; None where several calls had the same."""

    def add(self, answer: Any, result: TrackResult) -> None:
        """Take note of an answer."""
        key = id(answer)
        try:
            held = ref(answer, lambda _: self._answers.pop(key, None))
        except TypeError:  # a dict, which boto3 answers with
            request = _request_id(answer)
            if request is not None:
                self._requests[request] = result
                while len(self._requests) > MAX_REMEMBERED_REQUESTS:
                    self._requests.popitem(last=False)
        else:
            self._answers[key] = (held, result)

    def find(self, answer: Any) -> TrackResult | None:
        """What an answer was tracked as; None if it was not."""
        found = self._answers.get(id(answer))
        if found is not None and found[0]() is answer:
            return found[1]
        if self._requests and isinstance(answer, dict):
            request = _request_id(cast("dict[str, Any]", answer))
            return None if request is None else self._requests.get(request)
        return None

    def add_call(self, event: UsageEvent, result: TrackResult) -> None:
        """Take note of a call, by the id that its provider gave it."""
        name = event.detection.response_id if event.detection is not None else None
        if name:
            self._calls[name] = None if name in self._calls else (event, result)
            while len(self._calls) > MAX_REMEMBERED_REQUESTS:
                self._calls.popitem(last=False)

    def find_call(self, event: UsageEvent) -> TrackResult | None:
        """What the same call was tracked as: one of its id, that used no less.

        Some servers draw their ids from a small range, so that the id alone is not enough. What the
        stream of a helper was not shown, such as a usage that we asked for, it does not have.
        """
        name = event.detection.response_id if event.detection is not None else None
        found = self._calls.get(name) if name else None
        if found is None:
            return None
        call, result = found
        is_same = call.model == event.model and event.counts.items() <= call.counts.items()
        return result if is_same else None


def _request_id(answer: Any) -> str | None:
    about: Any = answer.get("ResponseMetadata") if isinstance(answer, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    found: object = about.get("RequestId") if isinstance(about, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return found if isinstance(found, str) and found else None
