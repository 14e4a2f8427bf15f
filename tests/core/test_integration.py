"""What the integration packages build on."""

import threading
from collections.abc import Generator, Iterator
from typing import Any

import pytest

import bearlumen
from bearlumen import BearLumen, MemoryTransport
from bearlumen._default import _default
from bearlumen.integration import (
    configure_later,
    default,
    guard_of,
    inside,
    is_configured,
    made_client,
)

CHAT = {"object": "chat.completion", "model": "gpt-4o", "usage": {"prompt_tokens": 1}}


def test_a_scope_in_steps_holds_in_each_and_not_between() -> None:
    """Two bodies that are read by turns keep their end users; what a step opens stays open."""
    sent = MemoryTransport()
    with BearLumen(api_key="k", transport=sent) as bear:

        def body() -> Generator[None, None, None]:
            bear.track(CHAT)
            with bear.scope(feature="inner"):
                yield
                bear.track(CHAT)

        bodies = [(body(), inside(bear, end_user=name)) for name in ("alice", "bob")]
        for _ in range(2):
            for steps, within in bodies:
                with within:
                    next(steps, None)
                bear.track(CHAT)
    found = [(e.get("user_id"), e["metadata"].get("feature")) for e in sent.events]
    nobody = (None, None)
    assert found == [
        ("alice", None), nobody, ("bob", None), nobody,
        ("alice", "inner"), nobody, ("bob", "inner"), nobody,
    ]  # fmt: skip


def test_a_fault_of_ours_is_reported_and_goes_no_further() -> None:
    """Once for each problem, to `on_error`."""
    problems: list[Any] = []
    bear = BearLumen(api_key="k", transport=MemoryTransport(), on_error=problems.append)
    with bear, guard_of(bear)("reading the user"):
        raise KeyError("user")
    assert [type(problem) for problem in problems] == [KeyError]


@pytest.fixture
def unconfigured(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As a program begins."""
    for name in ("client", "_make", "_made"):
        monkeypatch.setattr(_default, name, None)
    yield
    client = made_client()
    if isinstance(client, BearLumen):
        client.shutdown()


@pytest.mark.usefixtures("unconfigured")
def test_a_client_is_made_when_one_is_first_needed_and_once() -> None:
    """Not when it is said how, and by one thread however many need it."""
    made: list[BearLumen] = []
    begin = threading.Barrier(8)

    def make() -> BearLumen:
        made.append(BearLumen("k", transport=MemoryTransport()))
        return made[-1]

    configure_later(make)
    assert (made, made_client()) == ([], None)

    def need() -> None:
        begin.wait()
        bearlumen.track(CHAT)

    threads = [threading.Thread(target=need) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [bearlumen.get_client()] == [made_client()]
    assert not is_configured()


@pytest.mark.usefixtures("unconfigured")
def test_a_client_that_is_configured_comes_before_one_that_would_be_made() -> None:
    """Whichever was said first; and a new way of making one replaces what was made."""
    configure_later(lambda: BearLumen("k", transport=MemoryTransport()))
    first = bearlumen.get_client()
    configure_later(lambda: BearLumen("k", transport=MemoryTransport()))
    assert bearlumen.get_client() is not first
    own = bearlumen.configure("k", transport=MemoryTransport())
    configure_later(lambda: BearLumen("k", transport=MemoryTransport()))
    assert bearlumen.get_client() is own
    assert is_configured()


@pytest.mark.usefixtures("unconfigured")
def test_trouble_before_there_is_a_client_goes_to_the_one_that_is_made() -> None:
    """Its `on_error` is told; who makes it may have trouble of its own to report."""
    problems: list[Any] = []

    def make() -> BearLumen:
        with guard_of(default)("making it"):
            raise ValueError
        return BearLumen("k", transport=MemoryTransport(), on_error=problems.append)

    configure_later(make)
    with guard_of(default)("reading the user"):
        raise KeyError("user")
    assert [type(problem) for problem in problems] == [KeyError]


@pytest.mark.usefixtures("unconfigured")
def test_a_client_that_cannot_be_made_is_no_trouble_of_a_scope_s() -> None:
    """What is reported then goes to the log."""

    def make() -> BearLumen:
        raise OSError

    configure_later(make)
    with guard_of(default)("reading the user"):
        raise KeyError("user")
    with pytest.raises(OSError):  # noqa: PT011  # there is nothing else in there
        bearlumen.track(CHAT)
