"""The sync and the async client: the only pair kept by hand."""

from __future__ import annotations

import weakref

from . import _config, _wire
from ._attributing import Attributing
from ._guard import Guard
from ._lazy import lazy
from ._open_streams import OpenStreams
from ._typing import overload
from .batching.processes import hook_in, loading
from .batching.worker import Worker

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import AsyncIterator, Iterator, Mapping
    from contextlib import AbstractAsyncContextManager, AbstractContextManager
    from datetime import datetime
    from decimal import Decimal
    from types import TracebackType
    from typing import Any, Self, TypeVar, Unpack

    import httpx

    from ._config import Environment, JournalSync, OnError
    from ._driver import AsyncDriver, Driver
    from ._options import TrackOptions
    from ._result import TrackResult
    from ._tracking import Tracker
    from .batching.tally import Stats
    from .models import Ping
    from .pricing import EstimateUsage
    from .resources._async.attribution import AsyncAttribution
    from .resources._async.costs import AsyncCosts
    from .resources._async.dimensions import AsyncDimensions
    from .resources._async.end_users import AsyncEndUsers
    from .resources._async.insights import AsyncInsights
    from .resources._async.margins import AsyncMargins
    from .resources._async.prices import AsyncPrices
    from .resources._async.revenue import AsyncRevenue
    from .resources._async.usage import AsyncUsage
    from .resources._sync.attribution import Attribution
    from .resources._sync.costs import Costs
    from .resources._sync.dimensions import Dimensions
    from .resources._sync.end_users import EndUsers
    from .resources._sync.insights import Insights
    from .resources._sync.margins import Margins
    from .resources._sync.prices import Prices
    from .resources._sync.revenue import Revenue
    from .resources._sync.usage import Usage
    from .streams import AsyncTrackedStream, TrackedStream
    from .transport import Transport

    C = TypeVar("C")
    T = TypeVar("T")

FLUSH_TIMEOUT_SECONDS = 30.0


