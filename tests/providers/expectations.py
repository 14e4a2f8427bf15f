"""What an exchange of the corpus has to become, in each form: the row's `expected`, made strict.

Where a form of the exchange says less than another, or the row accepts two answers, it is written
here, with the reason.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from operator import eq
from typing import Any

from providers.forms import Form, Read

from bearlumen import BearLumenError, TrackResult
from support.corpus import Row

Counts = Mapping[str, int | None]

MAIN = (
    "input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens",
)  # fmt: skip
"""Where the row has None for one of these, the count is absent."""
OTHER = (
    "cache_write_5m_tokens", "cache_write_1h_tokens", "tool_use_prompt_tokens",
    "audio_input_tokens", "audio_output_tokens", "image_input_tokens", "image_output_tokens",
)  # fmt: skip
"""Compared where the row names them."""
USD_PER_TICK = Decimal("1e-10")
"""xAI states its price in ticks of USD.

Source: https://docs.x.ai/docs/cost-tracking, `cost_in_usd_ticks`, read 2026-11-22.
"""
_OPENAI_SHAPED = frozenset(("groq", "together", "huggingface_hub", "mistralai"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What tracking one exchange led to."""

    read: Read
    events: list[dict[str, Any]]
    """What was sent."""
    problems: list[Exception]
    """What `on_error` was told."""

    @property
    def result(self) -> TrackResult:
        """What the caller was given."""
        assert self.read.result is not None
        return self.read.result


def check(row: Row, form: Form, outcome: Outcome) -> None:
    """Hold what was recorded, given out and reported against what the row expects."""
    faults = [problem for problem in outcome.problems if not isinstance(problem, BearLumenError)]
    assert not faults, "a fault of our own was caught by the guard"
    raises = row["expected"].get("raises", False)
    if outcome.read.refused:
        # Only `.parse()` refuses an answer that was not an error: one that is cut off, say.
        assert raises or form.variant == "parse", outcome.read.refused
        assert not (raises and outcome.read.refused[0].startswith("builtins.")), "not the SDK's own"
        assert outcome.events == []
        return
    assert not raises
    reason = row["expected"].get("no_usage_reason") or ""
    if outcome.read.error:
        _check_broken_off(row, form, outcome)
    elif row["expected"]["usage_available"]:
        _check_billed(row, form, outcome)
    elif reason == "stream_without_include_usage":
        _check_no_usage(row, form, outcome)
        assert len([p for p in outcome.problems if "include_usage" in str(p)]) == 1
    elif reason == "provider_reports_none" and row["surface"] != "moderations":
        # There was a call, and what it cost is unknown. Without a class and without a usage it
        # cannot be told from any other JSON.
        if outcome.events or not form.is_json:
            _check_no_usage(row, form, outcome)
    else:
        # Counting tokens and moderating are free; what is queued is billed when it is done.
        assert outcome.events == []
        assert outcome.result.event_id is None
        assert outcome.result.detected or form.is_json


def _check_billed(row: Row, form: Form, outcome: Outcome) -> None:
    expected, result = row["expected"], outcome.result
    main = _main_event(outcome)
    _check_labels(row, form, outcome, main)
    accepted = accepted_counts(row, form, outcome.read)
    _check_counts(row, accepted, result.counts)
    _check_counts(row, accepted, counts_on_the_wire(main))
    assert "incomplete" not in main["metadata"]
    assert not result.incomplete
    usage, units = main["metadata"].get("usage", {}), main["metadata"].get("units", {})
    if "service_tier" in expected:
        assert usage.get("service_tier") == result.service_tier == expected["service_tier"]
    if "web_search_requests" in expected:
        for tools in (usage.get("tool_calls", {}), result.tool_calls):
            assert tools.get("web_search", 0) == expected["web_search_requests"]
    for unit, key in (("search_units", "search_units"), ("seconds", "billable_audio_seconds")):
        if key in expected:
            assert units.get(unit) == result.units.get(unit) == expected[key]
    cost = stated_cost(row)
    assert result.provider_cost == cost
    wire_cost = main["metadata"].get("provider_cost")
    assert (wire_cost is None) == (cost is None)
    assert wire_cost is None or (isinstance(wire_cost, str) and Decimal(wire_cost) == cost)
    _check_additional(row, outcome, main)


