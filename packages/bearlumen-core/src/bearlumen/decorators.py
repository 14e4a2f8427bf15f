"""Functions whose calls are within a scope, or whose answers are tracked.

A decorated function stays what it was: a coroutine function, a generator, a method. What is wrong
with a decorator raises where it is written; nothing of it raises when the function is called.
"""

from __future__ import annotations

import functools
import inspect
import types
from contextlib import nullcontext
from time import perf_counter
from typing import TYPE_CHECKING, Any

from ._arguments import labels_of, name_of
from ._context import Inside, frame_of, settled
from ._options import Elapsed, read_options
from ._result import TrackResult

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator
    from contextlib import AbstractContextManager

    from ._arguments import Calls, Options
    from ._guard import Guard

    Track = Callable[[Any, Options], Any]
    Begin = Callable[[Calls, dict[str, Any]], tuple[Any, AbstractContextManager[Any]]]


def scoped(function: Any, *, label: str, name: str | None, options: Options, guard: Guard) -> Any:
    """The function, each of its calls within a scope.

    Args:
        function: What is decorated.
        label: What `name` is the name of, such as `feature`.
        name: The function's own if left out.
        options: See `ScopedOptions`.
        guard: Told of a value that cannot be a label.

    Raises:
        InvalidRequestError: An option names a parameter that the function does not have.
        TypeError: There is no such option, or this cannot be decorated.
    """
    if isinstance(function, classmethod | staticmethod):
        kind, inner = _unbound(function)
        return kind(scoped(inner, label=label, name=name, options=options, guard=guard))
    _check_callable(function)
    own = name if name is not None else name_of(function)
    read = labels_of(function, label=label, name=own, options=options, guard=guard)
    return _entering(function, lambda args, kwargs: Inside(frame_of(read(args, kwargs))))


def bound(function: Any, guard: Guard) -> Any:
    """The function, each of its calls within the scope that is in force now."""
    _check_callable(function)
    frame = settled(guard)
    return _entering(function, lambda _args, _kwargs: Inside(frame))


def tracked(function: Any, *, track: Track, options: Options, guard: Guard) -> Any:
    """The function, whatever it returns recorded as a provider's response or stream of one.

    Raises:
        TypeError: There is no such option, or this cannot be decorated.
        InvalidRequestError: An option cannot be meant.
    """
    if isinstance(function, classmethod | staticmethod):
        kind, inner = _unbound(function)
        return kind(tracked(inner, track=track, options=options, guard=guard))
    _check_callable(function)
    read_options(options, guard)
    problem = f"tracking what {name_of(function)} returned"

    def record(answer: Any, began: float) -> Any:
        if answer is None:
            return None
        result: Any = None
        with guard(problem):
            result = track(answer, {"latency_ms": Elapsed.since(began), **options})
        # A stream is read through what `track` made of it; an answer stays itself.
        return answer if result is None or type(result) is TrackResult else result

    if _is_generator_function(function):
        return stepping(
            function,
            lambda args, kwargs: (record(function(*args, **kwargs), perf_counter()), nullcontext()),
        )
    if _is_coroutine_function(function):

        @functools.wraps(function)
        async def awaited(*args: Any, **kwargs: Any) -> Any:
            began = perf_counter()
            return record(await function(*args, **kwargs), began)

        return awaited

    async def later(answer: Any, began: float) -> Any:
        return record(await answer, began)

    @functools.wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        began = perf_counter()
        answer = function(*args, **kwargs)
        if type(answer) is types.CoroutineType:
            return later(answer, began)
        return record(answer, began)

    return called


def _entering(
    function: Any, entering: Callable[[Calls, dict[str, Any]], AbstractContextManager[Any]]
) -> Any:
    """The function as it is, but each of its calls, and of its steps, within what is given."""
    if _is_generator_function(function):
        return stepping(
            function, lambda args, kwargs: (function(*args, **kwargs), entering(args, kwargs))
        )
    if _is_coroutine_function(function):

        @functools.wraps(function)
        async def awaited(*args: Any, **kwargs: Any) -> Any:
            with entering(args, kwargs):
                return await function(*args, **kwargs)

        return awaited

    async def later(answer: Any, within: AbstractContextManager[Any]) -> Any:
        with within:
            return await answer

    @functools.wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        within = entering(args, kwargs)
        with within:
            answer = function(*args, **kwargs)
        if type(answer) is types.CoroutineType:
            return later(answer, within)
        return answer

    return called


def stepping(function: Any, begin: Begin) -> Any:
    """A generator function like `function`, each step of what `begin` gives within its context."""
    if inspect.isasyncgenfunction(function):
        return stepping_async(function, begin)

    @functools.wraps(function)
    def stream(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        generator, within = begin(args, kwargs)
        following: Callable[[], Any] = functools.partial(next, generator)
        step = following
        try:
            while True:
                with within:
                    item = step()
                try:
                    sent = yield item
                except GeneratorExit:
                    raise
                except BaseException as error:  # noqa: BLE001  # it is the function's
                    step = functools.partial(generator.throw, error)
                else:
                    step = following if sent is None else functools.partial(generator.send, sent)
        except StopIteration as end:
            return end.value
        finally:
            with within:
                generator.close()

    return stream


def stepping_async(function: Any, begin: Begin) -> Any:
    """The same for an async generator."""

    @functools.wraps(function)
    async def stream(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        generator, within = begin(args, kwargs)
        following: Callable[[], Any] = functools.partial(anext, generator)
        step = following
        try:
            while True:
                with within:
                    item = await step()
                try:
                    sent = yield item
                except GeneratorExit:
                    raise
                except BaseException as error:  # noqa: BLE001  # it is the function's
                    step = functools.partial(generator.athrow, error)
                else:
                    step = following if sent is None else functools.partial(generator.asend, sent)
        except StopAsyncIteration:
            return
        finally:
            with within:
                await generator.aclose()

    return stream


def _unbound(method: Any) -> tuple[Any, Any]:
    kind: Any = type(method)  # pyright: ignore[reportUnknownVariableType]
    return kind, method.__func__


def _check_callable(function: Any) -> None:
    if isinstance(function, type) or not callable(function):
        kind = type(function).__name__
        raise TypeError(f"a {kind} cannot be decorated; functions and methods can: {function!r}")


def _is_generator_function(function: Any) -> bool:
    return inspect.isasyncgenfunction(function) or (
        inspect.isgeneratorfunction(function) and not _is_coroutine_function(function)
    )


def _is_coroutine_function(function: Any) -> bool:
    code = getattr(function, "__code__", None)
    if code is not None and code.co_flags & inspect.CO_ITERABLE_COROUTINE:
        return True  # `types.coroutine`: a generator that is awaited
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(function, "__call__", None)  # noqa: B004  # of an object, whether it is async
    )