class _Client(Attributing):
    """What both clients are made of: settings, tracking and attribution."""

    _delivers_with_given = True
    """Whether `http_client` is one that a thread can use."""

    def __init__(
        self,
        api_key: str,
        *,
        environment: Environment | None = None,
        base_url: str | None = None,
        timeout: float | httpx.Timeout = _config.DEFAULT_TIMEOUT_SECONDS,
        max_retries: int = _config.MAX_RETRIES,
        batch_size: int = _config.BATCH_SIZE_EVENTS,
        flush_interval: float = _config.FLUSH_INTERVAL_SECONDS,
        max_queued: int = _config.MAX_QUEUED_EVENTS,
        max_queued_bytes: int = _config.MAX_QUEUED_BYTES,
        journal: str | os.PathLike[str] | None = None,
        journal_sync: JournalSync = "never",
        journal_max_bytes: int = _config.JOURNAL_MAX_BYTES,
        shutdown_timeout: float = _config.SHUTDOWN_TIMEOUT_SECONDS,
        flush_on_sigterm: bool = False,
        on_error: OnError | None = None,
        scope_secret: str | None = None,
        http_client: Any = None,
        transport: Transport | None = None,
    ) -> None:
        """Set up a client. Nothing connects and no thread starts before it is used.

        Args:
            api_key: The key of your organisation. No environment variable is read for it.
            environment: `production` (the default) or `staging` of the hosted API.
            base_url: Another server's address, such as your own; it overrides `environment`.
            timeout: Seconds for one request; a `Timeout` of httpx is taken too.
            max_retries: Further attempts of a question after the first, on errors that pass.
            batch_size: As soon as so many events wait they are sent, 1 to 1000; a busy program
                sends about four times a second. A request takes all that waits, up to 1000.
            flush_interval: Seconds after which fewer are sent.
            max_queued: Events held in memory while the server cannot be reached; more are
                dropped, counted and reported.
            max_queued_bytes: Memory that they may take, roughly; an event with ordinary labels
                counts as 1,600 bytes.
            journal: A directory. With one, an event is in a file there before `track` returns, and
                survives the end of the process, however it ends: the next client with the same
                directory, key and server delivers it. Several processes may share it.
            journal_sync: `always` waits for the disk at every event, so that it survives a loss
                of power as well; that takes milliseconds. `never` leaves it to the system.
            journal_max_bytes: Of the directory; when it is full new events are dropped, counted
                and reported.
            shutdown_timeout: Seconds that the end of the process waits for the last events.
            flush_on_sigterm: Deliver when SIGTERM arrives, then do what the handler that was there
                before does. gunicorn ends in order and needs none. uvicorn sets its own in this
                one's place: there, flush in the application's lifespan.
            on_error: Called with every problem in tracking, from whichever thread met it.
            scope_secret: What `scope_headers` are signed with, where the services that pass scopes
                to each other have different keys; the key if left out.
            http_client: A client of httpx or httpx2 to use, for a proxy or certificates of your
                own: a sync one for `BearLumen`, and an async one for `AsyncBearLumen`, which asks
                with it. It is not closed. Other processes make one of their own.
            transport: What carries the events instead of HTTP, for tests.

        Raises:
            AuthenticationError: The key is empty.
            InvalidRequestError: A setting cannot be meant, or the journal cannot be used.
        """
        config = self._config = _config.Config(
            api_key=api_key,
            environment=environment,
            base_url=base_url,
            timeout=timeout,
            max_retries=max_retries,
            batch_size=batch_size,
            flush_interval=flush_interval,
            max_queued=max_queued,
            max_queued_bytes=max_queued_bytes,
            journal=journal,
            journal_sync=journal_sync,
            journal_max_bytes=journal_max_bytes,
            shutdown_timeout=shutdown_timeout,
            flush_on_sigterm=flush_on_sigterm,
            on_error=on_error,
            scope_secret=scope_secret,
            http_client=http_client,
        )
        given = http_client if self._delivers_with_given else None

        def make_transport() -> Transport:  # which must not hold the client: it is the worker's
            if transport is not None:
                return transport
            from .transport.http import HttpTransport

            return HttpTransport(config, client=given)

        self._tracker: Tracker | None = None
        self._guard = Guard(config.on_error)
        self._streams = OpenStreams()
        self._worker = Worker(
            make_transport, config=config, guard=self._guard, streams=self._streams
        )
        # A client that is dropped still delivers; its thread then ends.
        weakref.finalize(self, self._worker.release).atexit = False
        if journal is not None:
            # The first call has a file to make and an event to write on its caller's time.
            self._first_tracker()
        if flush_on_sigterm:
            from .batching.signals import flush_on_sigterm as install

            install()

    def stats(self) -> Stats:
        """What became of the events of this process so far: delivered, queued, dropped and why."""
        return self._worker.stats()

    def with_options(
        self,
        *,
        timeout: float | httpx.Timeout | None = None,
        max_retries: int | None = None,
    ) -> Self:
        """The same client, asking with other settings.

            bear.with_options(timeout=5, max_retries=0).costs.by_model(...)

        It shares everything else with this one, the connection and the events that wait: to shut
        either down is to shut down both. Making it costs microseconds, and sends nothing.

        Args:
            timeout: Seconds for one request; a `Timeout` of httpx is taken too.
            max_retries: Further attempts of a question after the first.

        Raises:
            InvalidRequestError: A setting cannot be meant.
        """
        given = {"timeout": timeout, "max_retries": max_retries}
        changed = {name: value for name, value in given.items() if value is not None}
        mine: Any = self  # each client has a driver of its kind
        config = self._config.changed(**changed)
        other = object.__new__(type(self))
        # The resources, whose names are public, are made again with the other driver.
        kept = {name: value for name, value in self.__dict__.items() if name.startswith("_")}
        driver = mine._driver.with_config(config)  # noqa: SLF001
        other.__dict__.update(kept, _config=config, _driver=driver)
        # When a client is dropped its worker ends; this one needs it.
        other.__dict__["_shared_with"] = self
        return other

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self._config.base_url!r})"

    @overload
    def track(  # pyright: ignore[reportOverlappingOverload]  # the last takes what is no stream
        self, response: AsyncIterator[T], **options: Unpack[TrackOptions]
    ) -> AsyncTrackedStream[T]: ...
    @overload
    def track(self, response: Iterator[T], **options: Unpack[TrackOptions]) -> TrackedStream[T]: ...
    @overload
    def track(
        self, response: AbstractAsyncContextManager[Any], **options: Unpack[TrackOptions]
    ) -> AsyncTrackedStream[Any]: ...
    @overload
    def track(
        self, response: AbstractContextManager[Any], **options: Unpack[TrackOptions]
    ) -> TrackedStream[Any]: ...
    @overload
    def track(self, response: Mapping[str, Any], **options: Unpack[TrackOptions]) -> Any: ...
    @overload
    def track(self, response: Any, **options: Unpack[TrackOptions]) -> TrackResult: ...

    def track(self, response: Any, **options: Unpack[TrackOptions]) -> Any:
        """Record what a provider's response used; returns at once, delivers in the background.

        Args:
            response: The provider's response as its SDK or its JSON has it; a stream of one; or
                None for a call without a response, with `model=` and `units=` or `cost=`.
            **options: Who and what the call was for; see `TrackOptions`.

        Returns:
            What was read from a response, as a `TrackResult`. For a stream, a wrapper to read in
            its place, whose `result` is the `TrackResult` once the stream is done. For boto3's
            answer to a streaming call, the same dict with its stream wrapped.

        Raises:
            InvalidRequestError: `track(None)` without a model, a coroutine that was not awaited,
                or a timestamp without a time zone. Nothing else raises: trouble in tracking goes
                to `on_error` and the log.
            TypeError: There is no such option.
        """
        tracker = self._tracker or self._first_tracker()
        return tracker.track(response, options)

    def wrap(self, client: C, /, *, ensure_usage: bool = False, provider: str | None = None) -> C:
        """A provider's client whose every call and stream is tracked, with the scope in force.

            openai = bear.wrap(OpenAI())

        It is a copy that shares the connections of the one given, which is not changed; nothing is
        patched. An answer comes back as it is, and a stream in its wrapper. A call that fails is no
        event. What is tracked again with `track`, or seen by another layer of ours, such as a
        framework's callback, is one event.

        Args:
            client: Of OpenAI, Anthropic and SDKs of their make (Groq, Together, ...), google-genai,
                Mistral, Ollama, and boto3 or aiobotocore for bedrock-runtime; sync or async.
            ensure_usage: Ask OpenAI's streams for their usage (`stream_options.include_usage`)
                where the call does not say; the item that this adds is kept from the caller.
            provider: Who sells it, for a vendor behind another's client.

        Raises:
            TypeError: It is no such client.
        """
        from ._clients import wrapped
        from ._clients.calls import Calls

        tracker = self._tracker or self._first_tracker()
        return wrapped(client, Calls(tracker, provider=provider, ensure_usage=ensure_usage))

    def estimate(
        self,
        model: str,
        provider: str,
        usage: EstimateUsage | Mapping[str, Any],
        *,
        at: datetime | None = None,
        service_tier: str | None = None,
        batch: bool = False,
        inference_geo: str | None = None,
    ) -> Decimal | None:
        """Work out what a call would cost; nothing is sent, recorded or fetched.

        It is the figure that the server would put to such a call, to the last digit.

            bear.estimate("gpt-4o", "openai", {"input_tokens": 1000, "output_tokens": 200})

        Args:
            model: The model id, as the provider writes it.
            provider: Who sells it, such as `openai`: the price of a model differs by provider.
            usage: Token counts by the names of `TrackResult.counts`, and `units` and
                `tool_calls`; see `EstimateUsage`.
            at: When the call is made, aware; prices change. Now if left out.
            service_tier: The provider's word for how it is served, such as `flex` or `priority`.
            batch: Whether it goes through the provider's batch interface.
            inference_geo: Where the model may run, where that changes the price: Anthropic's `us`.

        Returns:
            USD, with 12 fractional digits. None where no price is known for some of it.

        Raises:
            InvalidRequestError: An argument cannot be meant, such as a key that `usage` does not
                have; the message names it.
            MissingExtraError: `bearlumen-core[pricing]` is not installed.
        """
        from .pricing.estimate import estimate

        return estimate(
            model,
            provider,
            usage,
            at=at,
            service_tier=service_tier,
            batch=batch,
            inference_geo=inference_geo,
        )

    def _attribution_guard(self) -> Guard:
        return self._guard

    def _secret(self) -> str:
        return self._config.scope_secret or self._config.api_key

    def _track_answer(
        self, answer: Any, options: Mapping[str, Any], known: Mapping[str, Any] | None = None
    ) -> Any:
        return (self._tracker or self._first_tracker()).track_once(answer, options, known)

    def _record(self, detection: Any, options: Mapping[str, Any]) -> TrackResult:
        return (self._tracker or self._first_tracker()).record_told(detection, options)

    def _first_tracker(self) -> Tracker:
        # With the first call: what recognises it takes as long to load as all that is here.
        hook_in()
        with loading():
            from ._tracking import Tracker

        self._tracker = Tracker(self._worker, guard=self._guard, streams=self._streams)
        return self._tracker

    def _end(self, timeout: float | None) -> bool:
        with self._guard("recording the open streams"):
            self._streams.settle()
        return self._worker.close(self._config.shutdown_timeout if timeout is None else timeout)


