"""Who answered, and what it means: what holds for every provider, beside the recordings."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from openai._models import construct_type
from openai.types.chat import ChatCompletion, ChatCompletionChunk, ParsedChatCompletion

from bearlumen import BearLumen, MemoryTransport, TrackResult
from bearlumen.providers import extractors
from bearlumen.providers._extractor import ABSENT, PRESENT, Mark
from bearlumen.providers._flavor import MAX_REMEMBERED_MODELS
from bearlumen.providers._paths import parts, segments
from bearlumen.providers._plan import MAX_REPORTED
from support.recordings import PROVIDERS
from support.replay import client_for, load

Json = dict[str, Any]

USAGE: Json = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
TEXT = "Bears like honey."
OFTEN = 2_000
"""More responses than a memory may need to believe that all are alike."""


def chat(**changes: Any) -> Json:
    """A chat completion in which nothing tells who answered."""
    message = {"role": "assistant", "content": TEXT}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    plain = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "bears-1"}
    return {**plain, "choices": [choice], "usage": {**USAGE}, **changes}


def chunk(**changes: Any) -> Json:
    """An item of a stream in which nothing tells who answers."""
    choice = {"index": 0, "delta": {"role": "assistant", "content": TEXT}, "finish_reason": "stop"}
    return {**chat(), "object": "chat.completion.chunk", "choices": [choice], **changes}


def as_sdk(response: Json) -> Any:
    """The same as the object that OpenAI's client makes of it."""
    kind = ChatCompletionChunk if "chunk" in response["object"] else ChatCompletion
    return construct_type(value=response, type_=kind)


# --- what the caller says, and what is not said


def test_the_caller_knows_better(bear: BearLumen) -> None:
    """An explicit provider and model win over what was recognised; the counts stay."""
    result = bear.track(chat(), provider="my-proxy", model="my-model")
    assert (result.provider, result.model) == ("my-proxy", "my-model")
    assert (result.input_tokens, result.output_tokens) == (11, 7)


def test_a_named_provider_is_read_as_it_counts(bear: BearLumen) -> None:
    """Where only the caller knows who answered, that provider's way of counting holds."""
    usage = {**USAGE, "completion_tokens_details": {"reasoning_tokens": 20}}
    for response in (chat(usage=usage), as_sdk(chat(usage=usage))):
        assert bear.track(response, provider="xai").counts["output_tokens"] == 27
    stream = bear.track(iter([chunk(usage=usage)]), provider="xai")
    assert list(stream)
    assert stream.result.counts["output_tokens"] == 27


def test_openai_is_the_honest_answer(bear: BearLumen) -> None:
    """Where nothing tells the many that share a shape apart, none of them is guessed."""
    for response in (chat(), as_sdk(chat()), chat(id="req-7"), chat(model="llama-3.3-70b")):
        assert bear.track(response).provider == "openai"


@pytest.mark.parametrize(
    "response",
    [
        {"input_tokens": 113},
        {"total_tokens": 31},
        {"inputTokens": 57},
        {"usage": {"total_tokens": 31}},
        {"prompt_tokens": 3, "completion_tokens": 4},
        {"object": "model", "id": "gpt-4o", "created": 1},
        {},
    ],
    ids=str,
)
def test_a_number_alone_is_not_a_call(
    response: Json, bear: BearLumen, sent: MemoryTransport
) -> None:
    """Counting tokens looks like usage; what cannot be told from it is not recorded."""
    assert bear.track(response).event_id is None
    bear.flush()
    assert sent.events == []


def test_missing_model_is_asked_for(bear: BearLumen, problems: list[Exception]) -> None:
    """A response that names no model has no price; the caller is told what to pass."""
    answer = load(PROVIDERS / "bedrock" / "converse-plain.json").response
    assert bear.track(answer).model is None
    (problem,) = problems
    assert "pass model= to track()" in str(problem)
    assert bear.track(answer, model="anthropic.claude-haiku-4-5-20251001-v1:0").model
    assert len(problems) == 1


