"""Numbers that add up: every answer about a random small ledger is a sum over its events.

A law is a function over a `Books`: a store, a question about it, and the calls that the question
chooses, as plain Python. To add one, write the function and list it in `LAWS`.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import count
from statistics import median
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from server.helpers import uuid7

from bearlumen.pricing.book import PriceBook
from bearlumen_server.ledger.decode import decode_batch
from bearlumen_server.ledger.pricing import price
from bearlumen_server.reports.buckets import GRANULARITIES, Granularity, cut
from bearlumen_server.reports.comparison import compare
from bearlumen_server.reports.costs import cost_by, cost_by_page
from bearlumen_server.reports.grouping import by_dimension, by_label
from bearlumen_server.reports.metrics import metrics
from bearlumen_server.reports.question import LABELS, Question, previous
from bearlumen_server.reports.series import cost_series
from bearlumen_server.reports.sessions import SORTS, session_of, session_types, sessions_page
from bearlumen_server.reports.trend import Spent, cost_trend
from bearlumen_server.reports.usage import usage_summary
from bearlumen_server.storage.duckdb import DuckDBStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

EXAMPLES: Final = 200
NOW: Final = datetime(2026, 11, 1, tzinfo=UTC)
ZONES: Final = tuple(
    map(ZoneInfo, ("UTC", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe"))
)
ANCHORS: Final = (
    datetime(2026, 3, 29, 1, tzinfo=UTC),  # clocks jump ahead in Berlin
    datetime(2026, 10, 25, 1, tzinfo=UTC),  # and back
    datetime(2026, 4, 4, 15, tzinfo=UTC),  # and back by half an hour on Lord Howe
)
NOTHING: Final = Spent(total_cost=Decimal(0), events=0, unpriced_events=0)


@dataclass(frozen=True, kw_only=True)
class Call:
    """One event as it is sent, with the labels by their column."""

    at: datetime
    cost: Decimal | None
    labels: dict[str, str | None]
    session_type: str | None
    team: str | bool | int | None
    seconds: Decimal | None

    def sent(self) -> dict[str, Any]:
        """Return it as it is on the wire."""
        labels = dict(self.labels)
        return {
            "sdk_event_id": str(uuid7()),
            "model": labels.pop("model"),
            "user_id": labels.pop("end_user"),
            "input_tokens": 3,
            "event_invoked_at": self.at.isoformat(),
            "metadata": {
                **labels,
                "cost": None if self.cost is None else f"{self.cost:f}",
                "session_type": self.session_type,
                "dimensions": {} if self.team is None else {"team": self.team},
                "units": {} if self.seconds is None else {"seconds": float(self.seconds)},
            },
        }


@dataclass(frozen=True, kw_only=True)
class Books:
    """A ledger, a question, and the calls that it chooses."""

    store: DuckDBStore
    question: Question
    calls: Sequence[Call]
    """Those of the ledger in the question's range and of its end user."""
    ledger: Sequence[Call]
    granularity: Granularity
    limit: int


def spent(calls: Iterable[Call]) -> Spent:
    """Add calls up."""
    costs = [call.cost for call in calls]
    known = [cost for cost in costs if cost is not None]
    return Spent(
        total_cost=sum(known, Decimal(0)),
        events=len(costs),
        unpriced_events=len(costs) - len(known),
    )


def added(parts: Iterable[Any]) -> Spent:
    """Add parts of an answer up."""
    found = list(parts)
    return Spent(
        total_cost=sum((part.total_cost for part in found), Decimal(0)),
        events=sum(part.events for part in found),
        unpriced_events=sum(part.unpriced_events for part in found),
    )


def grouped(calls: Iterable[Call], key: Callable[[Call], Any]) -> dict[Any, list[Call]]:
    """Sort calls by what they have in common."""
    found: dict[Any, list[Call]] = defaultdict(list)
    for call in calls:
        found[key(call)].append(call)
    return found


def team(call: Call) -> str | None:
    """Return the custom dimension of a call as text, '' as none."""
    if isinstance(call.team, bool):
        return "true" if call.team else "false"
    return None if call.team in (None, "") else str(call.team)


def pages(ask: Callable[[int], tuple[Sequence[Any], int]]) -> list[Any]:
    """Go through all pages, given what answers from an offset on."""
    found: list[Any] = []
    while True:
        items, total = ask(len(found))
        found += items
        if not items:
            assert len(found) == total
            return found


def every_breakdown_adds_up(books: Books) -> None:
    """Items are the sums of their events, the whole is the sum of the items, shares are 100."""
    groups: list[tuple[Any, Callable[[Call], Any]]] = [
        (label, lambda call, label=label: call.labels[label]) for label in LABELS
    ]
    groups.append((by_dimension(books.store, books.question, "team"), team))
    for group, key in groups:
        found = cost_by(books.store, books.question, group)
        expected = {value: spent(calls) for value, calls in grouped(books.calls, key).items()}
        assert {item.value: added([item]) for item in found.items} == expected
        assert found.total_cost == spent(books.calls).total_cost
        assert found.unpriced_events == spent(books.calls).unpriced_events
        assert sum(item.percent for item in found.items) == (100 if found.total_cost else 0)


