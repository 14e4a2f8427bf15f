"""Flask apps in this process, and what they tracked."""

from collections.abc import Iterator

import pytest

pytest.importorskip("flask")

from bearlumen import BearLumen, MemoryTransport
from bearlumen._default import _default


@pytest.fixture(autouse=True)
def bear(
    sent: MemoryTransport, problems: list[Exception], monkeypatch: pytest.MonkeyPatch
) -> Iterator[BearLumen]:
    """The client of `bearlumen.track`, in memory."""
    with BearLumen(api_key="k", transport=sent, on_error=problems.append) as client:
        monkeypatch.setattr(_default, "client", client)
        yield client
