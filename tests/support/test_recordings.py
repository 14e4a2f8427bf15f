"""The recordings are sound: complete, and with numbers no mistake can get right."""

import json
import re
from collections.abc import Mapping
from itertools import combinations
from pathlib import Path

import pytest

from bearlumen.providers._registry import flavors

from .figures import settled
from .recordings import PROVIDERS, Recording, load, recordings

RECORDINGS = [load(path) for path in recordings()]
COUNTS = {
    "audio_input_tokens",
    "audio_output_tokens",
    "cache_read_tokens",
    "cache_write_1h_tokens",
    "cache_write_5m_tokens",
    "cache_write_tokens",
    "image_input_tokens",
    "image_output_tokens",
    "input_tokens",
    "output_tokens",
    "reasoning_tokens",
    "tool_use_prompt_tokens",
}
WHOLES = {
    "cache_creation_input_tokens": "cache_creation.",
    "cache_write_tokens": "cache_write_tokens_details.",
    "cache_write_input_tokens": "cache_details.",
    "candidates_token_count": "candidates_tokens_details.",
    "prompt_token_count": "prompt_tokens_details.",
    "response_token_count": "response_tokens_details.",
    "total_input_tokens": "input_tokens_by_modality.",
    "total_output_tokens": "output_tokens_by_modality.",
}
"""Figures that are a sum by definition, and where their parts stand when they are stated."""
RESTATED = re.compile(
    r"total_tokens?(_count)?$|text_tokens$|initial_input_tokens$|prompt_cache_(hit|miss)_tokens$|cached_tokens_details\."
    r"|iterations\.|usage_breakdown\.|invocation_metrics\.|^x_groq\..*|cost_in_usd_ticks$"
)
"""Figures that are stated elsewhere too: sums, what is left of them, and what they are made of."""
UNSTATED_TOTAL = frozenset(("other_total", "no_tokens"))
"""Tags of answers whose total leaves out what is billed, or has other things in it."""

each_recording = pytest.mark.parametrize("recording", RECORDINGS, ids=lambda r: r.name)


def test_every_declared_surface_is_recorded() -> None:
    """A declaration without a recorded answer is a guess, and so is one of a stream."""
    recorded = {(r.flavor, r.streaming) for r in RECORDINGS}
    declared = {f"{f.provider}/{f.declared.name}": bool(f.chunks) for f in flavors()}
    assert {flavor for flavor, _ in recorded} == set(declared)
    own = {f"{f.provider}/{f.declared.name}" for f in flavors() if not f.declared.shared}
    streamed = {name for name, streams in declared.items() if streams and name in own}
    assert streamed == {flavor for flavor, streaming in recorded if streaming} & own


@each_recording
def test_recording_is_complete(recording: Recording) -> None:
    """Each says what it shows and where its shape is documented, in the agreed words."""
    folder = recording.path.parent.name
    assert folder in {recording.provider, (recording.flavor or "").partition("/")[0]}
    assert recording.about.endswith(".")
    assert re.fullmatch(r"https://\S+, read \d{4}-\d\d-\d\d", recording.source)
    for meaning in (recording, recording.as_json, *recording.linked):
        assert set(meaning.counts) <= COUNTS
    assert bool(recording.events) == recording.streaming == (recording.response is None)


@each_recording
def test_counts_are_the_total_the_provider_states(recording: Recording) -> None:
    """Where the provider states a total, the hand-made counts add up to it."""
    figures = settled(recording)
    totals = {n for path, n in figures.items() if re.search(r"usage\w*\.total_token", path)}
    totals -= {n for path, n in figures.items() if "breakdown" in path or "svg" in path}
    counted = recording.counts.get("input_tokens", 0) + recording.counts.get("output_tokens", 0)
    assert totals in (set(), {counted}) or recording.tags & UNSTATED_TOTAL


@each_recording
def test_no_usage_means_no_counts(recording: Recording) -> None:
    """An answer that reports nothing has no counts, and one that does has both totals."""
    if recording.tags & {"no_tokens", "input_only"}:
        return
    assert ("no_usage" in recording.tags) == (not recording.counts)
    assert {"input_tokens", "output_tokens"} <= set(recording.counts) or not recording.counts
    assert recording.counts == {} or recording.recorded


@each_recording
def test_parts_fit_into_their_whole(recording: Recording) -> None:
    """Cached and other special tokens are parts of the input or of the output."""
    for meaning in (recording, *recording.linked):
        counts = meaning.counts
        assert _sum(counts, "cache_read", "cache_write") <= _sum(counts, "input")
        written = _sum(counts, "cache_write_5m", "cache_write_1h")
        assert written in (0, _sum(counts, "cache_write"), _sum(counts, "cache_write_1h"))
        assert _sum(counts, "tool_use_prompt") <= _sum(counts, "input")
        assert _sum(counts, "audio_input", "image_input") <= _sum(counts, "input")
        special = _sum(counts, "reasoning", "audio_output", "image_output")
        assert special <= _sum(counts, "output")


@each_recording
def test_no_mistake_gives_a_right_number(recording: Recording) -> None:
    """No two figures are equal and no two sums of figures are, so adding wrongly always shows."""
    figures = settled(recording)
    parts = [n for path, n in figures.items() if n and not _is_whole(path, figures)]
    groups = [group for k in range(1, len(parts) + 1) for group in combinations(parts, k)]
    assert len({sum(group) for group in groups}) == len(groups)


@each_recording
def test_answer_states_what_stands_beside_the_counts(recording: Recording) -> None:
    """Model, service tier and billed searches are the ones on the wire, and absent where it is."""
    wire = json.dumps([recording.response or [e.data for e in recording.events], recording.headers])
    models = set(re.findall(r'"(?:model|modelVersion|invokedModelId)": "([^"]+)"', wire))
    tier = re.compile(
        r'"(?:service_?tier|trafficType|speed)": (?:{"type": )?"(\w+)"', re.IGNORECASE
    )
    tiers = {*tier.findall(wire), *re.findall(r'service-tier": "(\w+)"', wire)}
    searches = re.findall(r'"(?:web_search_requests|num_requests|web_search)": (\d+)', wire)
    named = {recording.model, *(one.model for one in recording.linked)} - {None}
    assert named <= models | {recording.request_model}
    assert {recording.service_tier, recording.as_json.service_tier} - {None} <= tiers
    assert bool(tiers) == bool(recording.service_tier or recording.as_json.service_tier)
    assert [int(n) for n in searches if n != "0"] == list(recording.tool_calls.values())


def test_unknown_key_is_refused(tmp_path: Path) -> None:
    """A misspelt key in a recording fails, instead of checking nothing."""
    typo, path = tmp_path / "typo.json", PROVIDERS / "openai" / "chat-plain.json"
    for misspelt in ('"count": {}', '"as_json": {"count": {}}'):
        typo.write_text(path.read_text().replace('"counts"', f'{misspelt}, "counts"'))
        with pytest.raises(ValueError, match=r"typo\.json: unknown keys \['count'\]"):
            load(typo)


def _sum(counts: Mapping[str, int], *kinds: str) -> int:
    return sum(counts.get(f"{kind}_tokens", 0) for kind in kinds)


def _is_whole(path: str, figures: Mapping[str, int]) -> bool:
    parts = WHOLES.get(path.rpartition(".")[2])
    split = parts is not None and any(parts in other for other in figures)
    return split or RESTATED.search(path) is not None
