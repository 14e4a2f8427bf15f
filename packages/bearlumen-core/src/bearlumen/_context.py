"""Who and what the current call is for.

A scope holds for the code that runs within it, however deep: through `await`, tasks made within
it, `asyncio.to_thread`. It does not reach a thread that is started by hand; see `bind`.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final, Self, TypedDict

from ._guard import Guard
from ._options import LIGHT_BYTES, OBJECT_BYTES, HeavyLabels, clean_dimensions
from .errors import BearLumenError

if TYPE_CHECKING:
    from contextvars import Token
    from types import TracebackType

    from ._options import Labels

Text = str | int | uuid.UUID | None
"""What a label is made of. An `int` or a UUID is written as text; None says: nobody, none."""
LabelValue = Text | Callable[[], Text]
"""A function is called when a call is tracked, and only then."""


class ScopeOptions(TypedDict, total=False):
    """Who and what calls are for. What is left out stays as it is outside; None clears it."""

    end_user: LabelValue
    """Your customer's id: never an e-mail address or a name."""
    feature: LabelValue
    """A capability of your product."""
    agent: LabelValue
    """A named actor."""
    workflow: LabelValue
    """A named flow."""
    session: LabelValue
    """One conversation or job."""
    session_type: LabelValue
    """What kind of session, such as `chat` or `batch`. It goes with its session: an inner scope
    with a session of its own does not take it over."""
    dimensions: Mapping[str, str | int | float | bool] | None
    """Your own keys to group by; those of an inner scope are added."""


MAX_LABEL_CHARACTERS: Final = 512
"""The server takes no longer one. A cut-off id could be somebody else's, so none is cut."""
OPTION_OF: Final = {
    "end_user": "user_id",
    "feature": "feature",
    "agent": "agent",
    "workflow": "workflow",
    "session": "session_id",
    "session_type": "session_type",
}
"""What `track` calls them."""
_NAME_OF: Final = {option: name for name, option in OPTION_OF.items()}


class Frame:
    """The labels in force somewhere, outer scopes' included. They never change."""

    __slots__ = ("labels", "lazy", "left", "opened_by", "outer", "weight")

    def __init__(self, labels: dict[str, Any]) -> None:
        self.labels = labels
        """By the name that `track` has for each."""
        self.lazy = tuple(name for name, value in labels.items() if callable(value))
        self.weight = sum(len(value) for value in labels.values() if type(value) is str)
        self.opened_by: Scope | None = None
        self.outer: Frame | None = None
        """What was in force where it was opened, and is again after it."""
        self.left = False
        """Its scope was left while an inner one was still open."""
        if labels.get("dimensions"):
            self.weight += len(str(labels["dimensions"])) + OBJECT_BYTES * len(labels["dimensions"])


_current: ContextVar[Frame | None] = ContextVar("bearlumen_scope", default=None)
current = _current.get
"""The frame in force; None outside every scope."""
_elsewhere = Guard(None)
"""For scopes that belong to no client."""


def merged(outer: Mapping[str, Any], inner: Mapping[str, Any]) -> dict[str, Any]:
    """The labels of both, the inner ones first; their dimensions together."""
    labels = {**outer, **inner}
    dimensions = inner.get("dimensions")
    if dimensions is not None and outer.get("dimensions"):
        labels["dimensions"] = {**outer["dimensions"], **dimensions}
    if "session_id" in inner and "session_type" not in inner:
        labels.pop("session_type", None)
    return labels


def in_force(frame: Frame, labels: Labels, guard: Guard) -> Labels:
    """What a call is recorded with: what was said of it, then what its scopes say.

    Args:
        frame: The scope in force.
        labels: The options given with the call, checked. They win.
        guard: Told of a value that cannot be a label.
    """
    outer = frame.labels
    if frame.lazy:
        outer = _resolved(frame, guard, but=labels)
    together = merged(outer, labels)
    weight = frame.weight + (labels.weight if isinstance(labels, HeavyLabels) else 0)
    if weight <= LIGHT_BYTES:
        return together
    heavy = HeavyLabels(together)
    heavy.weight = weight
    return heavy


