"""The scope of a request around the WSGI application, each step of a streamed body included."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bearlumen.integration import default, guard_of, inside

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from bearlumen.integration import Inside

    Start = Callable[..., Any]
    Application = Callable[[dict[str, Any], Start], Iterable[bytes]]
    Labels = Callable[[dict[str, Any]], dict[str, Any]]

HEADER_IN_ENVIRON: Final = "HTTP_BEARLUMEN_SCOPE"


class Scoped:
    """A WSGI application, each of its requests within a scope of its own.

    Args:
        application: The one within.
        labels: What a request's scope says, by its environ.
        trust_scope_headers: Whether a scope that another service signed is opened.
    """

    def __init__(
        self, application: Application, labels: Labels, *, trust_scope_headers: bool
    ) -> None:
        self._application = application
        self._labels = labels
        self._trusts = trust_scope_headers

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        """Answer a request."""
        within = inside(default, **self._labels(environ))
        with within:
            if self._trusts and HEADER_IN_ENVIRON in environ:
                with guard_of(default)("reading the header of a scope"):
                    # Left open: it is then open in all that follows.
                    default.scope_from_headers(
                        {HEADER_IN_ENVIRON: environ[HEADER_IN_ENVIRON]}
                    ).__enter__()
            body = self._application(environ, start_response)
        wrapper = environ.get("wsgi.file_wrapper")
        if isinstance(wrapper, type) and isinstance(body, wrapper):
            return body  # the server sends it by itself, as long as nobody wraps it
        return _Body(body, within)


class _Body:
    """A response's body. Between two steps the thread may serve somebody else."""

    def __init__(self, body: Iterable[bytes], within: Inside) -> None:
        self._body = body
        self._within = within
        self._parts: Iterator[bytes] | None = None

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        with self._within:
            if self._parts is None:
                self._parts = iter(self._body)
            return next(self._parts)

    def close(self) -> None:
        close = getattr(self._body, "close", None)
        if close is not None:
            with self._within:
                close()
