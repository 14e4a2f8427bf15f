"""Ranges are cut as the clocks of a zone say, and nothing falls between two buckets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bearlumen_server.reports.buckets import (
    GRANULARITIES,
    MAX_BUCKETS,
    Granularity,
    TooManyBucketsError,
    cut,
)
from bearlumen_server.reports.question import Question, previous

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = tuple(
    map(
        ZoneInfo,
        (
            "UTC", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe", "America/Sao_Paulo",
            "Africa/Monrovia", "Pacific/Apia", "America/St_Johns", "Asia/Tehran",
        ),
    )
)  # fmt: skip


def starts(start: str, end: str, granularity: Granularity, zone: ZoneInfo) -> list[str]:
    """Return the first instant of each bucket."""
    buckets = cut(datetime.fromisoformat(start), datetime.fromisoformat(end), granularity, zone)
    return [first.isoformat() for first, _ in buckets]


def test_hour_that_clocks_show_twice_is_two_buckets() -> None:
    """The last Sunday of October has 25 hours in Berlin."""
    found = starts("2026-10-25T00:00+02:00", "2026-10-26T00:00+01:00", "hour", BERLIN)
    assert len(found) == 25
    assert found[2:4] == ["2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00"]


def test_hour_that_clocks_skip_is_none() -> None:
    """The last Sunday of March has 23."""
    found = starts("2026-03-29T00:00+01:00", "2026-03-30T00:00+02:00", "hour", BERLIN)
    assert len(found) == 23
    assert found[1:3] == ["2026-03-29T01:00:00+01:00", "2026-03-29T03:00:00+02:00"]


def test_hours_of_kathmandu_begin_at_a_quarter_past_those_of_utc() -> None:
    """Its clocks are 5:45 ahead."""
    found = starts("2026-01-01T00:00Z", "2026-01-01T02:00Z", "hour", ZoneInfo("Asia/Kathmandu"))
    assert found == [
        "2026-01-01T05:45:00+05:45",
        "2026-01-01T06:00:00+05:45",
        "2026-01-01T07:00:00+05:45",
    ]


def test_weeks_begin_on_monday_and_ranges_where_they_do() -> None:
    """A bucket says what it covers: the first one begins with the range."""
    found = starts("2026-01-01T00:00Z", "2026-01-14T00:00Z", "week", ZoneInfo("UTC"))
    assert [each[:10] for each in found] == ["2026-01-01", "2026-01-05", "2026-01-12"]


def test_months_have_their_own_length() -> None:
    """January to March."""
    found = starts("2026-01-31T00:00Z", "2026-03-02T00:00Z", "month", ZoneInfo("UTC"))
    assert [each[:10] for each in found] == ["2026-01-31", "2026-02-01", "2026-03-01"]


def test_day_without_midnight_begins_when_clocks_jump() -> None:
    """Midnight of 2018-11-04 did not exist in São Paulo."""
    zone = ZoneInfo("America/Sao_Paulo")
    found = starts("2018-11-03T03:00Z", "2018-11-05T02:00Z", "day", zone)
    assert found == ["2018-11-03T00:00:00-03:00", "2018-11-04T01:00:00-02:00"]


@pytest.mark.parametrize(
    ("zone", "granularity", "slot"),
    [
        ("UTC", "day", "day"),
        ("UTC", "hour", "hour"),
        ("Europe/Berlin", "day", "hour"),
        ("Asia/Kathmandu", "day", "quarter"),
    ],
)
def test_slots_are_as_long_as_may_be(zone: str, granularity: Granularity, slot: str) -> None:
    """The longer they are, the fewer rows the engine returns."""
    start = datetime(2026, 3, 1, tzinfo=ZoneInfo(zone))
    assert cut(start, start + timedelta(days=40), granularity, ZoneInfo(zone)).slot == slot


def test_too_many_buckets_are_refused() -> None:
    """A hundred years of hours are no answer."""
    start = datetime(2000, 1, 1, tzinfo=UTC)
    with pytest.raises(TooManyBucketsError, match=str(MAX_BUCKETS)):
        cut(start, start + timedelta(days=1000), "hour", BERLIN)


@given(
    start=st.datetimes(datetime(1971, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    length=st.timedeltas(timedelta(microseconds=1), timedelta(days=60)),
    granularity=st.sampled_from(GRANULARITIES),
    zone=st.sampled_from(ZONES),
    share=st.floats(0, 1, exclude_max=True),
)
def test_every_instant_is_in_the_bucket_of_its_slot(
    start: datetime, length: timedelta, granularity: Granularity, zone: ZoneInfo, share: float
) -> None:
    """Buckets touch, cover the range, and a slot's bucket is that of each instant in it."""
    buckets = cut(start, start + length, granularity, zone)
    edges = [edge.astimezone(UTC) for edge in buckets.edges]
    assert (edges[0], edges[-1]) == (start, start + length)
    assert edges == sorted(set(edges))
    at = start + timedelta(microseconds=int(length / timedelta(microseconds=1) * share))
    lengths = {"day": 86_400, "hour": 3_600, "quarter": 900, "second": 1}
    stamp = int((at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1))
    slot = datetime.fromtimestamp(stamp - stamp % lengths[buckets.slot], UTC).replace(tzinfo=None)
    position = buckets.position(slot)
    assert edges[position] <= at < edges[position + 1]
    if granularity != "hour":
        spanned = {edge.astimezone(zone).date() for edge in edges[1:-1]}
        assert len(spanned) == len(edges[1:-1])


def test_period_before_has_as_many_days() -> None:
    """The week of the clock change has an hour less than the week before it."""
    week = Question(
        org_id="o",
        start=datetime(2026, 3, 29, tzinfo=BERLIN),
        end=datetime(2026, 4, 5, tzinfo=BERLIN),
        zone=BERLIN,
    )
    assert previous(week).start == datetime(2026, 3, 22, tzinfo=BERLIN)
    assert previous(week).end == week.start


def test_period_before_an_instant_has_the_same_length() -> None:
    """A range of instants is a number of seconds."""
    hours = Question(
        org_id="o",
        start=datetime(2026, 3, 29, 10, tzinfo=UTC),
        end=datetime(2026, 3, 29, 13, tzinfo=UTC),
    )
    assert previous(hours).start == datetime(2026, 3, 29, 7, tzinfo=UTC)
