"""A Django project in this process, and what it tracked."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

django = pytest.importorskip("django")

FOLDER = Path(tempfile.mkdtemp())
os.environ["DJANGO_SETTINGS_MODULE"] = "integrations.django.site.settings"
os.environ["SITE_DATABASE"] = str(FOLDER / "site.sqlite3")
django.setup()
# Celery would take a process that has it for one of Django's.
del os.environ["DJANGO_SETTINGS_MODULE"]

from django.core.management import call_command  # noqa: E402
from django.test import AsyncClient, Client, override_settings  # noqa: E402

import bearlumen  # noqa: E402
from bearlumen import MemoryTransport  # noqa: E402
from bearlumen._default import _default  # noqa: E402
from bearlumen.integration import made_client  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.contrib.auth.models import User


@pytest.fixture
def anyio_backend() -> str:
    """The event loop of the async tests."""
    return "asyncio"


@pytest.fixture(autouse=True)
def unconfigured(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Forget a client that other tests of this process have configured: it would come first."""
    monkeypatch.setattr(_default, "client", None)
    yield
    client = made_client()
    if isinstance(client, bearlumen.BearLumen):
        client.shutdown()


@pytest.fixture(scope="session")
def alice() -> Iterator[User]:
    """A user of the project's, whose database there is now."""
    from django.contrib.auth.models import User
    from django.db import connections

    call_command("migrate", verbosity=0)
    yield User.objects.create_user("alice", email="alice@example.com")
    connections.close_all()


@pytest.fixture(scope="session")
def bob(alice: User) -> User:
    """Another one."""
    return type(alice).objects.create_user("bob")


class Tracked:
    """What was tracked so far, with the settings that the test wants."""

    def __init__(self, problems: list[Exception]) -> None:
        self.sent = MemoryTransport()
        self.problems = problems
        self._setting = {"API_KEY": "sk", "TRANSPORT": self.sent, "ON_ERROR": problems.append}
        self._overrides: list[override_settings] = []

    def change(self, **options: object) -> None:
        """Set options of `BEARLUMEN` until the test is over."""
        self._setting |= options
        override = override_settings(BEARLUMEN=self._setting)
        override.enable()
        self._overrides.append(override)

    def undo(self) -> None:
        """Set them back."""
        for override in reversed(self._overrides):
            override.disable()

    @property
    def events(self) -> list[dict[str, Any]]:
        """As they were sent."""
        client = bearlumen.get_client()
        assert isinstance(client, bearlumen.BearLumen)
        assert client.flush()
        return self.sent.events

    @property
    def users(self) -> list[str | None]:
        """Whom each was for."""
        return [event.get("user_id") for event in self.events]

    @property
    def features(self) -> list[str | None]:
        """What each was for."""
        return [event["metadata"].get("feature") for event in self.events]

    def told(self, dimension: str) -> list[str]:
        """What each says of itself."""
        return [event["metadata"]["dimensions"][dimension] for event in self.events]

    def by_place(self) -> dict[str, str | None]:
        """Whom each was for, by where it was tracked."""
        return dict(zip(self.told("where"), self.users, strict=True))


@pytest.fixture
def problems() -> list[Exception]:
    """What `ON_ERROR` was told."""
    return []


@pytest.fixture
def tracked(problems: list[Exception]) -> Iterator[Tracked]:
    """What this process tracks during the test."""
    tracked = Tracked(problems)
    tracked.change()
    yield tracked
    tracked.undo()


@pytest.fixture
def web(alice: User) -> Client:
    """A browser in which Alice is logged in, of a WSGI server."""
    client = Client(raise_request_exception=False)
    client.force_login(alice)
    return client


@pytest.fixture
def asgi(alice: User) -> AsyncClient:
    """The same, of an ASGI server."""
    client = AsyncClient(raise_request_exception=False)
    client.force_login(alice)
    return client
