"""Whom we measure: one adapter each, opened in the environment that has the SDK.

An adapter writes what an application would to book an OpenAI `ChatCompletion` against an end user
and a feature, through the documented interface and with the default settings.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

ROOMY_EVENTS: Final = 2_000_000
ROOMY_BYTES: Final = 2**31
FLUSH_SECONDS: Final = 180.0

Record = Callable[[Any, str, str], object]


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What a client is opened with."""

    port: int
    folder: Path
    """Empty, and of this client alone."""
    roomy: bool
    """Whether the queue is to hold a whole flood."""

    @property
    def url(self) -> str:
        """Where to send to."""
        return f"http://127.0.0.1:{self.port}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """A client, ready to record."""

    record: Record
    """Given a response, a user and a feature."""
    flush: Callable[[], object]
    shutdown: Callable[[], object] = lambda: None
    stats: Callable[[], dict[str, Any]] = dict
    """What the SDK itself counted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """Something that records calls and delivers them."""

    label: str
    environment: str
    open: Callable[[Asked], Opened]
    package: str | None = None
    imports: str | None = None
    """What a program writes to have the client: some packages import little before that."""


def _floor(asked: Asked) -> Opened:
    from floor import Floor

    floor = Floor(asked.port)
    return Opened(record=floor.record, flush=floor.flush)


def _floor_uuid(asked: Asked) -> Opened:
    from floor import Floor

    floor = Floor(asked.port, uuids=True)
    return Opened(record=floor.record, flush=floor.flush)


def _floor_journal(asked: Asked) -> Opened:
    from floor import Floor

    floor = Floor(asked.port, journal=asked.folder)
    return Opened(record=floor.record, flush=floor.flush)


def _bearlumen(asked: Asked) -> Opened:
    return _ours(asked)


def _bearlumen_journal(asked: Asked) -> Opened:
    return _ours(asked, journal=asked.folder)


def _ours(asked: Asked, **options: Any) -> Opened:
    from bearlumen import BearLumen

    if asked.roomy:
        options |= {"max_queued": ROOMY_EVENTS, "max_queued_bytes": ROOMY_BYTES}
    bear = BearLumen(api_key="sk_benchmark", base_url=asked.url, **options)
    track: Callable[..., object] = bear.track

    def record(response: Any, user: str, feature: str) -> None:
        track(response, user_id=user, feature=feature)

    return Opened(
        record=record,
        flush=lambda: bear.flush(FLUSH_SECONDS),
        shutdown=bear.shutdown,
        stats=lambda: bear.stats().to_dict(),
    )


def _counts(response: Any) -> tuple[int, int, int, int]:
    usage = response.usage
    read, written = usage.prompt_tokens_details, usage.completion_tokens_details
    return (
        usage.prompt_tokens,
        usage.completion_tokens,
        (read.cached_tokens or 0) if read is not None else 0,
        (written.reasoning_tokens or 0) if written is not None else 0,
    )


def _opentelemetry(asked: Asked) -> Opened:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider()
    exporter = OTLPSpanExporter(endpoint=f"{asked.url}/v1/traces")
    options = {"max_queue_size": ROOMY_EVENTS} if asked.roomy else {}
    provider.add_span_processor(BatchSpanProcessor(exporter, **options))
    tracer = provider.get_tracer("benchmark")

    def record(response: Any, user: str, feature: str) -> None:
        prompt, written, cached, reasoning = _counts(response)
        attributes = {
            "gen_ai.provider.name": "openai",
            "gen_ai.response.model": response.model,
            "gen_ai.response.id": response.id,
            "gen_ai.usage.input_tokens": prompt,
            "gen_ai.usage.output_tokens": written,
            "gen_ai.usage.cache_read.input_tokens": cached,
            "gen_ai.usage.reasoning_tokens": reasoning,
            "enduser.id": user,
            "feature": feature,
        }
        tracer.start_span("chat", attributes=attributes).end()

    return Opened(
        record=record,
        flush=lambda: provider.force_flush(int(FLUSH_SECONDS * 1000)),
        shutdown=provider.shutdown,
    )


