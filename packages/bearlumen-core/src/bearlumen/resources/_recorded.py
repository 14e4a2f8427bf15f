"""Methods of a resource, answering with the HTTP response as well."""

from collections.abc import Callable, Coroutine
from copy import copy
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from .._response import RawResponse

if TYPE_CHECKING:
    from .._driver import AsyncDriver, Driver, Exchange
    from .._query import ModelT, Request

P = ParamSpec("P")
T = TypeVar("T")
ScopedT = TypeVar("ScopedT")
RawT = TypeVar("RawT")


class _Recorded:
    """A driver that keeps the exchange that it had."""

    def __init__(self) -> None:
        self.exchange: Exchange | None = None

    def response(self, answer: T) -> RawResponse[T]:
        """The exchange, with what the method made of it."""
        if self.exchange is None:
            raise RuntimeError("The method asked nothing, so that there is no HTTP response.")
        return RawResponse(
            http_response=self.exchange.response,
            retries_taken=self.exchange.retries,
            answer=answer,
        )


class _Recorder(_Recorded):
    def __init__(self, driver: "Driver") -> None:
        super().__init__()
        self._driver = driver

    def send(self, request: "Request[ModelT]") -> "ModelT":
        self.exchange = self._driver.exchange(request)
        return self._driver.read(self.exchange, request)


class _AsyncRecorder(_Recorded):
    def __init__(self, driver: "AsyncDriver") -> None:
        super().__init__()
        self._driver = driver

    async def send(self, request: "Request[ModelT]") -> "ModelT":
        self.exchange = await self._driver.exchange(request)
        return self._driver.read(self.exchange, request)


def raw(method: Callable[P, T]) -> Callable[P, RawResponse[T]]:
    """A method of a resource, answering with the response."""

    @wraps(method)
    def asked(*args: P.args, **kwargs: P.kwargs) -> RawResponse[T]:
        recorder = _Recorder(_resource(method)._driver)  # noqa: SLF001
        return recorder.response(_on(method, recorder)(*args, **kwargs))

    return asked


def async_raw(
    method: Callable[P, Coroutine[Any, Any, T]],
) -> Callable[P, Coroutine[Any, Any, RawResponse[T]]]:
    """The same of an async resource."""

    @wraps(method)
    async def asked(*args: P.args, **kwargs: P.kwargs) -> RawResponse[T]:
        recorder = _AsyncRecorder(_resource(method)._driver)  # noqa: SLF001
        return recorder.response(await _on(method, recorder)(*args, **kwargs))

    return asked


def raw_scope(method: Callable[P, ScopedT], kind: Callable[[ScopedT], RawT]) -> Callable[P, RawT]:
    """A method that narrows a resource; what it gives answers with responses, too."""

    @wraps(method)
    def scoped(*args: P.args, **kwargs: P.kwargs) -> RawT:
        return kind(method(*args, **kwargs))

    return scoped


def _resource(method: Any) -> Any:
    return method.__self__


def _on(method: Any, driver: _Recorded) -> Any:
    """The method, of a resource with another driver."""
    other = copy(_resource(method))
    other._driver = driver  # noqa: SLF001
    return getattr(other, method.__name__)