# --- the class comes before the shape


class Proxy:
    """What a tracing library puts around a response: it says that it is one."""

    def __init__(self, wrapped: Any) -> None:
        self._wrapped = wrapped

    @property
    def __class__(self) -> Any:
        return type(self._wrapped)

    @__class__.setter
    def __class__(self, kind: Any) -> None:
        raise TypeError(kind)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._wrapped, name)


class Own(ChatCompletion):
    """A host's own subclass."""


@pytest.mark.parametrize(
    "make",
    [
        lambda r: Proxy(as_sdk(r)),
        lambda r: construct_type(value=r, type_=Own),
        lambda r: construct_type(value=r, type_=ParsedChatCompletion[Own]),
        lambda r: construct_type(value=r, type_=ParsedChatCompletion),
    ],
    ids=["proxy", "subclass", "parsed", "parsed without a type"],
)
def test_what_stands_for_a_response_is_one(make: Callable[[Json], Any], bear: BearLumen) -> None:
    """A class that descends from the SDK's, or an object that stands for it, is read alike."""
    result = bear.track(make(chat()))
    assert (result.provider, result.model, result.input_tokens) == ("openai", "bears-1", 11)


def test_a_stranger_with_the_same_name_is_none(bear: BearLumen) -> None:
    """A host's own class is not an SDK's because it is called like one."""
    stranger = type("ChatCompletion", (), {"usage": USAGE, "__module__": "mine.types"})()
    assert not bear.track(stranger).detected


def test_core_imports_no_sdk() -> None:
    """Everything is recognised as plain JSON without a provider's package being imported."""
    roots = {package for one in extractors() for package in one.packages} | {"boto3", "botocore"}
    program = f"""
import json, pathlib, sys
from bearlumen import BearLumen, MemoryTransport
bear = BearLumen(api_key="k", transport=MemoryTransport(), on_error=lambda error: None)
for path in pathlib.Path({str(PROVIDERS)!r}).glob("*/*.json"):
    recording = json.loads(path.read_text())
    items = [event["data"] for event in recording.get("events", [])]
    bear.track(recording.get("response") or items)
bear.shutdown()
print(sorted(set({sorted(roots)!r}) & set(sys.modules)))
"""
    printed = subprocess.check_output([sys.executable, "-c", program], stderr=subprocess.DEVNULL)
    assert printed.decode().strip() == "[]"


# --- marks


SAMPLES = {
    ("bedrock-mantle", "model"): "openai.gpt-5.6-luna",
    ("deepseek", "model"): "deepseek-chat",
    ("mistral", "id"): "0123456789abcdef" * 2,
    ("openrouter", "id"): "gen-1790000000-bear",
    ("openrouter", "model"): "meta-llama/llama-3.3-70b-instruct",
    ("vllm", "system_fingerprint"): "vllm-0.11.0-bear",
}
"""Texts that fit the patterns of the marks."""
MARKS = [
    pytest.param(one.provider, mark, id=f"{one.provider}: {', '.join(mark.signature)}")
    for one in extractors()
    for mark in one.marks
    if mark.shape == "openai"
]


def marked(provider: str, mark: Mark, response: Json) -> Json:
    """The response with a mark on it, and nothing else that tells."""
    response = json.loads(json.dumps(response))
    for path, wanted in mark.signature.items():
        value = wanted
        if wanted is PRESENT:
            value = {"seen": 1}
        elif isinstance(wanted, re.Pattern):
            value = SAMPLES[provider, path]
        at = response
        *way, last = segments(path)
        for name, chosen in map(parts, way):
            at = at[name] if chosen is None else at[name][int(chosen)]
        if wanted is not ABSENT:
            at[last] = value
    return response


def shaped_for(mark: Mark) -> Callable[..., Json]:
    """An item of a stream, if only that can have the mark; else a whole response."""
    return chunk if any("delta" in path for path in mark.signature) else chat