def every_series_adds_up(books: Books) -> None:
    """Each event is in the bucket of its instant, and in no other."""
    question = books.question
    buckets = cut(question.start, question.end, books.granularity, question.zone)
    found = cost_trend(books.store, question, buckets)
    assert found.whole == added(found.points) == spent(books.calls)
    for (start, end), point in zip(buckets, found.points, strict=True):
        assert point == spent(call for call in books.calls if start <= call.at < end)


def series_by_value_add_up(books: Books) -> None:
    """The costliest, the nameless and the others together are the trend, point by point."""
    question = books.question
    buckets = cut(question.start, question.end, books.granularity, question.zone)
    trend = cost_trend(books.store, question, buckets)
    for group, key in (
        (by_label("feature"), lambda call: call.labels["feature"]),
        (by_dimension(books.store, books.question, "team"), team),
    ):
        by_value = grouped(books.calls, key)
        found = cost_series(books.store, question, buckets, group, limit=books.limit)
        kept = [each for each in found if not each.is_other]
        assert len(kept) == min(books.limit, len(by_value))
        assert (len(found) > len(kept)) == (len(by_value) > books.limit)
        for each in kept:
            assert each.series.whole == spent(by_value[each.value])
        for position, point in enumerate(trend.points):
            assert added(each.series.points[position] for each in found) == point


def end_users_in_detail_are_each_for_themselves(books: Books) -> None:
    """What the split says of one is what a question about that one alone says."""

    def page(offset: int) -> tuple[Sequence[Any], int]:
        found = cost_by_page(books.store, books.question, "end_user", limit=2, offset=offset)
        assert found.total_cost == spent(books.calls).total_cost
        assert found.unpriced_events == spent(books.calls).unpriced_events
        return found.items, found.total_items

    items = pages(page)
    assert added(items) == spent(books.calls)
    for item in items:
        alone = replace(books.question, labels={"end_user": [item.value or ""]})
        (only,) = cost_by(books.store, alone, "end_user", tokens=True).items
        assert (only.value, added([only]), only.tokens) == (item.value, added([item]), item.tokens)
        assert usage_summary(books.store, alone).total_cost == item.total_cost


def sessions_add_up(books: Books) -> None:
    """To the events that name one, on pages and by type, and each by itself."""
    by_session = grouped(books.calls, lambda call: call.labels["session_id"])
    by_session.pop(None, None)
    whole = added(spent(calls) for calls in by_session.values())
    store, question = books.store, books.question

    def page(sort: str, offset: int) -> tuple[Sequence[Any], int]:
        descending = bool(books.limit % 2)
        found = sessions_page(
            store, question, sort=sort, descending=descending, limit=2, offset=offset
        )
        assert found.whole == whole
        return found.sessions, found.total

    for sort in SORTS:
        sessions = pages(partial(page, sort))
        assert {each.session_id: each.spent for each in sessions} == {
            name: spent(calls) for name, calls in by_session.items()
        }
    for name, calls in by_session.items():
        session = session_of(store, question, name)
        assert session is not None
        times = [call.at.replace(tzinfo=None) for call in calls]
        assert (session.started_at, session.ended_at) == (min(times), max(times))


def types_of_sessions_add_up(books: Books) -> None:
    """Every session is of one type or of none; the median is of those with a known cost."""
    by_session = grouped(books.calls, lambda call: call.labels["session_id"])
    by_session.pop(None, None)

    def kind(calls: Iterable[Call]) -> str | None:
        kinds = {call.session_type for call in calls if call.session_type is not None}
        return kinds.pop() if len(kinds) == 1 else None

    by_kind: dict[str | None, list[list[Call]]] = defaultdict(list)
    for calls in by_session.values():
        by_kind[kind(calls)].append(calls)
    found = {each.session_type: each for each in session_types(books.store, books.question)}
    assert found.keys() == by_kind.keys()
    for name, sessions in by_kind.items():
        sums = [spent(calls) for calls in sessions]
        known = [each.total_cost for each in sums if each.events > each.unpriced_events]
        answer = found[name]
        assert (answer.sessions, answer.costed) == (len(sessions), len(known))
        assert answer.spent == added(sums)
        if known:
            assert answer.median is not None
            assert abs(answer.median - median(known)) < STEP
        else:
            assert answer.median is None


STEP: Final = Decimal("0.000000000002")
"""Two of the last digit: of two amounts, the middle has one digit more."""


