"""The benchmarks work. How fast anything is, is for whoever runs them to see, and no test."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def run(script: str, *arguments: str) -> dict[str, Any]:
    """What a benchmark reports."""
    done = subprocess.run(
        [sys.executable, BENCHMARKS / script, "--quick", "--json", *arguments],
        capture_output=True,
        check=False,
        text=True,
        timeout=100,
    )
    assert (done.returncode, done.stderr) == (0, "")
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def test_track_benchmark_measures_and_delivers() -> None:
    """It times the floor and what is tracked, and every event arrives at its server."""
    report = run("track.py")
    assert report["calls"]["floor"]["ratio"] == 1
    assert report["calls"]["openai ChatCompletion"]["p50"] > 0
    assert report["events"]["delivered"] == report["events"]["tracked"]
    assert report["events"]["problems"] == 0


def test_delivery_benchmark_measures_and_counts_every_event() -> None:
    """It measures us beside the floor, and tells what arrived from what was recorded."""
    report = run("delivery.py", "--here", "--subjects", "floor,bearlumen,bearlumen-journal")
    assert report["missing"] == {}
    for name in ("floor", "bearlumen", "bearlumen-journal"):
        assert report["hot"][name]["p50"] > 0
        assert report["flood"][name]["per_second"] > 0
        assert (report["hot"][name]["lost"], report["flood"][name]["lost"]) == (0, 0)
    assert report["import"]["imports"]["bearlumen"]["ms"] > 0
    for name in ("bearlumen", "bearlumen-journal"):
        outage = report["outage"][name]
        assert sum(outage["after"]["dropped"].values()) == outage["calls"] - outage["kept"]
    assert report["outage"]["bearlumen-journal"]["kept"] == outage["calls"]