def tracked(bear: BearLumen, response: Json) -> TrackResult:
    """The result of tracking the SDK's object, alone or as a stream."""
    held = as_sdk(response)
    return bear.track([held] if isinstance(held, ChatCompletionChunk) else held)


@pytest.mark.parametrize(("provider", "mark"), MARKS)
def test_a_mark_tells_the_provider(provider: str, mark: Mark, bear: BearLumen) -> None:
    """What a vendor leaves in another's shape names it, on an SDK's object as in JSON."""
    response = marked(provider, mark, shaped_for(mark)())
    assert tracked(bear, response).provider == provider
    as_json = [response] if "chunk" in response["object"] else response
    assert bear.track(as_json).provider == provider


@pytest.mark.parametrize(("provider", "mark"), MARKS)
def test_a_mark_is_seen_after_many_without(provider: str, mark: Mark, bear: BearLumen) -> None:
    """Thousands of plain responses of a model never hide the vendor of the next one."""
    shape = shaped_for(mark)
    response = marked(provider, mark, shape())
    plain = shape(model=response["model"], system_fingerprint=response.get("system_fingerprint"))
    for _ in range(OFTEN):
        tracked(bear, plain)
    assert tracked(bear, response).provider == provider


def test_a_mark_is_seen_after_many_models(bear: BearLumen) -> None:
    """Nor does a process that has seen more models than it remembers."""
    for number in range(MAX_REMEMBERED_MODELS + 10):
        assert tracked(bear, chat(model=f"bears-{number}")).provider == "openai"
    assert tracked(bear, chat(model="bears-7", x_groq={"id": "req_1"})).provider == "groq"
    assert tracked(bear, chat(model="bears-99999")).provider == "openai"


@pytest.mark.parametrize(
    ("host", "provider"),
    [("api.deepseek.com", "deepseek"), ("eu.api.x.ai", "xai"), ("my.openai.azure.com", "azure")],
)
def test_a_stream_is_told_by_its_host(host: str, provider: str, bear: BearLumen) -> None:
    """Where no item of a stream tells who answers, the address that it came from does."""
    recording = load(PROVIDERS / "openai" / "chat-stream.json")
    client = client_for(recording).with_options(base_url=f"https://{host}/v1")
    options = {"stream": True, "messages": [{"role": "user", "content": "What do bears like?"}]}
    stream = bear.track(client.chat.completions.create(model="m", **options))
    assert list(stream)
    assert stream.result.provider == provider


@pytest.mark.parametrize("host", ["api.deepseek.com.example.org", "notapi.x.ai", "127.0.0.1"])
def test_a_strange_host_tells_nothing(host: str, bear: BearLumen) -> None:
    """Only a provider's own name, or one under it, is the provider's."""
    recording = load(PROVIDERS / "openai" / "chat-stream.json")
    client = client_for(recording).with_options(base_url=f"https://{host}/v1")
    options = {"stream": True, "messages": [{"role": "user", "content": "What do bears like?"}]}
    stream = bear.track(client.chat.completions.create(model="m", **options))
    assert list(stream)
    assert stream.result.provider == "openai"


# --- counts


def test_parts_never_exceed_their_whole(bear: BearLumen, sent: MemoryTransport) -> None:
    """A part above its whole is cut to it; what was sent stays beside, as reported."""
    usage = {
        **USAGE,
        "prompt_tokens_details": {"cached_tokens": 30, "cache_write_tokens": 4, "audio_tokens": 12},
        "completion_tokens_details": {"reasoning_tokens": 9},
    }
    result = bear.track(chat(usage=usage))
    assert result.counts == {
        "input_tokens": 11,
        "output_tokens": 7,
        "cache_read_tokens": 11,
        "cache_write_tokens": 0,
        "reasoning_tokens": 7,
        "audio_input_tokens": 11,
    }
    bear.flush()
    assert sent.events[0]["metadata"]["reported"] == {
        "cache_read_tokens": 30,
        "cache_write_tokens": 4,
        "reasoning_tokens": 9,
        "audio_input_tokens": 12,
    }


