"""Bedrock's `invoke_model`: its body reads as it did, byte for byte, and the call is recorded."""

import asyncio
import gc
import importlib
import io
import json
import os
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest

from bearlumen import BearLumen, MemoryTransport, TrackedResponse
from bearlumen._bodies import MAX_KEPT_BYTES

# Else botocore asks the instance metadata address for credentials and regions.
os.environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")
_COUNT = "x-amzn-bedrock-{}-token-count"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What Bedrock answers: a body, and the counts in its headers."""

    body: Any
    """JSON to be, or bytes."""
    headers: dict[str, int] = field(default_factory=dict[str, int])

    @property
    def content(self) -> bytes:
        """The body as it is sent."""
        return (
            self.body if isinstance(self.body, bytes) else json.dumps(self.body, indent=1).encode()
        )

    @property
    def http_headers(self) -> dict[str, str]:
        """The headers as they are sent."""
        counts = {_COUNT.format(name): str(count) for name, count in self.headers.items()}
        return {
            "content-type": "application/json",
            "content-length": str(len(self.content)),
            "x-amzn-requestid": "req-1",
            **counts,
        }


CLAUDE = Answer(
    body={
        "id": "msg_bdrk_01",
        "type": "message",
        "role": "assistant",
        "model": "claude-haiku-4-5-20251001",
        "content": [{"type": "text", "text": "Bären mögen Honig.\nUnd Beeren."}],
        "usage": {
            "input_tokens": 3,
            "cache_creation_input_tokens": 1700,
            "cache_read_input_tokens": 900,
            "cache_creation": {"ephemeral_5m_input_tokens": 500, "ephemeral_1h_input_tokens": 1200},
            "output_tokens": 44,
        },
    },
    headers={
        "input": 3, "cache-read-input": 900, "cache-write-input": 1700, "output": 44,
    },
)  # fmt: skip
CLAUDE_HEADERS = {
    "input_tokens": 2603,
    "output_tokens": 44,
    "cache_read_tokens": 900,
    "cache_write_tokens": 1700,
}
CLAUDE_COUNTS = {**CLAUDE_HEADERS, "cache_write_5m_tokens": 500, "cache_write_1h_tokens": 1200}
HEADERS = {"input": 12, "output": 5}
COUNTS = {"input_tokens": 12, "output_tokens": 5}


@cache
def _client() -> Any:
    # By name: botocore has no types. boto3's client is this one, made by the same call.
    session: Any = importlib.import_module("botocore.session").get_session()
    config: Any = importlib.import_module("botocore.config")
    return session.create_client(
        "bedrock-runtime",
        region_name="us-east-1",
        aws_access_key_id="replayed",
        aws_secret_access_key="replayed",
        config=config.Config(retries={"total_max_attempts": 1}),
    )


def invoke(answer: Answer, *, raw: Any = None) -> dict[str, Any]:
    """What botocore's client gives for `invoke_model`.

    Args:
        answer: What Bedrock answers.
        raw: The body below botocore's, if it is not urllib3's.
    """
    awsrequest: Any = importlib.import_module("botocore.awsrequest")
    urllib3: Any = importlib.import_module("urllib3")

    def respond(request: Any, **_: object) -> Any:
        below = raw or urllib3.HTTPResponse(
            body=io.BytesIO(answer.content),
            status=200,
            headers=answer.http_headers,
            preload_content=False,
        )
        headers = awsrequest.HeadersDict(answer.http_headers)
        return awsrequest.AWSResponse(request.url, 200, headers, below)

    events = _client().meta.events
    events.register("before-send.bedrock-runtime", respond)
    try:
        return _client().invoke_model(modelId="a-model", body=b"{}")
    finally:
        events.unregister("before-send.bedrock-runtime", respond)


def by_pieces(size: int) -> Callable[[Any], list[bytes]]:
    """Read a body a few bytes at a time, to the empty piece at its end."""
    return lambda body: list(iter(lambda: body.read(size), b""))


def into_buffer(body: Any) -> list[bytes]:
    """Read a body into the same few bytes again and again."""
    buffer, pieces = bytearray(64), list[bytes]()
    while size := body.readinto(buffer):
        pieces.append(bytes(buffer[:size]))
    return pieces


def within(body: Any) -> bytes:
    """Read a body as a context manager."""
    with body as opened:
        return opened.read()


def by_line_within(body: Any) -> list[bytes]:
    """Read the lines of what a body opens, which is urllib3's."""
    with body as opened:
        return list(opened)


