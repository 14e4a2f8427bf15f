"""Calls that a program could have made: no two alike, and the same ones in each run.

What an event costs on the wire depends on how much of it repeats. So each response has an id and
counts of its own, and users, models and features come as they do in a product: many users, a few
models and features.
"""

import random
import string
from collections.abc import Iterator
from typing import Any, Final

from openai.types.chat import ChatCompletion

MODELS: Final = (
    "gpt-4o-mini-2024-07-18", "gpt-4o-2024-08-06", "gpt-5-mini-2025-08-07", "gpt-5-2025-08-07",
)  # fmt: skip
FEATURES: Final = ("chat", "search", "summarise", "extract", "agent")
USERS: Final = 10_000
ID_CHARACTERS: Final = string.ascii_letters + string.digits
TEXT: Final = "Bears like honey, and they remember for years where they found it. " * 6

Call = tuple[Any, str, str]
"""A response, the end user and the feature."""


class Calls:
    """Makes calls, from a seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311  # reproducible, not secret
        self._users = [f"customer_{n}" for n in self._random.sample(range(1_000_000), USERS)]

    def take(self, count: int) -> list[Call]:
        """The next calls."""
        return list(self._calls(count))

    def _calls(self, count: int) -> Iterator[Call]:
        pick = self._random.choice
        for _ in range(count):
            yield self.response(), pick(self._users), pick(FEATURES)

    def relabel(self, responses: list[Any], count: int) -> list[Call]:
        """Calls whose responses come round again, their labels anew: for very many of them."""
        pick, kept = self._random.choice, len(responses)
        return [(responses[n % kept], pick(self._users), pick(FEATURES)) for n in range(count)]

    def response(self) -> Any:
        """OpenAI's object. Pydantic's constructor: OpenAI's own takes 70 µs to make the same."""
        some = self._random
        prompt, written = some.randrange(200, 8_000), some.randrange(20, 1_500)
        return ChatCompletion.model_validate(
            {
                "id": "chatcmpl-" + "".join(some.choices(ID_CHARACTERS, k=29)),
                "object": "chat.completion",
                "created": 1_790_000_000 + some.randrange(1_000_000),
                "model": some.choice(MODELS),
                "choices": [
                    {
                        "index": 0,
                        "message": {
                            "role": "assistant",
                            "content": TEXT + str(written),
                            "refusal": None,
                            "annotations": [],
                        },
                        "logprobs": None,
                        "finish_reason": "stop",
                    }
                ],
                "usage": {
                    "prompt_tokens": prompt,
                    "completion_tokens": written,
                    "total_tokens": prompt + written,
                    # OpenAI's cache works in steps of 128 tokens.
                    "prompt_tokens_details": {
                        "cached_tokens": some.randrange(prompt) // 128 * 128,
                        "audio_tokens": 0,
                    },
                    "completion_tokens_details": {
                        "reasoning_tokens": some.randrange(written) if some.random() < 0.5 else 0,
                        "audio_tokens": 0,
                        "accepted_prediction_tokens": 0,
                        "rejected_prediction_tokens": 0,
                    },
                },
                "service_tier": "default",
                "system_fingerprint": "fp_560af6e559",
            }
        )
