"""What a client says of whom and what calls are for: scopes, decorators, wrapped clients."""

from __future__ import annotations

from ._typing import overload

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, TypeVar, Unpack

    from ._arguments import ScopedOptions
    from ._context import Scope, ScopeOptions
    from ._guard import Guard
    from ._options import TrackOptions
    from ._result import TrackResult

    F = TypeVar("F", bound=Callable[..., Any])


class Attributing:
    """The part of a client that has to do with attribution; the module's functions are one too."""

    def _attribution_guard(self) -> Guard:
        raise NotImplementedError

    def _secret(self) -> str:
        raise NotImplementedError

    def _track_answer(
        self, answer: Any, options: Mapping[str, Any], known: Mapping[str, Any] | None = None
    ) -> Any:
        """Record what a decorated function returned, or a framework holds."""
        raise NotImplementedError

    def _record(self, detection: Any, options: Mapping[str, Any]) -> TrackResult:
        """Record what a framework said of a call."""
        raise NotImplementedError

    def scope(self, **labels: Unpack[ScopeOptions]) -> Scope:
        """Say whom and what the calls within are for.

            with bear.scope(end_user="customer_7", feature="summarise"):
                bear.track(client.chat.completions.create(...))

        It holds for all that runs within, however deep, in whichever module, for every client; in
        async code too, and in the tasks that are made within it. A thread started by hand does not
        see it: see `bind`. What `track` is told itself comes first, then the innermost scope;
        dimensions of all are put together.

        Args:
            **labels: See `ScopeOptions`. What is left out stays as it is outside; None clears it.
                A function is called when something is tracked, and only then. A value that cannot
                be a label is left out and reported, and never raises.

        Raises:
            TypeError: A scope has no such label.
        """
        from ._context import Scope, read_scope

        return Scope(read_scope(labels, self._attribution_guard()))

    def bind(self, function: F, /) -> F:
        """The same function, called within the scope in force now, from whichever thread.

            threading.Thread(target=bear.bind(work)).start()

        See also `ContextThreadPoolExecutor`.

        Raises:
            TypeError: It is no function.
        """
        from .decorators import bound

        return bound(function, self._attribution_guard())

    def scope_headers(self) -> dict[str, str]:
        """The scope in force as HTTP headers for another service of yours; empty outside of one.

        They are signed with the `scope_secret`, or else the `api_key`, so that nobody else can
        make one. They are not encrypted: send them to your own services only.
        """
        from ._carrying import to_headers

        return to_headers(self._secret(), self._attribution_guard())

    def scope_from_headers(
        self, headers: Mapping[Any, Any], *, max_age: float | None = 3_600.0
    ) -> Scope:
        """Open the scope that another service of yours sent.

            with bear.scope_from_headers(request.headers):
                ...

        Without such a header nothing changes. One that is not signed with this client's secret, or
        is damaged, is left aside and reported: whoever calls cannot pass for another end user.

        Args:
            headers: Of the request: any mapping, in any spelling, WSGI's included.
            max_age: Seconds for which a header is believed; None for ever, for a queue.
        """
        from ._carrying import from_headers
        from ._context import Scope

        guard = self._attribution_guard()
        return Scope(from_headers(headers, secret=self._secret(), max_age=max_age, guard=guard))

    @overload
    def track_feature(self, function: F, /) -> F: ...
    @overload
    def track_feature(
        self, name: str | None = None, /, **options: Unpack[ScopedOptions]
    ) -> Callable[[F], F]: ...
    def track_feature(self, given: Any = None, /, **options: Any) -> Any:
        """Decorate a function: what is tracked while it runs is for this feature.

            @bear.track_feature("summarise", end_user="customer_id")
            def summarise(text: str, customer_id: str) -> str: ...

        Functions, coroutine functions, generators, async generators and methods can be decorated,
        and stay what they are. Without a name, and without parentheses, the function's own is used.

        Args:
            given: The feature's name.
            **options: See `ScopedOptions`: `end_user` and `session` name a parameter, or are
                functions of the arguments.

        Raises:
            InvalidRequestError: An option names a parameter that the function does not have.
            TypeError: There is no such option.
        """
        return self._scoped("feature", given, options)

    @overload
    def track_agent(self, function: F, /) -> F: ...
    @overload
    def track_agent(
        self, name: str | None = None, /, **options: Unpack[ScopedOptions]
    ) -> Callable[[F], F]: ...
    def track_agent(self, given: Any = None, /, **options: Any) -> Any:
        """Decorate a function: what is tracked while it runs is this agent's.

        See `track_feature`.
        """
        return self._scoped("agent", given, options)

    @overload
    def track_workflow(self, function: F, /) -> F: ...
    @overload
    def track_workflow(
        self, name: str | None = None, /, **options: Unpack[ScopedOptions]
    ) -> Callable[[F], F]: ...
    def track_workflow(self, given: Any = None, /, **options: Any) -> Any:
        """Decorate a function: what is tracked while it runs is of this workflow.

        See `track_feature`.
        """
        return self._scoped("workflow", given, options)

    @overload
    def track_session(self, function: F, /) -> F: ...
    @overload
    def track_session(
        self, name: str | None = None, /, **options: Unpack[ScopedOptions]
    ) -> Callable[[F], F]: ...
    def track_session(self, given: Any = None, /, **options: Any) -> Any:
        """Decorate a function: what is tracked while it runs is one session.

            @bear.track_session("support_chat", session="conversation_id")
            def answer(conversation_id: str, question: str) -> str: ...

        Args:
            given: The session's type; the function's name if left out.
            **options: See `ScopedOptions`. Without `session` each call is a session of its own.

        Raises:
            InvalidRequestError: An option names a parameter that the function does not have.
            TypeError: There is no such option.
        """
        return self._scoped("session_type", given, options)

    @overload
    def track_calls(self, function: F, /) -> F: ...
    @overload
    def track_calls(self, /, **options: Unpack[TrackOptions]) -> Callable[[F], F]: ...
    def track_calls(self, function: Any = None, /, **options: Any) -> Any:
        """Decorate a function that returns a provider's response, or a stream: it is tracked.

            @bear.track_calls
            def ask(question: str) -> ChatCompletion:
                return client.chat.completions.create(...)

        A response is returned as it is, a stream in its wrapper; a generator is the stream itself.
        How long the call took is recorded as well; of a stream, until its last item was read. Other
        decorators go above this one, so that the scopes they open hold when the call is tracked.

        Args:
            function: What is decorated, where there are no options.
            **options: As for `track`.

        Raises:
            InvalidRequestError: An option cannot be meant.
            TypeError: There is no such option.
        """
        from .decorators import tracked

        def decorate(decorated: Any) -> Any:
            return tracked(
                decorated,
                track=self._track_answer,
                options=options,
                guard=self._attribution_guard(),
            )

        return decorate if function is None else decorate(function)

    def _scoped(self, label: str, given: Any, options: Mapping[str, Any]) -> Any:
        from .decorators import scoped

        def decorate(function: Any) -> Any:
            return scoped(
                function,
                label=label,
                name=given if isinstance(given, str) else None,
                options=options,
                guard=self._attribution_guard(),
            )

        return decorate if given is None or isinstance(given, str) else decorate(given)