def _check_no_usage(row: Row, form: Form, outcome: Outcome) -> None:
    """There was a call, nobody said what it used: an event without counts, never with zeros."""
    main = _main_event(outcome)
    _check_labels(row, form, outcome, main)
    assert counts_on_the_wire(main) == {}
    assert outcome.result.counts == {}
    assert "provider_cost" not in main["metadata"]


def _check_broken_off(row: Row, form: Form, outcome: Outcome) -> None:
    """An exception ended the stream: what is known by then is recorded, and marked."""
    if not outcome.read.items:
        assert outcome.events == []
        return
    main = _main_event(outcome)
    _check_labels(row, form, outcome, main)
    assert main["metadata"]["incomplete"] is True
    assert outcome.result.incomplete
    # None of the recorded streams states a usage before the item that it breaks at.
    assert counts_on_the_wire(main) == {}


def _check_additional(row: Row, outcome: Outcome, main: dict[str, Any]) -> None:
    wanted = row["expected"].get("additional_usage", [])
    linked = [event for event in outcome.events if event is not main]
    assert {e["metadata"]["parent_event_id"] for e in linked} <= {main["sdk_event_id"]}
    assert "parent_event_id" not in main["metadata"]
    assert _figures(linked) == sorted(
        (extra["model"] or main["model"], extra["input_tokens"], extra["output_tokens"])
        for extra in wanted
    )
    given = {extra.event_id: extra for extra in outcome.result.additional}
    assert given.keys() == {event["sdk_event_id"] for event in linked}
    for event in linked:
        assert given[event["sdk_event_id"]].counts == counts_on_the_wire(event)


