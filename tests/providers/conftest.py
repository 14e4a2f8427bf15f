"""A client whose events stay in memory, and SDKs that are set up once."""

import ssl
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import Any

import pytest

from bearlumen import BearLumen, MemoryTransport

# The checks stand in modules of their own, and are to show their values all the same.
pytest.register_assert_rewrite("providers.expectations", "providers.meter")


@pytest.fixture(autouse=True, scope="package")
def sdks_set_up_once() -> Iterator[None]:
    """What two SDKs read again for every client is read once."""
    with pytest.MonkeyPatch.context() as patch:
        # google-genai: the authorities that it would trust, 24 ms.
        patch.setattr(ssl, "create_default_context", cache(ssl.create_default_context))
        try:
            sessions: Any = import_module("aiobotocore.session")
        except ImportError:
            sessions = None
        if sessions is not None:
            # aiobotocore: the model of the service, 50 ms. boto3 has such a session of its own.
            patch.setattr(sessions, "get_session", cache(sessions.get_session))
        yield


@pytest.fixture
def sent() -> MemoryTransport:
    """What the client has sent."""
    return MemoryTransport()


@pytest.fixture
def problems() -> list[Exception]:
    """What `on_error` was told."""
    return []


@pytest.fixture
def bear(sent: MemoryTransport, problems: list[Exception]) -> Iterator[BearLumen]:
    """A client that sends nothing anywhere."""
    with BearLumen(api_key="sk_test_1", transport=sent, on_error=problems.append) as client:
        yield client
