"""Real recorded exchanges of the surfaces that we claim give the expected counts."""

from typing import Any

import pytest

from bearlumen import BearLumen, MemoryTransport, TrackedResponse, TrackedStream, TrackResult
from support.corpus import corpus_rebuild, corpus_rows

SURFACES = {
    ("openai", "chat.completions"),
    ("openai", "responses"),
    ("anthropic", "messages"),
    ("anthropic", "beta.messages"),
    ("bedrock", "converse"),
    ("bedrock", "converse_stream"),
    ("gemini", "generate_content"),
    ("gemini", "vertex.generate_content"),
    ("mistral", "chat"),
    ("ollama", "chat"),
    ("ollama", "generate"),
}
SDKS = {"openai", "anthropic", "boto3", "google-genai", "mistralai", "ollama"}
COUNTS = (
    "input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens",
)  # fmt: skip
ROWS = [
    row
    for row in corpus_rows()
    if (row["provider"], row["surface"]) in SURFACES
    and row["sdk"] in SDKS
    and row["status"] == 200
    and not row["expected"].get("raises")
]

pytestmark = pytest.mark.skipif(not ROWS, reason="the corpus of recorded exchanges is not here")


def read(tracked: Any) -> TrackResult:
    """Read a stream to its end, as a caller would."""
    if isinstance(tracked, TrackedResponse):
        tracked = tracked.stream
    if isinstance(tracked, TrackedStream):
        for _ in tracked:  # pyright: ignore[reportUnknownVariableType]
            pass
        return tracked.result
    return tracked


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['provider']}-{row['id']}")
def test_recorded_exchange_yields_the_expected_counts(row: dict[str, Any]) -> None:
    """Through the provider's real client, model and counts are those that were billed."""
    rebuild = corpus_rebuild()
    assert rebuild is not None
    response = rebuild.rebuild(row)
    sent = MemoryTransport()
    with BearLumen(api_key="sk_test_1", transport=sent) as bear:
        result = read(bear.track(response))
    expected = row["expected"]
    assert result.model == expected["model"], row["source"]
    assert result.provider in {expected["provider"], *expected["accept_providers"]}
    wanted = {name: expected[name] for name in COUNTS if expected.get(name) is not None}
    got = {name: result.counts[name] for name in COUNTS if name in result.counts}
    if expected.get("ambiguous"):
        assert got.keys() == wanted.keys()
        return
    assert got == wanted, row["source"]
