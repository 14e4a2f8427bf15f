"""Ways in which a response is not as it should be, as hypothesis strategies."""

import copy
import re
from collections.abc import Iterable, Iterator
from typing import Any, cast
from unittest.mock import MagicMock

from hypothesis import strategies as st
from providers.exchanges import Exchange

from support.corpus import Row

Path = tuple[str | int, ...]

_HUGE = 10**400
_OF_INTEREST = re.compile(r"usage|token|count|model|^id$|cost|tier|type|object|units|choices|data")
_OF_USAGE = re.compile(r"usage|token|count|billed|units|Metrics", re.IGNORECASE)

json_junk = st.one_of(
    st.sampled_from([None, True, False, "", "12", "-3", [], {}, [[]], {"total": 1}]),
    st.sampled_from([-1, 0, 2**31, 2**53 + 1, 2**63, -(10**30), 1e308, 0.5, -0.0, 12.0]),
    st.integers(),
    st.text(max_size=8),
)
"""What no provider sends in that place, and JSON can carry."""
junk = st.one_of(
    json_junk,
    st.sampled_from([float("nan"), float("inf"), float("-inf"), b"12", _HUGE, 1j, {1}, object()]),
)
"""What only a program can put there."""


@st.composite
def damaged(draw: st.DrawFn, exchange: Exchange, values: st.SearchStrategy[Any]) -> Row:
    """The exchange with a few fields gone, or of another type, or with its end cut off."""
    row = copy.deepcopy(exchange.row)
    if row["streaming"] and draw(st.booleans()):
        del row["response_body"][draw(st.integers(0, len(row["response_body"]))) :]
    for _ in range(draw(st.integers(0, 4))):
        found = _paths(row)
        of_interest = [path for path in found if _OF_INTEREST.search(str(path[-1]))]
        if not found:
            break
        path = draw(st.sampled_from(draw(st.sampled_from([found, of_interest or found]))))
        if draw(st.booleans()):
            # A copy: the next damage may be done to it, and hypothesis draws it again.
            _set(row["response_body"], path, copy.deepcopy(draw(values)))
        else:
            _delete(row["response_body"], path)
    return row


@st.composite
def renumbered(draw: st.DrawFn, exchange: Exchange) -> Row:
    """The exchange with other numbers in its usage, which need not add up."""
    row = copy.deepcopy(exchange.row)
    small = st.integers(0, 9) | st.integers(0, 10**6)
    for path in _paths(row):
        value = _get(row["response_body"], path)
        counts = isinstance(value, int) and not isinstance(value, bool)
        if counts and any(_OF_USAGE.search(str(key)) for key in path):
            _set(row["response_body"], path, draw(small))
    return row


class Fragile:
    """An object whose attributes raise: a property of somebody else's that fails."""

    def __init__(self, fields: dict[str, Any], raising: frozenset[str], error: Exception) -> None:
        self._fields, self._raising, self._error = fields, raising, error

    def __getattr__(self, name: str) -> Any:
        if name in self.__dict__.get("_raising", ()):
            raise self._error
        try:
            return self.__dict__["_fields"][name]
        except KeyError:
            raise AttributeError(name) from None


@st.composite
def fragile(draw: st.DrawFn, exchange: Exchange) -> Any:
    """An item of the exchange as an object of its SDK's package, some of whose fields raise."""
    body = exchange.chunks() if exchange.streaming else exchange.row["response_body"]
    item = draw(st.sampled_from(body)) if isinstance(body, list) and body else body
    root = {"google-genai": "google.genai", "openai-azure": "openai"}.get(
        exchange.row["sdk"], exchange.row["sdk"]
    )
    kind = type("Response", (Fragile,), {"__module__": f"{root}.types"})
    names = sorted({str(path[-1]) for path in _paths({"response_body": item, "streaming": False})})
    names += ["__iter__", "__enter__", "__aiter__", "model_dump", "parse", "read", "proto"]
    raising = draw(st.frozensets(st.sampled_from(names), min_size=1, max_size=4))
    error = draw(
        st.sampled_from([ValueError("x"), KeyError("x"), RuntimeError(), RecursionError()])
    )

    def made(value: Any) -> Any:
        if isinstance(value, dict):
            fields = cast("dict[str, Any]", value)
            return kind({key: made(field) for key, field in fields.items()}, raising, error)
        if isinstance(value, list):
            return [made(field) for field in cast("list[Any]", value)]
        return value

    return made(item)


_keys = (
    "usage", "model", "object", "type", "id", "choices", "response", "output", "done", "message",
    "created_at", "usageMetadata", "ResponseMetadata", "stream", "body",
)  # fmt: skip
_values = st.recursive(
    junk,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(_keys) | st.text(max_size=4), inner, max_size=5)
    ),
    max_leaves=12,
)
anything = st.one_of(
    _values.filter(lambda value: value is not None),
    st.sampled_from([int, len, re, ValueError("x"), NotImplemented, ..., range(3)]),
)
"""Anything at all but None, which means a call without a response."""


def around_itself() -> Any:
    """A response that contains itself."""
    value: dict[str, Any] = {"object": "chat.completion", "choices": [], "type": "message"}
    value["usage"] = value
    value["choices"].append(value["choices"])
    return value


def like_itself_forever() -> Any:
    """An object that has every attribute, and is its own."""

    class Echo:
        def __getattr__(self, name: str) -> Any:
            return self

    return Echo()


def unbound() -> Any:
    """A web framework's proxy outside of a request: not even its class can be asked for."""

    class Proxy:
        def __getattribute__(self, name: str) -> Any:
            raise RuntimeError(name)

    return Proxy()


STRANGERS = (around_itself, like_itself_forever, unbound, MagicMock, object)
"""Objects that hypothesis cannot hold: it asks them what they are."""


def _paths(row: Row) -> list[Path]:
    """Where every field of the answer stands, from its body on."""
    if not row["streaming"]:
        return list(_walk(row["response_body"], ()))
    return [
        path
        for index, event in enumerate(row["response_body"])
        for path in _walk(event["data"], (index, "data"))
    ]


def _walk(value: Any, at: Path) -> Iterator[Path]:
    fields: Iterable[tuple[str | int, Any]] = ()
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value).items()
    elif isinstance(value, list):
        fields = enumerate(cast("list[Any]", value))
    for key, inner in fields:
        yield (*at, key)
        yield from _walk(inner, (*at, key))


def _get(body: Any, path: Path) -> Any:
    for key in path:
        body = body[key]
    return body


def _set(body: Any, path: Path, value: Any) -> None:
    _get(body, path[:-1])[path[-1]] = value


def _delete(body: Any, path: Path) -> None:
    del _get(body, path[:-1])[path[-1]]