def _resolved(
    frame: Frame, guard: Guard, *, but: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    labels = dict(frame.labels)
    asked = [(name, labels.pop(name)) for name in frame.lazy]
    # Whoever is asked may make a call of its own, which must not ask again.
    with Inside(Frame(dict(labels))):
        for name, resolve in asked:
            if but is None or name not in but:
                with guard(f"working out the {_NAME_OF[name]} of a scope"):
                    labels[name] = text_of(_NAME_OF[name], resolve(), guard)
    return labels


def text_of(name: str, value: object, guard: Guard) -> str | None:
    """A label's text; None where there is none, or it cannot be one, which is reported."""
    if value is None:
        return None
    if isinstance(value, str):
        # `str` of an enum's member is its name in the code, not the text that it is.
        text = value if type(value) is str else str.__str__(value)
        if not text:
            return None
    elif isinstance(value, int) and not isinstance(value, bool):
        text = int.__repr__(value)
    elif isinstance(value, uuid.UUID):
        text = str(value)
    else:
        kind = type(value).__qualname__
        guard.report(
            BearLumenError(
                f"{name} is a {kind}; it is a text or a whole number, such as the id that you "
                "know it by. It was left out."
            ),
            problem=f"{name} of a scope is a {kind}",
        )
        return None
    if len(text) > MAX_LABEL_CHARACTERS:
        guard.report(
            BearLumenError(
                f"{name} has {len(text)} characters, and {MAX_LABEL_CHARACTERS} is the most that "
                "a label has. It was left out."
            ),
            problem=f"{name} of a scope is too long",
        )
        return None
    if not text.isascii() or "\0" in text:
        return _writable(name, text, guard)
    return text


def _writable(name: str, text: str, guard: Guard) -> str | None:
    try:
        text.encode()
    except UnicodeEncodeError:
        pass
    else:
        if "\0" not in text:
            return text
    guard.report(
        BearLumenError(f"{name} holds characters that no text can. It was left out."),
        problem=f"{name} of a scope is no text",
    )
    return None


def read_scope(options: Mapping[str, Any], guard: Guard) -> dict[str, Any]:
    """Check what a scope says, and name it as `track` does.

    Raises:
        TypeError: A scope has no such label.
    """
    labels: dict[str, Any] = {}
    for name, value in options.items():
        option = OPTION_OF.get(name)
        if option is not None:
            if callable(value):
                labels[option] = value
                continue
            labels[option] = None  # whatever goes wrong, it is not that of an outer scope
            with guard(f"reading the {name} of a scope"):
                labels[option] = text_of(name, value, guard)
        elif name != "dimensions":
            known = _NAME_OF.get(name)
            raise TypeError(
                f"a scope has no {name!r}"
                + (f"; it is called {known!r} there" if known else "")
                + f". A scope says {', '.join((*OPTION_OF, 'dimensions'))}."
            )
        elif value is None:
            labels["dimensions"] = None
        else:
            with guard("reading the dimensions of a scope"):
                labels["dimensions"] = clean_dimensions(value, guard)
    return labels


class Scope:
    """`with bear.scope(…):`, in sync and async code; it may be entered again and by several."""

    __slots__ = ("_labels", "_open")

    def __init__(self, labels: Mapping[str, Any]) -> None:
        self._labels = labels
        self._open: list[Frame] = []
        """Of every context in which it was entered."""

    def __enter__(self) -> Self:
        frame = frame_of(self._labels)
        frame.opened_by = self
        frame.outer = _current.get()
        self._open.append(frame)
        _current.set(frame)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        innermost = mine = _current.get()
        while mine is not None and mine.opened_by is not self:
            mine = mine.outer
        with suppress(ValueError, IndexError):
            # In another context than it was entered in, it is the last one that is still open.
            if mine is None:
                mine = self._open.pop()
            else:
                self._open.remove(mine)
        if mine is None:
            return
        if mine is not innermost:
            # Left out of order, as a generator that is never finished may leave it, or in another
            # context: what is in force here stays, and is not followed by what was left.
            mine.left = True
            return
        outer = mine.outer
        while outer is not None and outer.left:
            outer = outer.outer
        _current.set(outer)

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.__exit__(kind, error, trace)


class Inside:
    """What is in force within a generator, a streamed body: entered anew for each of its steps.

    Between two steps it is not in force, for their reader has scopes of its own. A scope that one
    step leaves open is open again in the next. A step that is dropped where it waits, as a task
    that nobody holds is, ends where the collector runs, and changes nothing there.
    """

    __slots__ = ("_entered", "_frame")

    def __init__(self, frame: Frame | None) -> None:
        self._frame = frame
        self._entered: list[Token[Frame | None]] = []

    def __enter__(self) -> None:
        self._entered.append(_current.set(self._frame))

    def __exit__(self, *_: object) -> None:
        frame = _current.get()
        for token in reversed(self._entered):
            try:
                _current.reset(token)
            except ValueError:  # of another context
                continue
            self._entered.remove(token)
            self._frame = frame
            return


def frame_of(labels: Mapping[str, Any]) -> Frame:
    """What a scope of these labels would put in force here."""
    outer = _current.get()
    return Frame(merged(outer.labels, labels) if outer else dict(labels))


def settled(guard: Guard | None = None) -> Frame | None:
    """What is in force, with everything that was still to be worked out worked out now."""
    frame = _current.get()
    if frame is None or not frame.lazy:
        return frame
    return Frame(_resolved(frame, guard or _elsewhere))


def names_of(labels: Mapping[str, Any]) -> dict[str, Any]:
    """Labels by the names that a scope has for them."""
    return {_NAME_OF.get(option, option): value for option, value in labels.items()}