WAYS: dict[str, Callable[[Any], Any]] = {
    "read": lambda body: body.read(),
    "read everything in one piece": lambda body: body.read(1 << 16),
    "read by pieces": by_pieces(50),
    "read by name": lambda body: [body.read(amt=7), body.read()],
    "read nothing first": lambda body: [body.read(0), body.read()],
    "readinto": into_buffer,
    "readinto nothing first": lambda body: [body.readinto(bytearray()), body.read()],
    "readlines": lambda body: body.readlines(),
    "iter_chunks": lambda body: list(body.iter_chunks(chunk_size=33)),
    "iter_lines": lambda body: list(body.iter_lines()),
    "iter_lines with ends": lambda body: list(body.iter_lines(16, keepends=True)),
    "iteration": list,
    "next": lambda body: [body.next(), next(body, b"")],
    "with": within,
    "with, by line": by_line_within,
    "json.load": json.load,
    "text": lambda body: io.TextIOWrapper(body, encoding="utf-8").read(),
}
"""How a caller may read a body."""


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_body_reads_as_it_did(way: Callable[[Any], Any], bear: BearLumen) -> None:
    """However it is read, the caller gets what he would have got without us."""
    tracked = bear.track(invoke(CLAUDE))
    assert way(tracked["body"]) == way(invoke(CLAUDE)["body"])


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_however_read_it_is_one_complete_event(
    way: Callable[[Any], Any], bear: BearLumen, sent: MemoryTransport
) -> None:
    """What the body says is recorded, whichever way it went by."""
    tracked = bear.track(invoke(CLAUDE))
    way(tracked["body"])
    tracked["body"].close()
    bear.flush()
    (event,) = sent.events
    assert (event["model"], event["metadata"]["provider"]) == (
        "claude-haiku-4-5-20251001",
        "bedrock",
    )
    assert tracked.result.counts == CLAUDE_COUNTS


@pytest.mark.parametrize("name", sorted(WAYS.keys() - {"read everything in one piece"}))
def test_body_read_to_its_end_is_recorded_at_once(
    name: str, bear: BearLumen, sent: MemoryTransport
) -> None:
    """Nothing more can come, so nobody has to close it, or let go of it."""
    tracked = bear.track(invoke(CLAUDE))
    WAYS[name](tracked["body"])
    bear.flush()
    assert [event["model"] for event in sent.events] == ["claude-haiku-4-5-20251001"]


def test_body_is_still_a_streaming_body(bear: BearLumen) -> None:
    """Code that asks what it holds gets the answer it got, and every attribute."""
    tracked, untracked = bear.track(invoke(CLAUDE)), invoke(CLAUDE)
    body = tracked["body"]
    assert tracked.keys() == untracked.keys()
    assert body.tell() == untracked["body"].tell() == 0
    with pytest.raises(AttributeError):
        _ = body.no_such_thing
    assert isinstance(tracked, dict)
    assert isinstance(body, type(untracked["body"]))
    assert isinstance(body, io.IOBase)


def test_headers_are_known_before_the_body_is_read(bear: BearLumen) -> None:
    """The counts that bill the call need no body."""
    tracked = bear.track(invoke(CLAUDE), model="anthropic.claude-haiku")
    assert isinstance(tracked, TrackedResponse)
    assert tracked.result.counts == CLAUDE_HEADERS
    assert (tracked.result.model, tracked.result.event_id) == ("anthropic.claude-haiku", None)
    tracked["body"].read()
    assert tracked.result.event_id is not None


FAMILIES: dict[str, tuple[Any, dict[str, int], dict[str, int]]] = {
    "nova": (
        {
            "output": {"message": {"role": "assistant", "content": [{"text": "Honey."}]}},
            "usage": {"inputTokens": 12, "outputTokens": 5, "cacheReadInputTokenCount": 700},
        },
        {**HEADERS, "cache-read-input": 700},
        {"input_tokens": 712, "output_tokens": 5, "cache_read_tokens": 700},
    ),
    "titan": ({"inputTextTokenCount": 12, "results": [{"tokenCount": 5}]}, HEADERS, COUNTS),
    "titan embeddings": (
        {"embedding": [0.1], "inputTextTokenCount": 12},
        {"input": 12},
        {"input_tokens": 12, "output_tokens": 0},
    ),
    "llama": (
        {"generation": "Honey.", "prompt_token_count": 12, "generation_token_count": 5},
        HEADERS,
        COUNTS,
    ),
    "claude, as it was named at first": (
        {
            "id": "msg_01",
            "type": "message",
            "role": "assistant",
            "model": "claude-3-haiku-48k-20240307",
            "content": [],
            "usage": {"input_tokens": 12, "output_tokens": 5},
        },
        HEADERS,
        COUNTS,
    ),
    "mistral, by the headers": (
        {"outputs": [{"text": "Honey.", "stop_reason": "stop"}]},
        HEADERS,
        COUNTS,
    ),
    "cohere, by the headers": (
        {"generation_id": "g", "text": "Honey.", "finish_reason": "COMPLETE"},
        HEADERS,
        COUNTS,
    ),
    "unheard-of, by the headers": ({"answer": "Honey."}, HEADERS, COUNTS),
    "a list, by the headers": ([1, 2, 3], HEADERS, COUNTS),
    "not JSON, by the headers": (b"\x89PNG\r\n\xff", HEADERS, COUNTS),
    "JSON too deep to read": (b"[" * 200_000, HEADERS, COUNTS),
    "empty": (b"", HEADERS, COUNTS),
}


