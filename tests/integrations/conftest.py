"""A client whose events stay in memory, and a note of what the tests passed with."""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from bearlumen import BearLumen, MemoryTransport
from support import versions

OUTCOMES: Counter[tuple[str, str]] = Counter()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Count the test to its folder."""
    folder = Path(report.nodeid.partition("::")[0]).parent
    if folder.parent.name == "integrations" and (report.when == "call" or not report.passed):
        OUTCOMES[folder.name, report.outcome] += 1


def pytest_sessionfinish() -> None:
    """Write what was tested, where somebody asks for it."""
    if "TESTED_VERSIONS" in os.environ:
        versions.write(Path(os.environ["TESTED_VERSIONS"]), OUTCOMES)


@pytest.fixture
def anyio_backend() -> str:
    """The event loop of the async tests."""
    return "asyncio"


@pytest.fixture
def sent() -> MemoryTransport:
    """What was sent."""
    return MemoryTransport()


@pytest.fixture
def problems() -> list[Exception]:
    """What `on_error` was told."""
    return []


@pytest.fixture
def bear(sent: MemoryTransport, problems: list[Exception]) -> Iterator[BearLumen]:
    """A client that sends nothing anywhere."""
    with BearLumen(api_key="k", transport=sent, on_error=problems.append) as client:
        yield client
