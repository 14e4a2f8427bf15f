"""A client whose events stay in memory."""

from collections.abc import Iterator

import pytest

from bearlumen import BearLumen, MemoryTransport


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
