"""A stand-in for OpenAI's server, for frameworks that bring the real client."""

import gc
import json
import warnings
from typing import Any

from .recordings import PROVIDERS, Recording, load
from .stub import Reply, Seen
from .tape import Tape

MESSAGE = {"role": "assistant", "content": "hello"}
USAGE = {
    "prompt_tokens": 120,
    "completion_tokens": 40,
    "total_tokens": 160,
    "prompt_tokens_details": {"cached_tokens": 100},
    "completion_tokens_details": {"reasoning_tokens": 30},
}
COUNTS = {
    "input_tokens": 120, "output_tokens": 40, "cache_read_tokens": 100, "reasoning_tokens": 30,
}  # fmt: skip


def recording(name: str) -> Recording:
    """A provider's recorded answer, such as `openai/chat-plain`."""
    return load(PROVIDERS / f"{name}.json")


def played(recorded: Recording) -> Reply:
    """A recording as an answer over HTTP."""
    tape = Tape(recorded)
    return Reply(body=tape.content, headers=tape.headers)


class OpenAI:
    """Answers as OpenAI does: what is asked for, with the usage of which no two counts are equal.

    Words in the question steer it: FAIL answers 500, RETRY answers 429 once, TOOL calls a tool.
    """

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self._refused: set[str] = set()

    def __call__(self, seen: Seen) -> Reply:
        """Answer."""
        body = seen.json
        self.asked.append(body)
        text = json.dumps(body)
        if "FAIL" in text:
            return Reply(status=500, body={"error": {"message": "boom"}})
        if "RETRY" in text and text not in self._refused:
            self._refused.add(text)
            return Reply(
                status=429, body={"error": {"message": "slow"}}, headers={"retry-after": "0"}
            )
        if seen.path.endswith("/embeddings"):
            data = [{"object": "embedding", "index": 0, "embedding": [0.1, 0.2]}]
            usage = {"prompt_tokens": 7, "total_tokens": 7}
            return Reply(
                body={"object": "list", "model": body["model"], "data": data, "usage": usage}
            )
        if "/chat/" not in seen.path:
            return Reply(body=self._completion(body))
        return self._stream(body) if body.get("stream") else Reply(body=self._chat(body, text))

    def _completion(self, body: dict[str, Any]) -> dict[str, Any]:
        prompts = body["prompt"] if isinstance(body["prompt"], list) else [body["prompt"]]
        choices = [
            {"index": i, "text": "hi", "logprobs": None, "finish_reason": "stop"}
            for i in range(len(prompts))
        ]
        usage = {"prompt_tokens": 12, "completion_tokens": 4, "total_tokens": 16}
        return {
            "id": "cmpl-1", "object": "text_completion", "created": 1, "model": body["model"],
            "choices": choices, "usage": usage,
        }  # fmt: skip

    def _chat(self, body: dict[str, Any], text: str) -> dict[str, Any]:
        message: dict[str, Any] = MESSAGE
        if "TOOL" in text and '"tool"' not in text:
            function = {"name": "look_up", "arguments": '{"word": "bear"}'}
            call = {"id": "call_1", "type": "function", "function": function}
            message = {"role": "assistant", "content": None, "tool_calls": [call]}
        reason = "tool_calls" if "tool_calls" in message else "stop"
        choices = [
            {"index": i, "message": message, "finish_reason": reason, "logprobs": None}
            for i in range(body.get("n") or 1)
        ]
        return {
            **self._head(body), "object": "chat.completion", "choices": choices, "usage": USAGE,
        }  # fmt: skip

    def _head(self, body: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": "chatcmpl-1",
            "created": 1,
            "model": f"{body.get('model') or 'behind-azure'}-2026-01-01",
            "service_tier": body.get("service_tier", "default"),
        }

    def _stream(self, body: dict[str, Any]) -> Reply:
        def chunk(delta: dict[str, Any] | None, **more: Any) -> str:
            reason = None if delta else "stop"
            choices = (
                [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": reason}]
            )
            item = {**self._head(body), "object": "chat.completion.chunk", "choices": choices}
            return f"data: {json.dumps(item | more)}\n\n"

        lines = [chunk({"role": "assistant", "content": word}) for word in ("he", "ll", "o")]
        lines.append(chunk({}))
        if (body.get("stream_options") or {}).get("include_usage"):
            lines.append(chunk(None, usage=USAGE))
        content = "".join([*lines, "data: [DONE]\n\n"]).encode()
        return Reply(body=content, headers={"Content-Type": "text/event-stream"})


def counts_of(event: dict[str, Any]) -> dict[str, int]:
    """The token counts on an event, wherever they stand."""
    usage: dict[str, Any] = event["metadata"].get("usage", {})
    parts = {name: count for name, count in usage.items() if name.endswith("_tokens")}
    totals = ("input_tokens", "output_tokens")
    return {name: event[name] for name in totals if name in event} | parts


def drop_unclosed() -> None:
    """Collect what frameworks leave open, which warns of itself, while nobody listens."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gc.collect()
