"""What the client says a call costs is what the server's ledger says, to the last digit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from bearlumen import BearLumen
from bearlumen_server import local_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bearlumen import TrackResult

DAY = datetime(2026, 11, 3, 12, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call, and what it costs by hand; None where nobody can tell."""

    name: str
    response: dict[str, Any] | None
    cost: str | None
    source: str | None
    options: dict[str, Any]


def call(
    name: str,
    response: dict[str, Any] | None,
    expected: str | None,
    *,
    source: str | None = "catalogue",
    **options: Any,
) -> Call:
    """A call with its options as `track` takes them."""
    return Call(name=name, response=response, cost=expected, source=source, options=options)


def chat(model: str, usage: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """OpenAI's shape of a response."""
    return {"object": "chat.completion", "model": model, "usage": usage, **fields}


def message(model: str, usage: dict[str, Any]) -> dict[str, Any]:
    """Anthropic's shape of a response."""
    return {"type": "message", "role": "assistant", "model": model, "usage": usage}


def gemini(tokens: int) -> dict[str, Any]:
    """Google's shape of a response: 60 tokens of answer and 40 of thought."""
    counts = {"promptTokenCount": tokens, "candidatesTokenCount": 60, "thoughtsTokenCount": 40}
    return {"candidates": [{}], "modelVersion": "gemini-2.5-pro", "usageMetadata": counts}


PLAIN = {"prompt_tokens": 1000, "completion_tokens": 500}
CLAUDE = {"input_tokens": 1000, "output_tokens": 500}
SONNET = "claude-sonnet-4-5"

CALLS = [
    # gpt-5: $1.25 in, $0.125 cached, $10 out; half in flex and in batch, double in priority
    call("standard", chat("gpt-5", PLAIN, service_tier="default"), "0.00625"),
    call("flex", chat("gpt-5", PLAIN, service_tier="flex"), "0.003125"),
    call("priority", chat("gpt-5", PLAIN, service_tier="priority"), "0.0125"),
    call("unknown-tier", chat("gpt-5", PLAIN, service_tier="scale"), None, source=None),
    call(
        "cached",
        chat("gpt-5", {**PLAIN, "prompt_tokens_details": {"cached_tokens": 800}}),
        "0.00535",
    ),
    call(
        "openai-batch",
        {"custom_id": "1", "response": {"body": chat("gpt-5", PLAIN)}},
        "0.003125",
    ),
    # Sonnet 4.5: $3 in, $15 out, $0.30 read, $3.75 written for 5 minutes and $6 for an hour
    call(
        "cache-writes",
        message(
            SONNET,
            {
                **CLAUDE,
                "cache_read_input_tokens": 2000,
                "cache_creation_input_tokens": 3000,
                "cache_creation": {
                    "ephemeral_5m_input_tokens": 2000,
                    "ephemeral_1h_input_tokens": 1000,
                },
            },
        ),
        "0.0246",
    ),
    call(
        "web-search",
        message(SONNET, {**CLAUDE, "server_tool_use": {"web_search_requests": 3}}),
        "0.0405",
    ),
    # Sonnet 5 in batch is $1 and $5; Opus 5 in fast mode $10 and $50
    call("batch", message("claude-sonnet-5", {**CLAUDE, "service_tier": "batch"}), "0.0035"),
    # A tenth more in the US, in batch too, but not for the search
    call("us-only", message("claude-opus-5", {**CLAUDE, "inference_geo": "us"}), "0.01925"),
    call("anywhere", message("claude-opus-5", {**CLAUDE, "inference_geo": "global"}), "0.0175"),
    call(
        "us-only-batch-search",
        message(
            "claude-sonnet-5",
            {
                **CLAUDE,
                "inference_geo": "us",
                "service_tier": "batch",
                "server_tool_use": {"web_search_requests": 1},
            },
        ),
        "0.01385",
    ),
    call(
        "bedrock-bare-name",
        {**message("claude-haiku-4-5-20251001", CLAUDE), "id": "msg_bdrk_1"},
        None,
        source=None,
    ),
    call("fast", message("claude-opus-5", {**CLAUDE, "speed": "fast"}), "0.035"),
    # $1.25 and $10 up to 200,000 tokens of input, $2.50 and $15 for the whole request above
    call("below-the-step", gemini(200_000), "0.251"),
    call("above-the-step", gemini(200_001), "0.5015025"),
    # 10 % more for the regional profile: $3.30 and $16.50
    call(
        "bedrock",
        {
            "ResponseMetadata": {},
            "output": {"message": {"role": "assistant", "content": []}},
            "usage": {"inputTokens": 1000, "outputTokens": 500, "totalTokens": 1500},
            "stopReason": "end_turn",
        },
        "0.01155",
        model="us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    ),
    # $15 a million characters; $0.111 an hour
    call("speech", None, "0.0225", model="tts-1", provider="openai", units={"characters": 1500}),
    call(
        "transcription",
        None,
        "0.003094125",
        model="whisper-large-v3",
        provider="groq",
        units={"seconds": 100.35},
    ),
    call(
        "tokens-not-billed",
        chat("voxtral-mini-2602", PLAIN),
        "0.003",
        provider="mistral",
        units={"seconds": 60},
    ),
    call("unknown-unit", None, None, source=None, model="gpt-5", provider="openai", units={"x": 1}),
    call("unknown-model", chat("gpt-nope", PLAIN), None, source=None),
    # Stated: more digits than a ledger keeps, the last of them a half
    call(
        "caller", chat("gpt-5", PLAIN), "0.123456789012", source="explicit", cost="0.1234567890125"
    ),
    call(
        "provider",
        chat("openai/gpt-5", {**PLAIN, "cost": 0.0061}, provider="OpenAI"),
        "0.0061",
        source="provider",
        provider="openrouter",
    ),
]


@pytest.fixture(scope="module")
def bear() -> Iterator[BearLumen]:
    """A client of a real server, whose ledger nobody else writes to."""
    with (
        local_server() as server,
        BearLumen(api_key=server.api_key, base_url=server.url) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def results(bear: BearLumen) -> dict[str, TrackResult]:
    """Every call, tracked and delivered."""
    tracked = {
        each.name: bear.track(each.response, timestamp=DAY, **each.options) for each in CALLS
    }
    assert bear.flush()
    return tracked


@pytest.fixture(scope="module")
def ledger(bear: BearLumen, results: dict[str, TrackResult]) -> dict[str, Any]:
    """What the server stored, by event id."""
    page = bear.usage.events(start_date=DAY.date(), end_date=DAY.date(), limit=100)
    stored = {event.event_id: event for event in page.events}
    assert len(stored) == len(results)
    return stored


@pytest.mark.parametrize("each", CALLS, ids=lambda each: each.name)
def test_a_cost_is_the_ledgers(
    results: dict[str, TrackResult], ledger: dict[str, Any], each: Call
) -> None:
    """Read on the spot or asked of the server, it is one figure, and the right one."""
    expected = None if each.cost is None else Decimal(each.cost)
    result = results[each.name]
    stored = ledger[str(result.event_id)]
    assert (stored.cost, stored.cost_source) == (expected, each.source)
    assert result.cost == expected


@pytest.mark.parametrize(
    "each", [each for each in CALLS if each.source in {"catalogue", None}], ids=lambda e: e.name
)
def test_an_estimate_is_the_ledgers(
    bear: BearLumen, results: dict[str, TrackResult], ledger: dict[str, Any], each: Call
) -> None:
    """The figures of a result, given to `estimate`, cost what the event did."""
    result = results[each.name]
    cost = bear.estimate(
        result.model or "",
        result.provider,
        {**result.counts, "units": result.units, "tool_calls": result.tool_calls},
        at=DAY,
        service_tier=result.service_tier,
        batch=result.batch,
        inference_geo=result.inference_geo,
    )
    assert cost == ledger[str(result.event_id)].cost