def test_unknown_numbers_are_kept(bear: BearLumen) -> None:
    """A number in the usage that has no name with us is kept under its path; nothing else is."""
    usage = {
        **USAGE,
        "smell_tokens": 3,
        "water_litres": 0.25,
        "zero_tokens": 0,
        "was_fast": True,
        "mood": "good",
        "none": None,
        "nan": float("nan"),
        "huge": float("inf"),
        "bear_cost": 4,
        "prompt_tokens_details": {"cached_tokens": 2, "video_tokens": 5},
        "caves": {"den": {"moss_tokens": 6}},
    }
    result = bear.track(chat(usage=usage))
    assert result.reported == {
        "smell_tokens": 3,
        "water_litres": 0.25,
        "prompt_tokens_details.video_tokens": 5,
        "caves.den.moss_tokens": 6,
    }
    assert bear.track(as_sdk(chat(usage=usage))).reported == result.reported


def test_unknown_numbers_are_bounded(bear: BearLumen) -> None:
    """A usage object with a thousand numbers makes no event of a thousand."""
    many = {f"kind_{number}_tokens": number + 1 for number in range(1_000)}
    assert len(bear.track(chat(usage={**USAGE, **many})).reported) == MAX_REPORTED


def test_a_stream_without_usage_is_a_call(bear: BearLumen, problems: list[Exception]) -> None:
    """It is recognised, recorded without counts, and the caller is told what to ask for."""
    for item in (chunk(usage=None), {"id": "1", "choices": chunk()["choices"]}):
        stream = bear.track(iter([item]), model="bears-1")
        assert list(stream) == [item]
        assert (stream.result.provider, stream.result.counts) == ("openai", {})
        assert stream.result.event_id
    assert ["include_usage" in str(problem) for problem in problems] == [True, True]


# --- lists


def test_a_list_of_chunks_is_one_stream(bear: BearLumen, sent: MemoryTransport) -> None:
    """What a caller has collected of a stream is one call."""
    items = [chunk(usage=None), chunk(usage=None), chunk(choices=[])]
    for collected in (items, tuple(items), [as_sdk(item) for item in items]):
        assert bear.track(collected).counts == {"input_tokens": 11, "output_tokens": 7}
    bear.flush()
    assert len(sent.events) == 3


RESPONSES: list[tuple[Json, Json]] = [
    (chat(), chat(id="chatcmpl-2")),
    ({**chat(), "object": "text_completion"}, {**chat(id="cmpl-2"), "object": "text_completion"}),
    (
        {"created_at": "2026-11-22T12:00:00Z", "done": True, "model": "m", "eval_count": 3},
        {"created_at": "2026-11-22T12:00:01Z", "done": True, "model": "m", "eval_count": 4},
    ),
    (
        {"usageMetadata": {"promptTokenCount": 3}, "candidates": [], "responseId": "a"},
        {"usageMetadata": {"promptTokenCount": 4}, "candidates": [], "responseId": "b"},
    ),
]


@pytest.mark.parametrize("responses", RESPONSES, ids=["chat", "completions", "ollama", "gemini"])
def test_a_list_of_responses_is_refused(
    responses: tuple[Json, Json], bear: BearLumen, sent: MemoryTransport, problems: list[Exception]
) -> None:
    """Several calls are not one: recorded together, all but one would be lost in silence."""
    for listed in (list(responses), responses):
        assert not bear.track(listed).detected
    bear.flush()
    assert (sent.events, len(problems)) == ([], 2)
    assert all(bear.track(response).detected for response in responses)


def test_a_list_of_anything_else_is_refused(bear: BearLumen, problems: list[Exception]) -> None:
    """A list that is no stream is reported, not guessed at."""
    for listed in ([], [1, "two", None], [{"role": "user", "content": TEXT}]):
        assert bear.track(listed).event_id is None
    assert problems