class BearLumen(_Client):
    """Tracks what AI calls cost, and asks what they did.

    Use it as a context manager, or call `shutdown` before the process ends; one that simply ends
    has `shutdown_timeout` seconds to deliver what is queued.
    """

    def ping(self) -> Ping:
        """Check that the API answers and knows the key."""
        from ._query import Request
        from .models import Ping

        return self._driver.send(
            Request(method="GET", path=_wire.PING, model=Ping, idempotent=True)
        )

    def flush(self, timeout: float | None = FLUSH_TIMEOUT_SECONDS) -> bool:
        """Deliver the events queued so far.

        Args:
            timeout: Seconds to wait at the most; None waits until it is done.

        Returns:
            Whether none of them is left: each was delivered, or refused by the server, which
            `on_error` was told. Those that are left stay queued.
        """
        return self._worker.flush(timeout)

    def shutdown(self, timeout: float | None = None) -> bool:
        """Deliver the events queued so far and stop the background worker.

        Args:
            timeout: Seconds to wait at the most; `shutdown_timeout` if left out.

        Returns:
            Whether none of them is left. Those that are left are lost.
        """
        delivered = self._end(timeout)
        if "_driver" in self.__dict__:
            self._driver.close()
        return delivered

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.shutdown()

    @lazy
    def usage(self) -> Usage:
        """The events that were tracked."""
        from .resources._sync.usage import Usage

        return Usage(self._driver)

    @lazy
    def costs(self) -> Costs:
        """What was spent, and on what."""
        from .resources._sync.costs import Costs

        return Costs(self._driver)

    @lazy
    def margins(self) -> Margins:
        """Whether the AI that end users are served earns money."""
        from .resources._sync.margins import Margins

        return Margins(self._driver)

    @lazy
    def revenue(self) -> Revenue:
        """What end users pay."""
        from .resources._sync.revenue import Revenue

        return Revenue(self._driver)

    @lazy
    def attribution(self) -> Attribution:
        """What cost was caused by: any dimension, agents, workflows, sessions."""
        from .resources._sync.attribution import Attribution

        return Attribution(self._driver)

    @lazy
    def dimensions(self) -> Dimensions:
        """The custom dimensions you defined, and what they say."""
        from .resources._sync.dimensions import Dimensions

        return Dimensions(self._driver)

    @lazy
    def insights(self) -> Insights:
        """What stands out in cost and usage."""
        from .resources._sync.insights import Insights

        return Insights(self._driver)

    @lazy
    def end_users(self) -> EndUsers:
        """Your customers, by the id you know them by."""
        from .resources._sync.end_users import EndUsers

        return EndUsers(self._driver)

    @lazy
    def prices(self) -> Prices:
        """The price book: the catalogue's prices, and your own before them."""
        from .resources._sync.prices import Prices

        return Prices(self._driver)

    @lazy
    def _driver(self) -> Driver:
        from ._driver import Driver

        return Driver(self._config)


