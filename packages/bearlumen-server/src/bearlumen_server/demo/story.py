"""What the made-up company does in a day: whose calls, for which feature, by which agent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Unpack

from bearlumen import Provider

from . import responses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bearlumen import TrackOptions


@dataclass(frozen=True, kw_only=True, slots=True)
class Customer:
    """An end user of the made-up company."""

    name: str
    team: str
    """The value of the custom dimension `team`: who at the company looks after them."""
    busy: int
    """How many times a day each call is made for them."""
    pays: Decimal
    """USD a day."""


CUSTOMERS = (
    Customer(name="acme", team="enterprise", busy=6, pays=Decimal("1.50")),
    Customer(name="globex", team="enterprise", busy=3, pays=Decimal("0.25")),
    Customer(name="initech", team="self-serve", busy=1, pays=Decimal("0.03")),
)
HAIKU_ON_BEDROCK = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
SPACING = timedelta(minutes=2)


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One call: what the provider answered, and what the company's code says about it."""

    response: object
    options: TrackOptions


def calls(start: datetime) -> Iterator[Call]:
    """The day's calls, in order, from `start` on."""
    moment = start
    for customer in CUSTOMERS:
        for turn in range(customer.busy):
            session = f"{customer.name}-ticket-{turn + 1}"
            for call in _ticket(customer, session):
                call.options["timestamp"] = moment
                moment += SPACING
                yield call


def _ticket(customer: Customer, session: str) -> Iterator[Call]:
    """One support ticket, from the first question to the spoken answer."""

    def call(response: object, **options: Unpack[TrackOptions]) -> Call:
        who: TrackOptions = {
            "user_id": customer.name,
            "session_id": session,
            "session_type": "ticket",
            "workflow": "support-ticket",
            "dimensions": {"team": customer.team},
        }
        return Call(response=response, options={**who, **options})

    yield call(
        responses.gemini("gemini-2.5-flash", prompt=1_180, cached=0, candidates=60, thoughts=240),
        feature="triage",
        agent="router",
    )
    yield call(
        responses.anthropic_stream(
            "claude-sonnet-4-5-20250929",
            fresh=900,
            cache_read=14_000,
            cache_write=1_200,
            output=780,
        ),
        feature="answer",
        agent="writer",
    )
    yield call(
        responses.openai_response_stream(
            "gpt-5-mini-2025-08-07", read=6_400, cached=4_096, written=1_900, reasoning=1_280
        ),
        feature="answer",
        agent="reviewer",
    )
    if customer.team == "enterprise":
        yield call(
            responses.openai_chat("gpt-4o-2024-08-06", prompt=3_200, cached=1_024, completion=410),
            feature="summarise",
            agent="writer",
        )
        yield call(
            responses.bedrock_converse(fresh=2_100, cache_read=8_000, output=350),
            model=HAIKU_ON_BEDROCK,
            feature="search",
        )
        yield call(
            responses.gemini_stream(
                "gemini-2.5-pro", prompt=5_200, cached=2_048, candidates=420, thoughts=900
            ),
            feature="search",
        )
    else:
        yield call(
            responses.mistral_chat("mistral-small-2603", prompt=2_900, cached=512, completion=380),
            feature="summarise",
            agent="writer",
        )
        yield call(
            responses.openai_chat_stream(
                "gpt-4o-mini-2024-07-18", prompt=1_900, cached=0, completion=260
            ),
            feature="search",
        )
        yield call(
            responses.bedrock_stream(fresh=1_500, cache_read=0, output=220),
            model="us.amazon.nova-lite-v1:0",
            feature="search",
        )
        yield call(
            responses.anthropic_message(
                "claude-haiku-4-5-20251001", fresh=1_300, cache_read=0, cache_write=0, output=240
            ),
            feature="answer",
            agent="writer",
        )
        # A local model has no price, and neither has this voice: they are counted as unpriced.
        yield call(
            responses.ollama_stream("llama3.2", prompt=830, output=190),
            feature="triage",
            agent="router",
        )
        yield call(
            None,
            model="eleven_multilingual_v2",
            provider=Provider.ELEVENLABS,
            feature="narration",
            units={"characters": 1_500},
        )
