"""Where an answer came from: which request, and through whom to ask on."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from .._query import Request
    from ._place import Place


class Origin:
    """What an answer remembers of its request.

    It is no part of what the answer says: two answers that say the same are equal. Pickled or
    copied to another process, an answer keeps the correlation id, but cannot ask on.
    """

    __slots__ = ("correlation_id", "is_async", "place", "request", "send")

    def __init__(
        self,
        *,
        correlation_id: str | None,
        request: "Request[Any] | None",
        send: Callable[["Request[Any]"], Any],
        is_async: bool | None,
    ) -> None:
        self.correlation_id = correlation_id
        self.request = request
        self.send = send
        """Asks the next question; a coroutine function if `is_async`."""
        self.is_async = is_async
        self.place: Place | None = None
        """Of a page: behind which events the next one begins, where that is kept count of."""

    def __eq__(self, other: object) -> bool:
        return other is None or isinstance(other, Origin)

    def __hash__(self) -> int:
        return hash(Origin)

    def __deepcopy__(self, memo: object) -> "Origin":
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpickled, (self.correlation_id,)


def _unpickled(correlation_id: str | None) -> Origin:
    return Origin(correlation_id=correlation_id, request=None, send=_nobody, is_async=None)


def _nobody(_: "Request[Any]") -> NoReturn:
    raise RuntimeError("This answer was copied away from its client.")
