"""Exchanges to hold laws against: the corpus where there is one, and the repository's recordings.

Both have the corpus's form, so that both are read in every form by the same code.
"""

import copy
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from providers.forms import Client, Form, forms

from support.corpus import Row, corpus_rebuild, corpus_rows
from support.replay import (
    Event,
    Meaning,
    Recording,
    has_async,
    load,
    rebuild,
    rebuild_aiobotocore,
    rebuild_async,
    recordings,
)


class Exchange:
    """One recorded exchange, and the client that replays it."""

    def __init__(self, row: Row, client: Client) -> None:
        self.row = row
        self.client = client
        # The recordings have names, the rows of the corpus have hashes.
        named = "/" in row["id"]
        self.name = row["id"] if named else f"{row['provider']}-{row['surface']}-{row['id'][:8]}"

    def __repr__(self) -> str:
        return self.name

    @property
    def streaming(self) -> bool:
        """Whether the answer came in pieces."""
        return self.row["streaming"]

    @property
    def forms(self) -> list[Form]:
        """Every form of it, with an SDK or without."""
        return forms(self.row, self.client)

    def json_form(self, held: str) -> Form:
        """It as plain JSON, held as a `dict`, `list`, `iterator` or `generator`."""
        # Only under its name is an event of an AWS stream what a caller holds.
        named = self.row["surface"] == "converse_stream"
        return Form(variant="named-json" if named else "json", held=held)

    @property
    def says_less_as_json(self) -> bool:
        """Whether counts stand in headers only, or what it is can only be told by its class."""
        expected = self.row["expected"]
        bare = expected.get("no_usage_reason") == "provider_reports_none"
        return bare or expected.get("says_less", False) or "headers" in expected.get("basis", "")

    def chunks(self) -> list[Any]:
        """The items of a stream as plain JSON, fresh ones each time."""
        events = [event for event in self.row["response_body"] if isinstance(event["data"], dict)]
        if self.row["surface"] == "converse_stream":
            return copy.deepcopy([{event["event"]: event["data"]} for event in events])
        return copy.deepcopy([event["data"] for event in events])


class NotInstalledError(Exception):
    """There is no such client here."""


class Replays:
    """The recordings under tests/fixtures as rows; a missing SDK skips, in `support.replay`."""

    MissingSDK: type[Exception] = NotInstalledError

    def __init__(self) -> None:
        self._recordings = {r.name: r for r in map(load, recordings())}

    def rows(self) -> list[Row]:
        """Every recording in the form of the corpus."""
        # What a caller holds of `.parse()` is an exception, or nothing of the kind once damaged.
        return [_row(r) for r in self._recordings.values() if r.surface != "parse"]

    def variants(self, row: Row) -> list[str]:
        """None: raw answers and helpers are tested with the corpus."""
        return []

    def rebuild(self, row: Row, variant: str) -> Any:
        """What a caller of the sync client holds."""
        return rebuild(self._with_body(row))

    async def rebuild_async(self, row: Row, variant: str) -> Any:
        """What a caller of the async client holds."""
        recording = self._with_body(row)
        if recording.sdk == "boto3":
            return await rebuild_aiobotocore(recording)
        if not has_async(recording):
            raise NotInstalledError(f"an async client of {recording.sdk}")
        return await rebuild_async(recording)

    def _with_body(self, row: Row) -> Recording:
        recording, body = self._recordings[row["id"]], row["response_body"]
        if not recording.streaming:
            return replace(recording, response=body)
        events = tuple(Event(name=event["event"], data=event["data"]) for event in body)
        return replace(recording, events=events)


@cache
def exchanges() -> list[Exchange]:
    """Every exchange that was answered."""
    replays = Replays()
    found = [Exchange(row, replays) for row in replays.rows()]
    corpus: Any = corpus_rebuild()
    return found + [Exchange(row, corpus) for row in corpus_rows() if row["status"] == 200]


def streams() -> list[Exchange]:
    """Those that came in pieces."""
    return [exchange for exchange in exchanges() if exchange.streaming]


def each(chosen: list[Exchange]) -> pytest.MarkDecorator:
    """Run a test once for each exchange, under its name."""
    return pytest.mark.parametrize("exchange", chosen, ids=repr)


def _row(recording: Recording) -> Row:
    surface = {"invoke": "invoke_model"}.get(recording.surface, recording.surface)
    if recording.sdk == "boto3" and recording.streaming:
        surface += "_stream"
    body: Any = recording.response
    if recording.streaming:
        body = [{"event": event.name, "data": dict(event.data)} for event in recording.events]
    return {
        "id": recording.name,
        "provider": recording.provider,
        "sdk": recording.sdk,
        "surface": surface,
        "streaming": recording.streaming,
        "wire": "wsevent" if recording.surface in {"realtime", "live"} else "json",
        "status": 200,
        "response_body": body,
        "expected": {
            "provider": recording.provider,
            "accept_providers": [recording.as_json.provider],
            "says_less": any(
                getattr(recording.as_json, name) != getattr(recording, name)
                for name in Meaning.__dataclass_fields__
                if name not in {"provider", "flavor"}
            ),
        },
    }
