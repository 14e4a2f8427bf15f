"""What follows each outcome of an attempt to deliver: the contract's table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bearlumen.batching.retry import (
    BACKOFF_CAP_SECONDS,
    Delivered,
    GiveUp,
    Outcome,
    Split,
    Step,
    Wait,
    next_step,
)


@pytest.mark.parametrize(
    ("status", "size", "expected"),
    [
        (200, 20, Delivered()),
        (202, 1, Delivered()),
        (400, 20, Split()),
        (400, 1, GiveUp()),
        (413, 2, Split()),
        (413, 1, GiveUp()),
        (422, 20, Split()),
        (401, 20, Wait(60.0, refused=True)),
        (403, 1, Wait(60.0, refused=True)),
        (404, 20, Wait(60.0, refused=True)),
        (307, 20, Wait(60.0, refused=True)),
        (429, 20, Wait(0.5)),
        (500, 1, Wait(0.5)),
        (503, 20, Wait(0.5)),
        (None, 20, Wait(0.5)),
    ],
)
def test_outcome_decides_the_next_step(status: int | None, size: int, expected: Step) -> None:
    """Only a 2xx is delivery, and only a lone bad event is given up."""
    step = next_step(Outcome(status=status), attempt=0, size=size, jitter=lambda: 1.0)
    assert step == expected


def test_retry_after_is_obeyed() -> None:
    """The server's word on when to come back goes before our own arithmetic."""
    outcome = Outcome(status=429, retry_after=7.0)
    assert next_step(outcome, attempt=9, size=1, jitter=lambda: 0.0) == Wait(7.0, asked=True)


def test_retry_after_zero_is_no_busy_loop() -> None:
    """A server that asks for no wait at all gets our own backoff."""
    outcome = Outcome(status=503, retry_after=0.0)
    assert next_step(outcome, attempt=2, size=1, jitter=lambda: 1.0) == Wait(2.0)


@given(
    status=st.sampled_from([None, 429, 500, 502, 503, 504]),
    attempt=st.integers(0, 10_000),
    jitter=st.floats(0, 1),
)
def test_backoff_is_bounded(status: int | None, attempt: int, jitter: float) -> None:
    """However long a server is away, the next attempt is at most a minute off."""
    step = next_step(Outcome(status=status), attempt=attempt, size=1, jitter=lambda: jitter)
    assert isinstance(step, Wait)
    assert 0 <= step.seconds <= BACKOFF_CAP_SECONDS


@given(status=st.one_of(st.none(), st.integers(100, 599)), size=st.integers(1, 1000))
def test_nothing_but_a_lone_event_is_ever_given_up(status: int | None, size: int) -> None:
    """No answer of a server loses a batch."""
    step = next_step(Outcome(status=status), attempt=0, size=size, jitter=lambda: 0.5)
    assert not isinstance(step, GiveUp) or size == 1
    assert isinstance(step, Delivered) == (status is not None and 200 <= status < 300)
