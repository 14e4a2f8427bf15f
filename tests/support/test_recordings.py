"""The recordings are sound: complete, and with numbers no mistake can get right."""

import json
import re
from collections.abc import Mapping
from itertools import combinations
from pathlib import Path

import pytest

from .figures import settled
from .recordings import Recording, load, recordings

PATHS = recordings()
RECORDINGS = [load(path) for path in PATHS]
COUNTS = {
    "audio_input_tokens",
    "audio_output_tokens",
    "cache_read_tokens",
    "cache_write_1h_tokens",
    "cache_write_tokens",
    "image_input_tokens",
    "image_output_tokens",
    "input_tokens",
    "output_tokens",
    "reasoning_tokens",
    "tool_use_prompt_tokens",
}
SURFACES = {
    ("anthropic", "messages"),
    ("bedrock", "converse"),
    ("gemini", "generate_content"),
    ("mistral", "chat"),
    ("ollama", "chat"),
    ("ollama", "generate"),
    ("openai", "chat"),
    ("openai", "responses"),
}
WHOLES = {
    "cache_creation_input_tokens": "cache_creation.",
    "cache_write_input_tokens": "cache_details.",
    "candidates_token_count": "candidates_tokens_details.",
    "prompt_token_count": "prompt_tokens_details.",
}
"""Figures that are a sum by definition, and where their parts stand when they are stated."""

each_recording = pytest.mark.parametrize("recording", RECORDINGS, ids=lambda r: r.name)


def test_every_surface_is_recorded_plain_and_streamed() -> None:
    """A surface without a recording is a guess."""
    kinds = {(r.provider, r.surface, r.streaming) for r in RECORDINGS}
    assert kinds == {(*surface, streaming) for surface in SURFACES for streaming in (False, True)}


@each_recording
def test_recording_is_complete(recording: Recording) -> None:
    """Each says what it shows and where its shape is documented, in the agreed words."""
    assert recording.provider == recording.path.parent.name
    assert recording.path.stem.startswith(recording.surface.replace("_", "-"))
    assert recording.about.endswith(".")
    assert re.fullmatch(r"https://\S+, read \d{4}-\d\d-\d\d", recording.source)
    assert set(recording.counts) <= COUNTS
    assert bool(recording.events) == recording.streaming == (recording.response is None)


@each_recording
def test_counts_are_the_total_the_provider_states(recording: Recording) -> None:
    """Where the provider states a total, the hand-made counts add up to it."""
    totals = [n for path, n in settled(recording).items() if _field(path).startswith("total_token")]
    counted = recording.counts.get("input_tokens", 0) + recording.counts.get("output_tokens", 0)
    assert totals in ([], [counted])


@each_recording
def test_no_usage_means_no_counts(recording: Recording) -> None:
    """An answer that reports nothing has no counts, and one that does has both totals."""
    assert bool(settled(recording)) == bool(recording.counts)
    assert ("no_usage" in recording.tags) == (not recording.counts)
    assert {"input_tokens", "output_tokens"} <= set(recording.counts) or not recording.counts


@each_recording
def test_parts_fit_into_their_whole(recording: Recording) -> None:
    """Cached and other special tokens are parts of the input or of the output."""
    assert _sum(recording.counts, "cache_read", "cache_write") <= _sum(recording.counts, "input")
    assert _sum(recording.counts, "cache_write_1h") <= _sum(recording.counts, "cache_write")
    assert _sum(recording.counts, "tool_use_prompt") <= _sum(recording.counts, "input")
    assert _sum(recording.counts, "audio_input", "image_input") <= _sum(recording.counts, "input")
    special = _sum(recording.counts, "reasoning", "audio_output", "image_output")
    assert special <= _sum(recording.counts, "output")


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
    wire = json.dumps(recording.response or [event.data for event in recording.events])
    models = set(re.findall(r'"(?:model|modelVersion)": "([^"]+)"', wire))
    tiers = set(re.findall(r'"service_?[tT]ier": (?:\{"type": )?"(\w+)"', wire))
    searches = re.findall(r'"(?:web_search_requests|num_requests)": (\d+)', wire)
    assert models == ({recording.model} if recording.model else set())
    assert tiers == ({recording.service_tier} if recording.service_tier else set())
    assert [int(n) for n in searches] == list(recording.tool_calls.values())


def test_unknown_key_is_refused(tmp_path: Path) -> None:
    """A misspelt key in a recording fails, instead of checking nothing."""
    typo = tmp_path / "typo.json"
    typo.write_text(PATHS[0].read_text().replace('"counts"', '"count": {}, "counts"'))
    with pytest.raises(ValueError, match=r"typo\.json: unknown keys \['count'\]"):
        load(typo)


def _field(path: str) -> str:
    return path.rpartition(".")[2]


def _sum(counts: Mapping[str, int], *kinds: str) -> int:
    return sum(counts.get(f"{kind}_tokens", 0) for kind in kinds)


def _is_whole(path: str, figures: Mapping[str, int]) -> bool:
    parts = WHOLES.get(_field(path))
    split = parts is not None and any(parts in other for other in figures)
    return split or _field(path).startswith("total_token")