def _figures(events: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return sorted((e["model"], e.get("input_tokens"), e.get("output_tokens")) for e in events)


def _main_event(outcome: Outcome) -> dict[str, Any]:
    (main,) = (event for event in outcome.events if "parent_event_id" not in event["metadata"])
    assert main["sdk_event_id"] == outcome.result.event_id
    return main


def _check_labels(row: Row, form: Form, outcome: Outcome, main: dict[str, Any]) -> None:
    model = row["expected"]["model"] or None  # Snowflake answers with an empty name
    assert outcome.result.detected
    assert (outcome.result.model or None) == model
    assert main["model"] == (model or "unknown")
    assert main["metadata"]["provider"] == outcome.result.provider
    assert outcome.result.provider in accepted_providers(row, form)


def _check_counts(row: Row, accepted: list[Counts], counts: Mapping[str, int]) -> None:
    if row["expected"].get("ambiguous"):
        # No rule is right for these figures; which of them are reported is still known.
        wanted = accepted[0]
        assert {k for k in MAIN if k in counts} == {k for k in MAIN if wanted[k] is not None}
        return
    got = [{name: counts.get(name) for name in wanted} for wanted in accepted]
    if not any(map(eq, got, accepted)):
        assert got[0] == accepted[0]


def counts_on_the_wire(event: Mapping[str, Any]) -> dict[str, int]:
    """The token counts of an event as it was sent."""
    totals = {k: event[k] for k in ("input_tokens", "output_tokens") if k in event}
    usage = event["metadata"].get("usage", {})
    return {**totals, **{k: v for k, v in usage.items() if k.endswith("_tokens")}}


def accepted_counts(row: Row, form: Form, read: Read) -> list[Counts]:
    """The right counts of what was read; the first is what the row expects."""
    expected = row["expected"]
    counts = {k: expected.get(k) for k in (*MAIN, *(k for k in OTHER if k in expected))}
    if form.is_json and "headers" in (basis := expected.get("basis") or ""):
        # A body without its headers says less; Nova's after a guardrail still has the input.
        absent = ("output_tokens",) if basis == "body+headers" else MAIN
        return [{**counts, **dict.fromkeys(absent)}]
    accepted: list[Counts] = [counts, _clamped(counts)]
    if row["surface"] == "live" and not form.is_json:
        # The SDK's object drops what Google calls candidates, and with it which modalities there
        # were; a zero that it dropped cannot be told from one that nobody sent.
        accepted.append({k: None if k in OTHER and v == 0 else v for k, v in counts.items()})
    second = {k.removeprefix("alt_"): v for k, v in expected.items() if k.startswith("alt_")}
    if second:
        accepted.append({**counts, **second})
    if row["surface"] == "invoke_model" and form.variant == "default":
        # Bedrock's headers state a zero that the body leaves out: reported, all the same.
        accepted.append({**counts, **_cache_in_headers(row)})
    if row["sdk"] == "boto3" and not form.is_json and "cacheDetails" not in repr(read.items):
        # Earlier versions of it drop what their service model does not know.
        accepted.append({k: v for k, v in counts.items() if k in MAIN})
    return accepted


def _clamped(counts: Counts) -> Counts:
    """Parts cut to their totals: providers have stated more cached tokens than input tokens.

    The price book takes the parts out of their total, so such a figure would be a refund.
    """
    left, output = counts["input_tokens"], counts["output_tokens"]
    cut = dict(counts)
    for part in ("cache_write_tokens", "cache_read_tokens"):
        value = cut[part]
        if value is not None and left is not None:
            cut[part] = min(value, left)
            left -= min(value, left)
    reasoning = cut["reasoning_tokens"]
    if reasoning is not None and output is not None:
        cut["reasoning_tokens"] = min(reasoning, output)
    return cut


def _cache_in_headers(row: Row) -> dict[str, int]:
    named = {
        "cache_read_tokens": "x-amzn-bedrock-cache-read-input-token-count",
        "cache_write_tokens": "x-amzn-bedrock-cache-write-input-token-count",
    }
    headers = row["response_headers"]
    return {name: int(headers[header]) for name, header in named.items() if header in headers}


def accepted_providers(row: Row, form: Form) -> set[str]:
    """The right names of who answered."""
    expected = row["expected"]
    accepted = {expected["provider"], *expected["accept_providers"]}
    text = repr(row["response_body"])
    if form.is_json and row["sdk"] in _OPENAI_SHAPED and "'x_groq'" not in text:
        # Without a class they are told apart by extra fields only, and these have none.
        accepted |= {"openai", "together"} if row["sdk"] == "huggingface_hub" else {"openai"}
    if "'native_finish_reason'" in text and "'id': 'gen-" in text:
        accepted.add("openrouter")  # three rows are named after the client that was used
    bare_claude = form.is_json or form.variant == "anthropic-bedrock"
    if bare_claude and row["surface"].startswith("invoke_model") and "msg_bdrk_" not in text:
        accepted.add("anthropic")  # the same body, and the same class, as Anthropic's own
    return accepted


def stated_cost(row: Row) -> Decimal | None:
    """The price that the provider itself states, in USD; None where it states none."""
    expected = row["expected"]
    if "provider_cost_usd_ticks" in expected:
        return expected["provider_cost_usd_ticks"] * USD_PER_TICK
    if "provider_cost_usd" not in expected:
        return None
    # The shortest text of a double is the text that it was read from.
    cost = Decimal(repr(expected["provider_cost_usd"]))
    body = row["response_body"]
    whole = body[-1]["data"] if row["streaming"] else body
    if row["streaming"] and not isinstance(whole, dict):
        whole = body[-2]["data"]
    usage = whole.get("usage", {})
    if usage.get("is_byok") is True:
        # With a key of the caller's own, `cost` is OpenRouter's fee alone, 0 in the recordings, and
        # the provider bills the rest to that key. The call cost both. On other calls the same
        # field repeats a part of `cost`, and adding it would count that part twice.
        # Source: https://openrouter.ai/docs/use-cases/usage-accounting#cost-breakdown, read
        # 2026-11-22.
        cost += Decimal(repr(usage["cost_details"]["upstream_inference_cost"]))
    return cost
