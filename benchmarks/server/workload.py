"""Usage events as an SDK sends them: six models, 20,000 end users, some of everything optional."""

from __future__ import annotations

import json
import random
import time
from dataclasses import dataclass
from typing import Any

RESENT = 0.1
"""Of the events of a request, those that an earlier request has sent already."""
MODELS = (
    ("openai", "gpt-4o"),
    ("openai", "gpt-4o-mini"),
    ("anthropic", "claude-sonnet-4-5"),
    ("anthropic", "claude-haiku-4-5"),
    ("gemini", "gemini-2.5-pro"),
    ("mistral", "mistral-large-latest"),
)
END_USERS = 20_000
FEATURES = ("chat", "search", "summary", "draft", "translate", "triage", "review", "tags")
AGENTS = ("planner", "writer", "critic")
SDK = {"name": "bearlumen-python", "version": "0.1.0"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Bodies:
    """Requests that are ready to be sent."""

    bodies: list[bytes]
    events: int
    distinct: int


def bodies(count: int, size: int, *, seed: int = 5) -> Bodies:
    """Return `count` requests of `size` events; about a tenth are resends of earlier ones."""
    choose = random.Random(seed)  # noqa: S311
    start = time.time_ns() // 1_000_000 - count * size
    texts: list[str] = []
    made: list[bytes] = []
    for _ in range(count):
        known = len(texts)
        again = int(size * RESENT) if known else 0
        texts += [_event(choose, start + known + n) for n in range(size - again)]
        sent = texts[known:] + [texts[choose.randrange(known)] for _ in range(again)]
        choose.shuffle(sent)
        made.append(f'{{"events":[{",".join(sent)}]}}'.encode())
    return Bodies(bodies=made, events=count * size, distinct=len(texts))


def uuid7(choose: random.Random, milliseconds: int) -> str:
    """Return a time-ordered id, as the SDKs make them."""
    rest = choose.getrandbits(74)
    high, low = rest >> 62, rest & ((1 << 62) - 1)
    value = (milliseconds << 80) | (7 << 76) | (high << 64) | (2 << 62) | low
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _event(choose: random.Random, milliseconds: int) -> str:
    provider, model = MODELS[int(choose.random() ** 2 * len(MODELS))]
    total_in = int(choose.lognormvariate(6.5, 1.2)) + 1
    seconds, rest = divmod(milliseconds, 1000)
    usage: dict[str, Any] = {}
    if choose.random() < 0.4:
        usage["cache_read_tokens"] = total_in // 2
    if choose.random() < 0.2:
        usage["reasoning_tokens"] = 64
    metadata: dict[str, Any] = {
        "provider": provider,
        "feature": choose.choice(FEATURES),
        "session_id": f"s-{milliseconds // 60_000}-{choose.randrange(50)}",
        "response_id": f"chatcmpl-{choose.getrandbits(96):024x}",
        "sdk": SDK,
    }
    if choose.random() < 0.5:
        metadata["agent"] = choose.choice(AGENTS)
        metadata["latency_ms"] = round(choose.lognormvariate(6.8, 0.6), 1)
    if choose.random() < 0.7:
        metadata["dimensions"] = {
            "region": choose.choice(("eu", "us", "ap")),
            "plan": choose.choice(("free", "pro")),
            "attempt": choose.randrange(3),
        }
    if usage:
        metadata["usage"] = usage
    event = {
        "sdk_event_id": uuid7(choose, milliseconds),
        "model": model,
        "input_tokens": total_in,
        "output_tokens": int(choose.lognormvariate(5, 1)) + 64,
        "event_invoked_at": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
        + f".{rest:03d}Z",
        "user_id": f"user-{int(choose.random() ** 3 * END_USERS)}",
        "metadata": metadata,
    }
    return json.dumps(event, separators=(",", ":"))
