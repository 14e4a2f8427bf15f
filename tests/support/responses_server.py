"""OpenAI's Responses API too, for agents that call tools."""

import json
import time
from typing import Any

from .openai_server import USAGE, OpenAI
from .stub import Reply, Seen

ARGUMENTS = {"look_up": '{"word": "bear"}', "ask_writer": '{"input": "write"}'}
"""What the tools are called with; a handoff with nothing."""


EMPTY = {"content": [], "status": "in_progress"}
"""What a message is before its first word."""


class Answering(OpenAI):
    """The Responses API too.

    TOOL calls the first tool that is offered, once in a conversation; SLOW takes its time.
    """

    def __call__(self, seen: Seen) -> Reply:
        """Answer."""
        body = seen.json
        text = json.dumps(body)
        if "SLOW" in text:
            time.sleep(0.3)
        if not seen.path.endswith("/responses") or "FAIL" in text:
            return super().__call__(seen)
        self.asked.append(body)
        answer = self._response(body, text)
        if not body.get("stream"):
            return Reply(body=answer)
        item = answer["output"][0]
        started = answer | {"status": "in_progress", "usage": None, "output": []}
        about = {"output_index": 0, "item_id": item["id"], "content_index": 0}
        steps: list[dict[str, Any]] = [
            {"type": "response.created", "response": started},
            {"type": "response.output_item.added", "output_index": 0, "item": item | EMPTY},
            {"type": "response.output_item.done", "output_index": 0, "item": item},
            {"type": "response.completed", "response": answer},
        ]
        if item["type"] == "message":
            kind = "response.output_text.delta"
            steps[2:2] = [about | {"type": kind, "delta": w, "logprobs": []} for w in ("hel", "lo")]
        lines = [step | {"sequence_number": number} for number, step in enumerate(steps)]
        content = "".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in lines)
        return Reply(body=content.encode(), headers={"Content-Type": "text/event-stream"})

    def _response(self, body: dict[str, Any], text: str) -> dict[str, Any]:
        tools = [tool["name"] for tool in body.get("tools") or ()]
        content = [{"type": "output_text", "text": "hello", "annotations": []}]
        output: dict[str, Any] = {
            "type": "message", "id": "msg_1", "role": "assistant", "status": "completed",
            "content": content,
        }  # fmt: skip
        if "TOOL" in text and tools and "function_call_output" not in text:
            output = {
                "type": "function_call", "id": "fc_1", "call_id": "call_1", "status": "completed",
                "name": tools[0], "arguments": ARGUMENTS.get(tools[0], "{}"),
            }  # fmt: skip
        return {
            "id": f"resp_{len(self.asked)}", "object": "response", "created_at": 1,
            "model": f"{body['model']}-2026-01-01", "status": "completed", "output": [output],
            "parallel_tool_calls": True, "tool_choice": "auto", "tools": [],
            "service_tier": "flex",
            "usage": {
                "input_tokens": USAGE["prompt_tokens"],
                "output_tokens": USAGE["completion_tokens"],
                "total_tokens": USAGE["total_tokens"],
                "input_tokens_details": USAGE["prompt_tokens_details"],
                "output_tokens_details": USAGE["completion_tokens_details"],
            },
        }  # fmt: skip
