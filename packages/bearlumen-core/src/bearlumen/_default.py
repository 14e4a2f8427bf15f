"""The client of the functions that the package has itself.

Code can be decorated, and say whom it works for, before there is a client and without one.
"""

from __future__ import annotations

from ._attributing import Attributing
from ._guard import Guard
from ._typing import overload
from .batching.processes import loading
from .errors import BearLumenError, InvalidRequestError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, TypeVar

    from ._client import AsyncBearLumen, BearLumen

    C = TypeVar("C", "BearLumen", "AsyncBearLumen")


class _LaterGuard(Guard):
    """Reports to the client that there is when there is something to report."""

    def __init__(self, needed: Callable[[], Attributing | None]) -> None:
        super().__init__(None)
        self._needed = needed
        self._of_making = Guard(None)

    def report(self, error: Exception, *, problem: str) -> None:
        client = None
        with self._of_making("making the client"):
            client = self._needed()
        if client is None:
            super().report(error, problem=problem)
        else:
            client._attribution_guard().report(error, problem=problem)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


class _Default(Attributing):
    """Attribution with the client that `configure` was given; until then, what needs none."""

    client: BearLumen | AsyncBearLumen | None = None
    _make: Callable[[], BearLumen | AsyncBearLumen] | None = None
    _made: BearLumen | AsyncBearLumen | None = None
    """The client, where it was made here."""

    def __init__(self) -> None:
        self.guard = _LaterGuard(self.needed)
        self._is_making = False

    def make_with(self, make: Callable[[], BearLumen | AsyncBearLumen]) -> None:
        if self.is_made:
            self.client = None
        self._make, self._made = make, None

    @property
    def is_made(self) -> bool:
        """Whether the client is one that was made here."""
        return self.client is self._made

    def needed(self) -> BearLumen | AsyncBearLumen | None:
        """The client, made now if there is none yet; None where nobody said how."""
        if self.client is None and self._make is not None:
            with loading():  # one thread at a time, and no process is forked in the middle of it
                if self.client is None and not self._is_making:
                    self._is_making = True  # who makes it may have something to report
                    try:
                        self.client = self._made = self._make()
                    finally:
                        self._is_making = False
        return self.client

    def _attribution_guard(self) -> Guard:
        return self.guard

    def _secret(self) -> str:
        return get_client()._secret()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]

    def _track_answer(
        self, answer: Any, options: Mapping[str, Any], known: Mapping[str, Any] | None = None
    ) -> Any:
        client = self.needed()
        if client is not None:
            return client._track_answer(answer, options, known)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        self.guard.report(
            BearLumenError(
                "A function decorated with bearlumen.track_calls ran, and nothing was recorded: "
                "call bearlumen.configure(api_key=...) when the program starts."
            ),
            problem="not configured",
        )
        return None


_default = _Default()
"""Also for the integration packages, as `integration.default`."""
bind = _default.bind
scope = _default.scope
scope_headers = _default.scope_headers
scope_from_headers = _default.scope_from_headers
track_agent = _default.track_agent
track_calls = _default.track_calls
track_feature = _default.track_feature
track_session = _default.track_session
track_workflow = _default.track_workflow


@overload
def configure(api_key: str, /, **settings: Any) -> BearLumen: ...
@overload
def configure(*, api_key: str, **settings: Any) -> BearLumen: ...
@overload
def configure(*, client: C) -> C: ...
def configure(
    api_key: str | None = None,
    *,
    client: BearLumen | AsyncBearLumen | None = None,
    **settings: Any,
) -> BearLumen | AsyncBearLumen:
    """Set the client that `bearlumen.track` and the decorators of the package record with.

        bearlumen.configure(api_key=os.environ["BEAR_LUMEN_API_KEY"])

    Call it when the program starts; functions may have been decorated before. Called again it
    replaces the client, whose events are still delivered.

    Args:
        api_key: The key of your organisation.
        client: A client that there is already, in place of the key and the settings.
        **settings: As for `BearLumen`.

    Returns:
        The client.

    Raises:
        AuthenticationError: The key is empty.
        InvalidRequestError: A setting cannot be meant, or there is a key as well as a client.
    """
    if client is None:
        from ._client import BearLumen

        client = BearLumen(api_key or "", **settings)
    elif api_key is not None or settings:
        raise InvalidRequestError(
            "configure() was given a client and settings: give it one or the other."
        )
    _default.client = client
    return client


def get_client() -> BearLumen | AsyncBearLumen:
    """The client that `configure` set.

    Raises:
        InvalidRequestError: It was not called.
    """
    client = _default.client or _default.needed()
    if client is None:
        raise InvalidRequestError(
            "There is no client yet: call bearlumen.configure(api_key=...) when the program starts."
        )
    return client


if TYPE_CHECKING:
    track = BearLumen(api_key="").track
    wrap = BearLumen(api_key="").wrap
else:

    def track(response: Any, /, **options: Any) -> Any:
        """Record what a provider's response used, with the client that `configure` set.

        See `BearLumen.track`.

        Raises:
            InvalidRequestError: `configure` was not called.
        """
        return get_client().track(response, **options)

    def wrap(client: Any, /, **options: Any) -> Any:
        """A provider's client whose calls are tracked with the client that `configure` set.

        See `BearLumen.wrap`.

        Raises:
            InvalidRequestError: `configure` was not called.
            TypeError: It is no client that is known.
        """
        return get_client().wrap(client, **options)
