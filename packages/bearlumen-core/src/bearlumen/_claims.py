"""One call is one event, however many of our layers see it.

A layer outside, such as a framework's callback, claims the next call before it is made: the wrapped
client below it then stays silent. A claim is used up by one call; what is called beside it, between
two chunks of a stream for one, is tracked as ever.
"""

from __future__ import annotations

from collections import OrderedDict
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final, cast
from weakref import ref

if TYPE_CHECKING:
    from ._result import TrackResult

MAX_REMEMBERED_REQUESTS: Final = 1_024


class Claim:
    """The right to record one call, held by the layer that will."""

    __slots__ = ("is_open", "outer")

    def __init__(self, outer: Claim | None) -> None:
        self.outer = outer
        self.is_open = True

    def release(self) -> None:
        """The call is over, made or not: no other is meant."""
        self.is_open = False

    def take(self) -> bool:
        """Use it up, or else the one outside of it that is still open; False if there is none."""
        claim: Claim | None = self
        while claim is not None:
            if claim.is_open:
                claim.is_open = False
                return True
            claim = claim.outer
        return False


_claim: ContextVar[Claim | None] = ContextVar("bearlumen_claim", default=None)


def claim_call() -> Claim:
    """Claim the next call of a wrapped client in this context; release it when it is over."""
    outer = _claim.get()
    while outer is not None and not outer.is_open:
        outer = outer.outer
    claim = Claim(outer)
    _claim.set(claim)
    return claim


def is_claimed() -> bool:
    """Whether a layer outside records the call that is made now; the claim is used up by it."""
    claim = _claim.get()
    return claim is not None and claim.take()


class Remembered:
    """Answers that were tracked where they came from, for as long as somebody holds them."""

    def __init__(self) -> None:
        self._answers: dict[int, tuple[ref[Any], TrackResult]] = {}
        self._requests: OrderedDict[str, TrackResult] = OrderedDict()

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


def _request_id(answer: Any) -> str | None:
    about: Any = answer.get("ResponseMetadata") if isinstance(answer, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    found: object = about.get("RequestId") if isinstance(about, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return found if isinstance(found, str) and found else None
