"""Every form in which a caller can hold one recorded exchange, read as that caller would read it.

    for form in forms(row, client):
        untouched = read(row, form, client)
        tracked = read(row, form, client, track=bear.track)
        assert tracked.items == untouched.items

The two are read by the same code: tracking a call is not to change what its caller writes after it.
"""

import copy
import inspect
import re
import warnings
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

import anyio
import pytest

from bearlumen import TrackResult
from support.corpus import Row

Track = Callable[[Any], Any]

_ADDRESS = re.compile(r" at 0x[0-9a-f]+|object at \w+")
_STAMP = re.compile(r"\bcreated=\d+")


class Client(Protocol):
    """What makes the call of a row through its SDK: the corpus's own module is one."""

    MissingSDK: type[Exception]

    def variants(self, row: Row) -> list[str]:
        """The other forms that the SDK has for this call; `dict` is none of it."""
        ...

    def rebuild(self, row: Row, variant: str) -> Any:
        """What a caller of the sync client holds."""
        ...

    async def rebuild_async(self, row: Row, variant: str) -> Any:
        """What a caller of the async client holds."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Form:
    """One way to hold an exchange."""

    variant: str
    """`default`, `raw`, `streaming_response`, `helper`, `parse`, `anthropic-bedrock`; or `json`,
    without any SDK, and `named-json` for the events of an AWS stream under their names."""
    held: str
    """`sync` or `async`, by the client; without one `dict`, `list`, `iterator`, `generator`."""

    @property
    def name(self) -> str:
        """What the form is called in test ids."""
        return f"{self.variant}-{self.held}"

    @property
    def is_json(self) -> bool:
        """Whether no SDK is in between."""
        return self.variant in {"json", "named-json"}

    @property
    def is_async(self) -> bool:
        """Whether it is read with `await` and `async for`."""
        return self.held in {"async", "generator"}


@dataclass(kw_only=True, slots=True)
class Read:
    """What a caller got to see."""

    items: list[Any] = field(default_factory=list[Any])
    """Type and content of each thing, in order."""
    refused: tuple[str, str] | None = None
    """Type and text of the exception of a call that gave nothing to track."""
    error: tuple[str, str] | None = None
    """Type and text of the exception that ended the reading."""
    result: TrackResult | None = None
    """None where nothing was tracked."""
    warned: list[str] = field(default_factory=list[str])
    """What the SDK calls deprecated in how it was used."""


def forms(row: Row, client: Client) -> list[Form]:
    """The forms of this exchange; whether its SDK is installed shows when it is read."""
    socket = row["wire"] == "wsevent"  # a message is the same object for both clients
    found = [Form(variant="default", held=held) for held in ("sync", "async")[: 2 - socket]]
    for variant in client.variants(row):
        if variant != "dict":
            found += [Form(variant=variant, held=held) for held in ("sync", "async")]
    if row["status"] >= 400:  # an error has no other form than its exception
        return found
    if not row["streaming"]:
        return [*found, Form(variant="json", held="dict")]
    variants = ["json", "named-json"] if row["surface"] == "converse_stream" else ["json"]
    holders = ("iterator", "generator", "list")
    return found + [Form(variant=variant, held=held) for variant in variants for held in holders]


def read(row: Row, form: Form, client: Client, *, track: Track | None = None) -> Read:
    """Make the call, track it if asked to, and read everything it gives.

    Skips the test where the SDK is not installed, naming it.
    """
    row = copy.deepcopy(row)  # an SDK's converter takes the message apart
    try:
        with deprecations() as warned:
            if form.is_async:
                seen = anyio.run(_read_async, row, form, client, track)
            else:
                seen = _read_sync(row, form, client, track)
    except client.MissingSDK as missing:
        pytest.skip(f"{missing} is not installed")
    seen.warned = sorted({str(warning.message) for warning in warned})
    return seen


@contextmanager
def deprecations() -> Generator[list[warnings.WarningMessage]]:
    """Collect the warnings of a block that would tell a caller to write something else."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", DeprecationWarning)
        yield caught


def _read_sync(row: Row, form: Form, client: Client, track: Track | None) -> Read:
    seen = Read()
    try:
        held = _json(row, form) if form.is_json else client.rebuild(row, form.variant)
    except client.MissingSDK:
        raise
    except Exception as error:  # noqa: BLE001  # the SDK's own, whatever it is
        seen.refused = _shown_error(error)
        return seen
    handle: Any = track(held) if track else held
    try:
        source = held if isinstance(handle, TrackResult) else handle
        for item in _consume(row, form, source):
            seen.items.append(shown(item))
    except Exception as error:  # noqa: BLE001
        seen.error = _shown_error(error)
    if track:
        seen.result = handle if isinstance(handle, TrackResult) else handle.result
    return seen