class AsyncBearLumen(_Client):
    """`BearLumen` for asyncio: the same `track`, and everything that waits is awaited."""

    _delivers_with_given = False

    async def ping(self) -> Ping:
        """Check that the API answers and knows the key."""
        from ._query import Request
        from .models import Ping

        return await self._driver.send(
            Request(method="GET", path=_wire.PING, model=Ping, idempotent=True)
        )

    async def flush(self, timeout: float | None = FLUSH_TIMEOUT_SECONDS) -> bool:  # noqa: ASYNC109
        """Deliver the events queued so far; see `BearLumen.flush`."""
        import asyncio

        return await asyncio.to_thread(self._worker.flush, timeout)

    async def shutdown(self, timeout: float | None = None) -> bool:  # noqa: ASYNC109
        """Deliver the events queued so far and stop the worker; see `BearLumen.shutdown`."""
        import asyncio

        delivered = await asyncio.to_thread(self._end, timeout)
        if "_driver" in self.__dict__:
            await self._driver.close()
        return delivered

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.shutdown()

    @lazy
    def usage(self) -> AsyncUsage:
        """The events that were tracked."""
        from .resources._async.usage import AsyncUsage

        return AsyncUsage(self._driver)

    @lazy
    def costs(self) -> AsyncCosts:
        """What was spent, and on what."""
        from .resources._async.costs import AsyncCosts

        return AsyncCosts(self._driver)

    @lazy
    def margins(self) -> AsyncMargins:
        """Whether the AI that end users are served earns money."""
        from .resources._async.margins import AsyncMargins

        return AsyncMargins(self._driver)

    @lazy
    def revenue(self) -> AsyncRevenue:
        """What end users pay."""
        from .resources._async.revenue import AsyncRevenue

        return AsyncRevenue(self._driver)

    @lazy
    def attribution(self) -> AsyncAttribution:
        """What cost was caused by: any dimension, agents, workflows, sessions."""
        from .resources._async.attribution import AsyncAttribution

        return AsyncAttribution(self._driver)

    @lazy
    def dimensions(self) -> AsyncDimensions:
        """The custom dimensions you defined, and what they say."""
        from .resources._async.dimensions import AsyncDimensions

        return AsyncDimensions(self._driver)

    @lazy
    def insights(self) -> AsyncInsights:
        """What stands out in cost and usage."""
        from .resources._async.insights import AsyncInsights

        return AsyncInsights(self._driver)

    @lazy
    def end_users(self) -> AsyncEndUsers:
        """Your customers, by the id you know them by."""
        from .resources._async.end_users import AsyncEndUsers

        return AsyncEndUsers(self._driver)

    @lazy
    def prices(self) -> AsyncPrices:
        """The price book: the catalogue's prices, and your own before them."""
        from .resources._async.prices import AsyncPrices

        return AsyncPrices(self._driver)

    @lazy
    def _driver(self) -> AsyncDriver:
        from ._driver import AsyncDriver

        return AsyncDriver(self._config)