def _posthog(asked: Asked) -> Opened:
    from posthog import Posthog

    options = {"max_queue_size": ROOMY_EVENTS} if asked.roomy else {}
    posthog = Posthog("phc_benchmark", host=asked.url, **options)

    def record(response: Any, user: str, feature: str) -> None:
        prompt, written, cached, reasoning = _counts(response)
        properties = {
            "$ai_provider": "openai",
            "$ai_model": response.model,
            "$ai_trace_id": response.id,
            "$ai_input_tokens": prompt,
            "$ai_output_tokens": written,
            "$ai_cache_read_input_tokens": cached,
            "$ai_reasoning_tokens": reasoning,
            "$ai_http_status": 200,
            "feature": feature,
        }
        posthog.capture("$ai_generation", distinct_id=user, properties=properties)

    return Opened(record=record, flush=posthog.flush, shutdown=posthog.shutdown)


def _langfuse(asked: Asked) -> Opened:
    if asked.roomy:
        os.environ["OTEL_BSP_MAX_QUEUE_SIZE"] = str(ROOMY_EVENTS)
    from langfuse import Langfuse, propagate_attributes

    keys = {"public_key": "pk-lf-1", "secret_key": "sk-lf-1"}
    langfuse = Langfuse(**keys, base_url=asked.url)

    def record(response: Any, user: str, feature: str) -> None:
        prompt, written, cached, reasoning = _counts(response)
        usage = {
            "input": prompt - cached,
            "input_cached_tokens": cached,
            "output": written - reasoning,
            "output_reasoning_tokens": reasoning,
        }
        with propagate_attributes(user_id=user):
            langfuse.start_observation(
                name=feature,
                as_type="generation",
                model=response.model,
                usage_details=usage,
                metadata={"response_id": response.id},
            ).end()

    return Opened(record=record, flush=langfuse.flush, shutdown=langfuse.shutdown)


def _fiscallm(asked: Asked) -> Opened:
    from fiscallm import Meter

    meter = Meter("benchmark", endpoint=f"{asked.url}/api/v1/events")

    def record(response: Any, user: str, feature: str) -> None:
        meter.track_openai(response, user_id=user, feature=feature)

    return Opened(record=record, flush=meter.flush)


FLOOR: Final = "floor"
FLOOR_UUID: Final = "floor-uuid"
OURS: Final = "bearlumen"
JOURNAL: Final = "bearlumen-journal"
SUBJECTS: Final = {
    FLOOR: Subject(label="floor", environment=OURS, open=_floor),
    FLOOR_UUID: Subject(label="floor with a uuid4", environment=OURS, open=_floor_uuid),
    "floor-journal": Subject(
        label="floor with a file journal", environment=OURS, open=_floor_journal
    ),
    OURS: Subject(
        label="bearlumen",
        environment=OURS,
        open=_bearlumen,
        package="bearlumen-core",
        imports="from bearlumen import BearLumen",
    ),
    JOURNAL: Subject(
        label="bearlumen with a journal",
        environment=OURS,
        open=_bearlumen_journal,
        package="bearlumen-core",
    ),
    "opentelemetry": Subject(
        label="OpenTelemetry",
        environment="opentelemetry",
        open=_opentelemetry,
        package="opentelemetry-sdk",
        imports=(
            "from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter\n"
            "from opentelemetry.sdk.trace import TracerProvider\n"
            "from opentelemetry.sdk.trace.export import BatchSpanProcessor"
        ),
    ),
    "posthog": Subject(
        label="PostHog",
        environment="posthog",
        open=_posthog,
        package="posthog",
        imports="from posthog import Posthog",
    ),
    "langfuse": Subject(
        label="Langfuse",
        environment="langfuse",
        open=_langfuse,
        package="langfuse",
        imports="from langfuse import Langfuse",
    ),
    "fiscallm": Subject(
        label="fiscallm",
        environment="fiscallm",
        open=_fiscallm,
        package="fiscallm",
        imports="from fiscallm import Meter",
    ),
}