async def _read_async(row: Row, form: Form, client: Client, track: Track | None) -> Read:
    seen = Read()
    try:
        held = (
            _generate(_json(row, form))
            if form.is_json
            else await client.rebuild_async(row, form.variant)
        )
    except client.MissingSDK:
        raise
    except Exception as error:  # noqa: BLE001
        seen.refused = _shown_error(error)
        return seen
    handle: Any = track(held) if track else held
    try:
        source = held if isinstance(handle, TrackResult) else handle
        async for item in _consume_async(row, form, source):
            seen.items.append(shown(item))
    except Exception as error:  # noqa: BLE001
        seen.error = _shown_error(error)
    if track:
        result = handle if isinstance(handle, TrackResult) else handle.result
        seen.result = await result if inspect.isawaitable(result) else result
    return seen


def _json(row: Row, form: Form) -> Any:
    if not row["streaming"]:
        return copy.deepcopy(row["response_body"])
    chunks = [event["data"] for event in row["response_body"] if isinstance(event["data"], dict)]
    if form.variant == "named-json":
        chunks = [{event["event"]: event["data"]} for event in row["response_body"]]
    chunks = copy.deepcopy(chunks)
    return chunks if form.held in {"list", "generator"} else iter(chunks)


async def _generate(chunks: list[Any]) -> AsyncIterator[Any]:
    for chunk in chunks:
        yield chunk


def _consume(row: Row, form: Form, held: Any) -> Iterator[Any]:
    if form.variant in {"helper", "streaming_response"}:
        with held as opened:
            yield from _parsed(row, opened) if form.variant == "streaming_response" else opened
    elif form.variant == "raw":
        yield from _parsed(row, held)
    elif _is_invoke(row, form):
        yield held["body"].read()
        yield held["ResponseMetadata"]["HTTPHeaders"]
    elif row["streaming"]:
        yield from stream_in(held)
    else:
        yield held


def _parsed(row: Row, raw: Any) -> Iterator[Any]:
    yield raw.http_request.url.path
    parsed = raw.parse()
    yield from parsed if row["streaming"] else [parsed]


async def _consume_async(row: Row, form: Form, held: Any) -> AsyncIterator[Any]:
    if form.variant == "helper":
        async with held as opened:
            async for item in opened:
                yield item
    elif form.variant == "streaming_response":
        async with held as opened:
            async for item in _parsed_async(row, opened):
                yield item
    elif form.variant == "raw":
        async for item in _parsed_async(row, held):
            yield item
    elif _is_invoke(row, form):
        yield await held["body"].read()
        yield held["ResponseMetadata"]["HTTPHeaders"]
    elif row["streaming"]:
        async for item in stream_in(held):
            yield item
    else:
        yield held


async def _parsed_async(row: Row, raw: Any) -> AsyncIterator[Any]:
    yield raw.http_request.url.path
    parsed = raw.parse()
    # OpenAI's older raw answer is parsed without a wait, on the async client too.
    parsed = await parsed if inspect.isawaitable(parsed) else parsed
    if not row["streaming"]:
        yield parsed
        return
    async for item in parsed:
        yield item


def _is_invoke(row: Row, form: Form) -> bool:
    return row["surface"] == "invoke_model" and form.variant == "default"


def stream_in(held: Any) -> Any:
    """The stream itself; boto3 hands it out in a dict."""
    if isinstance(held, dict):
        answer = cast("dict[str, Any]", held)
        return answer["stream"] if "stream" in answer else answer["body"]
    return held


def shown(item: Any) -> Any:
    """Type and content of what a caller holds, for comparison with another's."""
    if isinstance(item, tuple):
        return [shown(part) for part in cast("tuple[Any, ...]", item)]
    # xAI's objects show nothing of the message that they stand for.
    content = _ADDRESS.sub("", repr(getattr(item, "proto", item)))
    # LiteLLM stamps what it makes with its own clock: two readings may differ by a second.
    if type(item).__module__.startswith("litellm."):
        content = _STAMP.sub("created=", content)
    return _type_name(item), content


def _shown_error(error: Exception) -> tuple[str, str]:
    return _type_name(error), _ADDRESS.sub("", str(error))


def _type_name(value: object) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}"
