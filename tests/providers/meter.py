"""A client that keeps what it would send, and proves that it may be sent."""

import json
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from decimal import Decimal
from typing import Any, Self

import pytest
from hypothesis import HealthCheck, settings
from providers.exchanges import Exchange
from providers.expectations import counts_on_the_wire
from providers.forms import Form, Read, read

from bearlumen import BearLumen
from bearlumen.batching.retry import Outcome
from support.corpus import Row

Event = dict[str, Any]

thorough = settings(
    max_examples=250,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
"""For the laws: an example takes a few milliseconds, and some of the recordings are long."""


class Meter:
    """A client whose events are kept as the bytes that would be sent."""

    def __init__(self) -> None:
        self._sent: list[bytes] = []
        self.problems: list[Exception] = []
        self.bear = BearLumen(api_key="sk_test_1", transport=self, on_error=self.problems.append)

    def send(self, events: Sequence[bytes], *, timeout: float | None = None) -> Outcome:
        """Keep them."""
        self._sent += events
        return Outcome(status=200)

    def close(self) -> None:
        """Nothing to let go of."""

    def abandon(self) -> None:
        """Nothing to forget."""

    def events(self) -> list[Event]:
        """What was recorded since the last time, each proven to be sound."""
        assert self.bear.flush()
        events = [_strict(event) for event in self._sent]
        self._sent.clear()
        return events

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.bear.shutdown()


def _strict(event: bytes) -> Event:
    """An event that any server can read: JSON without NaN, counts that are counts."""

    def refuse(constant: str) -> Any:
        raise AssertionError(f"{constant} is not JSON")

    decoded: Event = json.loads(event, parse_constant=refuse)
    tools = decoded["metadata"].get("usage", {}).get("tool_calls", {})
    for name, count in {**counts_on_the_wire(decoded), **tools}.items():
        assert type(count) is int, (name, count)
        assert count >= 0, (name, count)
    for name, amount in decoded["metadata"].get("units", {}).items():
        assert isinstance(amount, int | float), (name, amount)
        assert amount >= 0, (name, amount)
    assert Decimal(decoded["metadata"].get("provider_cost", 0)) >= 0
    assert isinstance(decoded["model"], str)
    assert decoded["model"]
    return decoded


@contextmanager
def where_installed() -> Generator[None]:
    """Pass over an example, and not over the whole test, whose SDK is not installed."""
    with suppress(pytest.skip.Exception):
        yield


def passed_on(exchange: Exchange, row: Row, form: Form, meter: Meter) -> Read:
    """Read it tracked, and prove that the caller saw what they would have seen without us."""
    untouched = read(row, form, exchange.client)
    tracked = read(row, form, exchange.client, track=meter.bear.track)
    assert tracked.items == untouched.items
    assert (tracked.refused, tracked.error) == (untouched.refused, untouched.error)
    return tracked