def periods_follow_each_other(books: Books) -> None:
    """A comparison is of two periods that share no event and leave none out between them."""
    found = compare(books.store, books.question)
    before = previous(books.question)
    assert before.end == books.question.start
    assert found.now == spent(books.calls)
    chosen = books.question.labels.get("end_user")
    assert found.before == spent(
        call
        for call in books.ledger
        if before.start <= call.at < before.end
        and (chosen is None or (call.labels["end_user"] or "") in chosen)
    )


def everything_counted_adds_up(books: Books) -> None:
    """Tokens and units, and how many events report them."""
    found = {each.name: each for each in metrics(books.store, books.question)}
    if books.calls:
        tokens = found.pop("input_tokens")
        assert (tokens.quantity, tokens.events) == (3 * len(books.calls), len(books.calls))
    seconds = [call.seconds for call in books.calls if call.seconds is not None]
    assert {name: (each.quantity, each.events) for name, each in found.items()} == (
        {"seconds": (sum(seconds), len(seconds))} if seconds else {}
    )


LAWS: Final = (
    every_breakdown_adds_up,
    every_series_adds_up,
    series_by_value_add_up,
    end_users_in_detail_are_each_for_themselves,
    sessions_add_up,
    types_of_sessions_add_up,
    periods_follow_each_other,
    everything_counted_adds_up,
)

LABEL: Final = st.none() | st.sampled_from(["x", "y", "z"])
MOMENTS: Final = st.one_of(
    st.timedeltas(timedelta(days=-3), timedelta(days=3)),
    st.integers(-12, 12).map(lambda quarters: timedelta(minutes=15 * quarters)),
)
CALLS: Final = st.builds(
    dict,
    moment=MOMENTS,
    cost=st.none() | st.decimals(0, 999, places=12),
    labels=st.fixed_dictionaries(
        {label: LABEL for label in LABELS if label not in {"model", "provider"}}
        | {"model": st.sampled_from(["m", "n"]), "provider": st.sampled_from(["p", "q"])}
    ),
    session_type=LABEL,
    team=st.sampled_from([None, "", "x", "true", "3", True, 3]),
    seconds=st.none() | st.decimals(0, 100, places=2),
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBStore]:
    """One file for all ledgers, each of them an organisation's."""
    opened = DuckDBStore(tmp_path_factory.mktemp("adding-up") / "ledger.duckdb")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def organisations() -> Iterator[int]:
    """Numbers of organisations that have no ledger yet."""
    return count()


@st.composite
def drawn(draw: st.DrawFn) -> dict[str, Any]:
    """Return what a `Books` is made of, all of it around one change of clocks."""
    anchor, zone = draw(st.sampled_from(ANCHORS)), draw(st.sampled_from(ZONES))
    calls = [
        Call(at=anchor + each.pop("moment"), **each)
        for each in draw(st.lists(CALLS, min_size=1, max_size=14))
    ]
    start = anchor + draw(MOMENTS) - timedelta(days=draw(st.integers(0, 3)))
    end = start + draw(st.timedeltas(timedelta(), timedelta(days=6)))
    if draw(st.booleans()):
        start, end = midnight(start, zone), midnight(end + timedelta(days=1), zone)
    users = draw(st.none() | st.lists(st.sampled_from(["x", "y", ""]), min_size=1, max_size=2))
    return {
        "calls": calls,
        "range": (start, end, zone),
        "users": users,
        "granularity": draw(st.sampled_from(GRANULARITIES)),
        "limit": draw(st.integers(1, 3)),
    }


def midnight(at: datetime, zone: ZoneInfo) -> datetime:
    """Return the beginning of the day of an instant."""
    return at.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)


def opened(store: DuckDBStore, org_id: str, parts: dict[str, Any]) -> Books:
    """Write a ledger and ask about it."""
    ledger: list[Call] = parts["calls"]
    body = msgspec.json.encode({"events": [call.sent() for call in ledger]})
    decoded = decode_batch(body, now=NOW)
    assert not decoded.rejected
    book = PriceBook.catalogue()
    rows = [price(each, org_id=org_id, book=book) for each in decoded.events]
    store.append_usage([store.lay_out(rows)])
    start, end, zone = parts["range"]
    users = parts["users"]
    return Books(
        store=store,
        question=Question(
            org_id=org_id,
            start=start,
            end=end,
            zone=zone,
            labels={} if users is None else {"end_user": users},
        ),
        calls=[
            call
            for call in ledger
            if start <= call.at < end
            and (users is None or (call.labels["end_user"] or "") in users)
        ],
        ledger=ledger,
        granularity=parts["granularity"],
        limit=parts["limit"],
    )


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(parts=drawn())
def test_numbers_add_up(
    store: DuckDBStore, organisations: Iterator[int], parts: dict[str, Any]
) -> None:
    """To the last digit, whatever the ledger, the range, the zone and the filter.

    All laws about one ledger in turn: to write it takes longer than to ask about it.
    """
    books = opened(store, f"org_{next(organisations)}", parts)
    for law in LAWS:
        law(books)
