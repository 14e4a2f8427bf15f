"""A long answer is the same whatever the size of its pages, sync and async alike."""

from typing import Any

import pytest

from .conftest import Ask, every

NOVEMBER: dict[str, Any] = {"start_date": "2026-11-01", "end_date": "2026-11-30"}


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 1000])
def test_events_are_the_same_in_pages_of_any_size(ask: Ask, limit: int) -> None:
    """All events of the day have the same time, and still each comes once, in order."""
    whole = ask(lambda bear: bear.usage.events(**NOVEMBER)).events
    assert len(whole) == 4
    assert ask(lambda bear: every(bear.usage.events(**NOVEMBER, limit=limit))) == whole
    filtered = ask(lambda bear: every(bear.usage.events(**NOVEMBER, limit=limit, model="voice-1")))
    assert filtered == [event for event in whole if event.model == "voice-1"]


def test_time_zone_of_the_first_page_holds_for_all(ask: Ask) -> None:
    """Noon in UTC is the 4th in Kiritimati, on every page."""
    zone = {"timezone": "Pacific/Kiritimati"}
    for day, events in (("2026-11-03", 0), ("2026-11-04", 4)):
        question: dict[str, Any] = {"start_date": day, "end_date": day, "limit": 1, **zone}
        found = ask(lambda bear, question=question: every(bear.usage.events(**question)))
        assert len(found) == events


def test_end_users_are_the_same_in_pages_of_any_size(ask: Ask) -> None:
    """The costliest first, each once."""
    users = ask(lambda bear: every(bear.costs.detailed_by_end_user(**NOVEMBER, limit=1)))
    assert [one.attribution_value for one in users] == ["acme", "globex"]
    margins = ask(lambda bear: every(bear.margins.by_end_user(**NOVEMBER, limit=1, sort="-cost")))
    assert [one.end_user_id for one in margins] == ["acme", "globex"]


def test_answers_name_their_request(ask: Ask) -> None:
    """What to tell the server's owner is with every answer, and no part of what it says."""
    one, two = (ask(lambda bear: bear.costs.by_model(**NOVEMBER)) for _ in range(2))
    assert one.correlation_id
    assert one.correlation_id != two.correlation_id
    assert one == two
    assert "correlation_id" not in one.to_dict()