@pytest.mark.parametrize(("body", "headers", "counts"), FAMILIES.values(), ids=FAMILIES)
def test_each_family_is_counted(
    body: Any, headers: dict[str, int], counts: dict[str, int],
    bear: BearLumen, sent: MemoryTransport,
) -> None:  # fmt: skip
    """Body and headers together say what was used, whoever's model it was."""
    answer = Answer(body=body, headers=headers)
    tracked = bear.track(invoke(answer), model="a-model")
    assert tracked["body"].read() == answer.content
    bear.flush()
    (event,) = sent.events
    assert tracked.result.counts == counts
    assert (event["model"], event["metadata"]["provider"]) == ("a-model", "bedrock")


def test_unread_body_is_recorded_from_the_headers(bear: BearLumen, sent: MemoryTransport) -> None:
    """The call is billed whether its answer is read or not."""
    bear.track(invoke(CLAUDE), model="a-model")
    gc.collect()
    bear.flush()
    (event,) = sent.events
    assert (event["input_tokens"], event["output_tokens"]) == (2603, 44)
    assert "incomplete" not in event["metadata"]


def test_reading_the_untracked_dict_is_recorded_once(
    bear: BearLumen, sent: MemoryTransport
) -> None:
    """Whoever keeps to the answer he had loses no count."""
    answer = invoke(CLAUDE)
    tracked = bear.track(answer, model="a-model")
    assert answer["body"].read() == CLAUDE.content
    assert tracked.result.counts == CLAUDE_HEADERS
    del tracked
    gc.collect()
    bear.flush()
    assert [event["input_tokens"] for event in sent.events] == [2603]


def test_body_tracked_twice_is_one_call(bear: BearLumen, sent: MemoryTransport) -> None:
    """The tracked dict, and its body, stay what they are."""
    tracked = bear.track(invoke(CLAUDE))
    assert bear.track(tracked) is tracked
    assert bear.track(tracked["body"]) is tracked["body"]
    tracked["body"].read()
    tracked["body"].close()
    bear.flush()
    assert len(sent.events) == 1


def test_body_open_at_shutdown_is_recorded(sent: MemoryTransport) -> None:
    """An answer that is still held when the client ends is not lost."""
    bear = BearLumen(api_key="sk_test_1", transport=sent)
    tracked = bear.track(invoke(CLAUDE), model="a-model")
    bear.shutdown()
    assert [event["input_tokens"] for event in sent.events] == [2603]
    assert tracked["body"].read() == CLAUDE.content


@pytest.mark.parametrize("size", [MAX_KEPT_BYTES + 1, 4 * MAX_KEPT_BYTES])
@pytest.mark.parametrize("way", ["read", "iter_chunks"])
def test_body_the_size_of_an_image_is_not_kept(size: int, way: str, bear: BearLumen) -> None:
    """Tracking does not hold a second copy of megabytes."""
    answer = Answer(body=b'"' + b"a" * size + b'"', headers=HEADERS)
    tracked = bear.track(invoke(answer), model="a-model")
    held = 0
    for piece in iter([tracked["body"].read()]) if way == "read" else tracked["body"].iter_chunks():
        held = max(held, len(tracked["body"]._kept or b""))
        assert piece in answer.content
    assert held <= MAX_KEPT_BYTES
    assert tracked.result.counts == COUNTS


class Broken(io.BytesIO):
    """What urllib3 gives for a connection that breaks."""

    def stream(self) -> Iterator[bytes]:
        """Never used by a streaming answer."""
        raise NotImplementedError

    def read(self, amt: int | None = -1) -> bytes:
        """Give twenty bytes, and break."""
        if self.tell():
            raise ConnectionError("reset")
        return super().read(20)


def test_error_while_reading_reaches_the_caller(bear: BearLumen, sent: MemoryTransport) -> None:
    """A connection that breaks is the caller's to see, and the call is billed."""
    tracked = bear.track(invoke(CLAUDE, raw=Broken(CLAUDE.content)), model="a-model")
    body = tracked["body"]
    assert body.read(20) == CLAUDE.content[:20]
    with pytest.raises(ConnectionError, match="reset"):
        body.read()
    body.close()
    bear.flush()
    assert [event["input_tokens"] for event in sent.events] == [2603]


