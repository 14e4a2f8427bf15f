"""What the client sends is what the server decodes in one go."""

import json

import msgspec
import pytest

from bearlumen import BearLumen, MemoryTransport, TrackedResponse, TrackedStream
from bearlumen_server.ledger.schema import StrictBatch
from support.replay import Recording, as_json, load, recordings


@pytest.mark.parametrize("recording", [load(path) for path in recordings()], ids=lambda r: r.name)
def test_sdk_events_decode_strictly(recording: Recording) -> None:
    """No field of ours is unknown to the server, which would cost it a second, slower look."""
    sent = MemoryTransport()
    with BearLumen(api_key="k", transport=sent) as bear:
        tracked = bear.track(
            as_json(recording),
            feature="f", agent="a", workflow="w", session_id="s", session_type="t", user_id="u",
            dimensions={"team": "x", "seats": 3, "beta": True, "share": 0.5},
            units={"images": 2}, cost="0.01",
        )  # fmt: skip
        stream = tracked.stream if isinstance(tracked, TrackedResponse) else tracked
        if isinstance(stream, TrackedStream):
            next(stream)  # left early, so that the event is one that says it is incomplete
    batch = json.dumps({"events": sent.events}).encode()
    decoded = msgspec.json.decode(batch, type=StrictBatch)
    assert len(decoded.events) == len(sent.events) == ("in_progress" not in recording.tags)
