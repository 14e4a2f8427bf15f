"""Proof of delivery with real processes: `uv run just reliability`.

`--table FILE` writes the table of all cases; `--seed N` repeats a run's random choices.
"""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from reliability.ledger import Row, table
from reliability.programs import Mode, end_programs
from reliability.serving import Nursery, Server
from reliability.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

CASE_TIMEOUT_SECONDS = 400
ROWS = pytest.StashKey[list[Row]]()
SEED = pytest.StashKey[int]()
STARTED = pytest.StashKey[float]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where the table goes, and how to repeat a run."""
    parser.addoption("--table", type=Path, default=None, help="write the table of cases here")
    parser.addoption("--seed", type=int, default=None, help="repeat the random choices of a run")


def pytest_configure(config: pytest.Config) -> None:
    """Choose the seed, and say it."""
    given: int | None = config.getoption("--seed")
    config.stash[SEED] = random.SystemRandom().randrange(10**6) if given is None else given
    config.stash[ROWS] = []
    config.stash[STARTED] = time.monotonic()


def pytest_report_header(config: pytest.Config) -> str:
    """The seed, before anything can go wrong."""
    return f"reliability: --seed {config.stash[SEED]}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each case more time than a unit test."""
    for item in items:
        item.add_marker(pytest.mark.timeout(CASE_TIMEOUT_SECONDS))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print the table, and write it where it was asked for."""
    rows = config.stash[ROWS]
    if not rows:
        return
    lines = table(rows)
    terminalreporter.section("reliability")
    for line in lines:
        terminalreporter.write_line(line)
    took = time.monotonic() - config.stash[STARTED]
    terminalreporter.write_line(f"seed {config.stash[SEED]}, {took:.0f} s in all")
    path: Path | None = config.getoption("--table")
    if path is not None:
        path.write_text("\n".join(lines) + "\n")


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """The process that every server is forked from."""
    made = Nursery()
    yield made
    made.close()


@pytest.fixture(autouse=True)
def _no_survivors() -> Iterator[None]:
    """End the programs of a case that failed."""
    yield
    end_programs()


@pytest.fixture
def server(nursery: Nursery, tmp_path: Path) -> Iterator[Server]:
    """A real server over a new ledger, which answers."""
    made = Server(nursery, tmp_path)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def dice(request: pytest.FixtureRequest) -> random.Random:
    """The random choices of one case, the same for the same seed."""
    return random.Random(f"{request.config.stash[SEED]} {request.node.nodeid}")


@pytest.fixture(params=list(Mode), ids=lambda mode: mode.value)
def mode(request: pytest.FixtureRequest) -> Mode:
    """With a journal, and with memory alone."""
    return request.param


@pytest.fixture
def verdict(request: pytest.FixtureRequest) -> Verdict:
    """Accounts for a case, prints its line, and insists that nothing was lost or doubled."""
    plugins = request.config.pluginmanager
    reporter = plugins.get_plugin("terminalreporter")
    capture = plugins.get_plugin("capturemanager")

    def tell(row: Row) -> None:
        request.config.stash[ROWS].append(row)
        if reporter is not None and capture is not None:
            with capture.global_and_fixture_disabled():
                reporter.ensure_newline()
                reporter.write_line("  ".join(row.cells()))

    return Verdict(tell)