def test_body_cut_short_is_the_callers_error(bear: BearLumen) -> None:
    """The SDK checks the length of what it reads, and still does."""
    incomplete: Any = importlib.import_module("botocore.exceptions").IncompleteReadError
    cut = io.BytesIO(CLAUDE.content[:-9])
    tracked = bear.track(invoke(CLAUDE, raw=cut), model="a-model")
    with pytest.raises(incomplete):
        tracked["body"].read()
    tracked["body"].close()
    assert tracked.result.counts == CLAUDE_HEADERS


def test_answer_without_counts_says_so(bear: BearLumen, problems: list[Exception]) -> None:
    """A body that nobody knows, without counts beside it, has no counts."""
    tracked = bear.track(invoke(Answer(body={"answer": "Honey."})))
    assert json.load(tracked["body"]) == {"answer": "Honey."}
    assert tracked.result.counts == {}
    assert "pass model=" in str(problems[0])


# aiobotocore


async def invoke_async(answer: Answer) -> dict[str, Any]:
    """What aiobotocore's client, and aioboto3's, gives for `invoke_model`."""
    sessions: Any = pytest.importorskip("aiobotocore.session")
    requests: Any = importlib.import_module("aiobotocore.awsrequest")
    awsrequest: Any = importlib.import_module("botocore.awsrequest")
    config: Any = importlib.import_module("aiobotocore.config")

    async def respond(request: Any, **_: object) -> Any:
        headers = awsrequest.HeadersDict(answer.http_headers)
        return requests.AioAWSResponse(request.url, 200, headers, _AiohttpAnswer(answer))

    async with sessions.get_session().create_client(
        "bedrock-runtime",
        region_name="us-east-1",
        aws_access_key_id="replayed",
        aws_secret_access_key="replayed",
        config=config.AioConfig(retries={"total_max_attempts": 1}),
    ) as client:
        client.meta.events.register("before-send.bedrock-runtime", respond)
        return await client.invoke_model(modelId="a-model", body=b"{}")


class _AiohttpAnswer:
    """As much of aiohttp's response as aiobotocore reads."""

    def __init__(self, answer: Answer) -> None:
        self._body = io.BytesIO(answer.content)
        self.content = self
        self.url = "https://replay.invalid"
        self.status = 200
        self.raw_headers = [(k.encode(), v.encode()) for k, v in answer.http_headers.items()]
        self.headers = answer.http_headers
        self.closed = 0

    async def read(self, amt: int = -1) -> bytes:
        await asyncio.sleep(0)
        return self._body.read(amt)

    def at_eof(self) -> bool:
        return False

    def close(self) -> None:
        self.closed += 1


async def _joined(pieces: AsyncIterator[bytes]) -> list[bytes]:
    return [piece async for piece in pieces]


async def _within(body: Any) -> bytes:
    async with body as opened:
        return await opened.read()


async def _by_pieces(body: Any) -> list[bytes]:
    pieces = list[bytes]()
    while piece := await body.read(50):
        pieces.append(piece)
    return pieces


async def _into_buffer(body: Any) -> list[bytes]:
    buffer, pieces = bytearray(64), list[bytes]()
    while size := await body.readinto(buffer):
        pieces.append(bytes(buffer[:size]))
    return pieces


ASYNC_WAYS: dict[str, Callable[[Any], Any]] = {
    "read": lambda body: body.read(),
    "read by pieces": _by_pieces,
    "readinto": _into_buffer,
    "readlines": lambda body: body.readlines(),
    "iter_chunks": lambda body: _joined(body.iter_chunks(33)),
    "iter_lines": lambda body: _joined(body.iter_lines()),
    "iteration": _joined,
    "async with": _within,
}


@pytest.mark.anyio
@pytest.mark.parametrize("way", ASYNC_WAYS.values(), ids=ASYNC_WAYS)
async def test_async_body_reads_as_it_did(
    way: Callable[[Any], Any], bear: BearLumen, sent: MemoryTransport
) -> None:
    """The body of aiobotocore gives the same bytes, is awaited as it was, and is one event."""
    tracked = bear.track(await invoke_async(CLAUDE))
    assert tracked.result.counts == CLAUDE_HEADERS
    assert await way(tracked["body"]) == await way((await invoke_async(CLAUDE))["body"])
    bear.flush()
    assert [event["model"] for event in sent.events] == ["claude-haiku-4-5-20251001"]
    assert tracked.result.counts == CLAUDE_COUNTS


@pytest.mark.anyio
async def test_async_body_closed_unread_is_recorded(bear: BearLumen, sent: MemoryTransport) -> None:
    """Closing it early loses nothing that the headers say."""
    tracked = bear.track(await invoke_async(CLAUDE), model="a-model")
    with pytest.raises(TypeError, match="async"):
        iter(tracked["body"])
    await tracked["body"].aclose()
    assert tracked["body"]._raw_stream.closed == 1
    bear.flush()
    assert [event["input_tokens"] for event in sent.events] == [2603]
