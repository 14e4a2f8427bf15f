"""The benchmark works. How fast anything is, is for whoever runs it to see, and no test."""

import json
import subprocess
import sys
from pathlib import Path

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "track.py"


def test_benchmark_measures_and_delivers() -> None:
    """It times the floor and what is tracked, and every event arrives at its server."""
    done = subprocess.run(
        [sys.executable, BENCHMARK, "--quick", "--json"],
        capture_output=True,
        check=False,
        text=True,
        timeout=100,
    )
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads(done.stdout)
    assert report["calls"]["floor"]["ratio"] == 1
    assert report["calls"]["openai ChatCompletion"]["p50"] > 0
    assert report["events"]["delivered"] == report["events"]["tracked"]
    assert report["events"]["problems"] == 0
