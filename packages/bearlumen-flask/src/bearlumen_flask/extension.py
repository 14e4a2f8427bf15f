"""The extension: the app's settings, its client, and whom each request is for."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from flask import Response, current_app, has_request_context, request
from werkzeug.utils import import_string

from bearlumen import BearLumen
from bearlumen.errors import InvalidRequestError
from bearlumen.integration import (
    CLIENT_OPTIONS,
    check_client_options,
    client_that_drops,
    configure_later,
    default,
    guard_of,
)

from .commands import group
from .users import end_user
from .wsgi import Scoped

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    F = TypeVar("F", bound=Callable[[], Any])

PREFIX: Final = "BEARLUMEN_"
NAME: Final = "bearlumen"
_CLEAR: Final = dict.fromkeys(("agent", "workflow", "session", "session_type", "dimensions"))
"""Whatever a thread was left with, a request begins with nothing."""


class BearLumenFlask:
    """Tags what is tracked during a request, its streamed body included, with its user.

        bearlumen = BearLumenFlask()
        bearlumen.init_app(app)

    Who that is is worked out when something is tracked, and only then: by what `user_loader` was
    given, by `BEARLUMEN_USER_RESOLVER`, or by Flask-Login. A streamed response is the exception:
    its user is looked up before it begins.

    `BEARLUMEN_API_KEY` and the client's other options are read from the app's configuration, and
    `BEARLUMEN_FEATURE` (`"endpoint"`, or a function) names the feature.

    Args:
        app: The app, if there is one already.
    """

    def __init__(self, app: Flask | None = None) -> None:
        self._user: Callable[[], Any] | None = None
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Set an app up; once is enough, and twice does nothing more.

        Raises:
            InvalidRequestError: The configuration cannot be meant.
        """
        if NAME in app.extensions:
            return
        config = cast("dict[str, Any]", app.config)
        config.setdefault(f"{PREFIX}API_KEY", "")
        state = app.extensions[NAME] = _State(self, app)
        app.wsgi_app = Scoped(  # type: ignore[method-assign]
            app.wsgi_app,
            state.labels,
            trust_scope_headers=bool(config.get(f"{PREFIX}TRUST_SCOPE_HEADERS")),
        )
        app.after_request(state.settle_streamed)
        app.cli.add_command(group)
        configure_later(state.make_client)

    def user_loader(self, function: F) -> F:
        """Decorate the function that says whom the request in force is for.

        @bearlumen.user_loader
        def customer():
            return g.customer_id
        """
        self._user = function
        return function


class _State:
    """What the extension keeps of one app."""

    def __init__(self, extension: BearLumenFlask, app: Flask) -> None:
        self._extension = extension
        config = cast("dict[str, Any]", app.config)
        self.options: dict[str, Any] = {
            name: config[PREFIX + name.upper()]
            for name in CLIENT_OPTIONS
            if PREFIX + name.upper() in config
        }
        check_client_options(self.options)
        self._user = _function(app, "USER_RESOLVER") or end_user
        feature = config.get(f"{PREFIX}FEATURE")
        self._feature = _endpoint if feature == "endpoint" else _function(app, "FEATURE")

    def make_client(self) -> BearLumen:
        """A client as the configuration has it; without a key, one that drops everything."""
        if self.options["api_key"]:
            return BearLumen(**self.options)
        return client_that_drops(self.options, why="BEARLUMEN_API_KEY is not set")

    def labels(self, environ: dict[str, Any]) -> dict[str, Any]:
        """What a request's scope says."""
        mark = object()
        user = self._extension._user or self._user  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        labels = {"end_user": _Resolved(user, mark)}
        if self._feature is not None:
            labels["feature"] = _Resolved(self._feature, mark)
        environ[_MARK], environ[_LABELS] = mark, labels
        return {**_CLEAR, "feature": None, **labels}

    def settle_streamed(self, response: Response) -> Response:
        """Look up, while there is the request's context, what a streamed body may be asked for."""
        if response.is_streamed and not response.direct_passthrough:
            with guard_of(default)("working out the end user of a streamed response"):
                for resolved in request.environ.get(_LABELS, {}).values():
                    resolved()
        return response


_MARK: Final = "bearlumen.request"
_LABELS: Final = "bearlumen.labels"


class _Resolved:
    """Asks in the request's context, and remembers for when there is none any more."""

    __slots__ = ("_ask", "_found", "_mark")

    def __init__(self, ask: Callable[[], Any], mark: object) -> None:
        self._ask = ask
        self._found: Any = None
        self._mark = mark

    def __call__(self) -> Any:
        # Between the steps of a streamed body Flask leaves its request's context to whoever comes.
        if has_request_context() and request.environ.get(_MARK) is self._mark:
            self._found = None  # whatever goes wrong, it is not who it was before
            self._found = self._ask()
        return self._found


def options_of_current_app() -> dict[str, Any] | None:
    """What the client of the app is made with; None if it was not set up."""
    state = current_app.extensions.get(NAME)
    return state.options if isinstance(state, _State) else None


def _endpoint() -> str | None:
    return request.endpoint


def _function(app: Flask, name: str) -> Callable[[], Any] | None:
    given: Any = cast("dict[str, Any]", app.config).get(PREFIX + name)
    if isinstance(given, str):
        try:
            given = import_string(given)
        except ImportError as error:
            raise InvalidRequestError(
                f"{PREFIX}{name} is {given!r}, which cannot be imported: {error}"
            ) from error
    if given is None:
        return None
    if not callable(given) or inspect.iscoroutinefunction(given):
        raise InvalidRequestError(
            f"{PREFIX}{name} is {given!r}; it is a plain function without arguments, or the path "
            "of one."
        )
    return given
