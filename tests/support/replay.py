"""Recorded provider answers as the objects users hold: through the real SDK, or as plain JSON.

    recording = load(path)
    rebuild(recording)              # what the sync client returns; a stream for a streaming one
    await rebuild_async(recording)  # what the async client returns
    as_json(recording)              # what `response.json()` would give; an iterator of chunks

Pass a `Tape` to see how much of the answer was read, and whether it was closed:

    tape = Tape(recording)
    stream = rebuild(recording, tape=tape)
"""

import copy
from collections.abc import AsyncIterator, Iterator
from typing import Any

from .calls import ask, ask_async
from .clients import async_client, sync_client
from .recordings import Event, Recording, load, recordings
from .tape import Tape

__all__ = [
    "Event",
    "Recording",
    "Tape",
    "as_json",
    "as_json_async",
    "async_client_for",
    "client_for",
    "has_async",
    "load",
    "rebuild",
    "rebuild_async",
    "recordings",
]


def has_async(recording: Recording) -> bool:
    """Whether the SDK has an async client; boto3 has none."""
    return recording.sdk != "boto3"


def client_for(recording: Recording, *, tape: Tape | None = None) -> Any:
    """The SDK's sync client, which answers every request with this recording."""
    return sync_client(tape or Tape(recording))


def async_client_for(recording: Recording, *, tape: Tape | None = None) -> Any:
    """The SDK's async client, which answers every request with this recording.

    Raises:
        NotImplementedError: The SDK has no async client, see `has_async`.
    """
    return async_client(tape or Tape(recording))


def rebuild(recording: Recording, *, tape: Tape | None = None) -> Any:
    """What a caller of the sync client holds: a response, or a stream nobody has read yet."""
    return ask(client_for(recording, tape=tape), recording)


async def rebuild_async(recording: Recording, *, tape: Tape | None = None) -> Any:
    """What a caller of the async client holds once the call was awaited.

    Raises:
        NotImplementedError: The SDK has no async client, see `has_async`.
    """
    return await ask_async(async_client_for(recording, tape=tape), recording)


def as_json(recording: Recording) -> Any:
    """The answer without an SDK: a dict, or for a stream an iterator of dicts.

    Bedrock's client hands out plain dicts, so there it is the same as `rebuild`.
    """
    if recording.sdk == "boto3":
        return rebuild(recording)
    return _chunks(recording) if recording.streaming else copy.deepcopy(recording.response)


def as_json_async(recording: Recording) -> AsyncIterator[dict[str, Any]]:
    """A stream without an SDK, as an async iterator of dicts.

    Raises:
        ValueError: The recording is not a stream; a plain answer is `as_json`.
        NotImplementedError: The SDK has no async client, see `has_async`.
    """
    if not has_async(recording):
        raise NotImplementedError(f"{recording.sdk} has no async client")
    if not recording.streaming:
        raise ValueError(f"{recording.name} is not a stream")
    return _chunks_async(recording)


def _chunks(recording: Recording) -> Iterator[dict[str, Any]]:
    for event in recording.events:
        yield copy.deepcopy(dict(event.data))


async def _chunks_async(recording: Recording) -> AsyncIterator[dict[str, Any]]:
    for chunk in _chunks(recording):
        yield chunk
