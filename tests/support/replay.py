"""Recorded provider answers as the objects users hold: through the real SDK, or as plain JSON.

    recording = load(path)
    rebuild(recording)              # what the sync client returns; a stream for a streaming one
    await rebuild_async(recording)  # what the async client returns
    as_json(recording)              # what `response.json()` would give; an iterator of chunks

Pass a `Tape` to see how much of the answer was read, and whether it was closed:

    tape = Tape(recording)
    stream = rebuild(recording, tape=tape)

Where the recording's SDK is not installed the test is skipped.
"""

import copy
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

from .calls import ask, ask_async
from .clients import SYNC_ONLY, aiobotocore_client, async_client, sync_client
from .recordings import Event, Linked, Meaning, Recording, load, recordings
from .tape import Tape
from .wire import INVOKED

__all__ = [
    "Event",
    "Linked",
    "Meaning",
    "Recording",
    "Tape",
    "as_json",
    "as_json_async",
    "async_client_for",
    "client_for",
    "has_async",
    "load",
    "rebuild",
    "rebuild_aiobotocore",
    "rebuild_async",
    "recordings",
]


def has_async(recording: Recording) -> bool:
    """Whether the SDK has an async client; boto3 has none."""
    return recording.sdk not in SYNC_ONLY


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
    if recording.sdk == "json":
        return as_json(recording)
    return ask(client_for(recording, tape=tape), recording)


async def rebuild_async(recording: Recording, *, tape: Tape | None = None) -> Any:
    """What a caller of the async client holds once the call was awaited.

    Raises:
        NotImplementedError: The SDK has no async client, see `has_async`.
    """
    return await ask_async(async_client_for(recording, tape=tape), recording)


async def rebuild_aiobotocore(recording: Recording, *, tape: Tape | None = None) -> Any:
    """What a caller of boto3's async counterpart holds."""
    async with aiobotocore_client(tape or Tape(recording)) as client:
        return await ask_async(client, recording)


def as_json(recording: Recording) -> Any:
    """The answer without an SDK: a dict, or for a stream an iterator of dicts."""
    return _chunks(recording) if recording.streaming else copy.deepcopy(recording.response)


def as_json_async(recording: Recording) -> AsyncIterator[dict[str, Any]]:
    """A stream without an SDK, as an async iterator of dicts.

    Raises:
        ValueError: The recording is not a stream; a plain answer is `as_json`.
    """
    if not recording.streaming:
        raise ValueError(f"{recording.name} is not a stream")
    return _chunks_async(recording)


def _chunks(recording: Recording) -> Iterator[dict[str, Any]]:
    for event in recording.events:
        data = copy.deepcopy(dict(event.data))
        if recording.sdk != "boto3":
            yield data
        elif event.name is None:
            yield {INVOKED: {"bytes": json.dumps(data).encode()}}
        else:
            # An item of boto3's streams is {"metadata": {…}}: the name is a key.
            yield {event.name: data}


async def _chunks_async(recording: Recording) -> AsyncIterator[dict[str, Any]]:
    for chunk in _chunks(recording):
        yield chunk
