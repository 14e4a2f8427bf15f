"""An end user is erased through the client, sync and async alike."""

from typing import Any

import pytest

from bearlumen import BearLumen, InvalidRequestError
from bearlumen_server import LocalServer

from .conftest import DAY, Ask

YEAR_BEFORE: dict[str, Any] = {"start_date": "2025-11-01", "end_date": "2025-11-30"}
"""Apart from what the other tests of the session count."""
NAME = "a/b?c %2F ü"


def track(server: LocalServer, model: str) -> None:
    """Record one event of an end user whose id is not easily said in a path."""
    with BearLumen(api_key=server.api_key, base_url=server.url) as bear:
        bear.track(
            None, model=model, units={"pages": 1}, user_id=NAME, timestamp=DAY.replace(year=2025),
            dimensions={"team": "t", "mail": NAME},
        )  # fmt: skip
        assert bear.flush()


def test_an_end_user_becomes_nameless(ask: Ask, server: LocalServer) -> None:
    """The event stays, without its end user; asked again, there is nobody left."""
    track(server, "nameless")
    erased = ask(lambda bear: bear.end_users.erase(NAME, keep_dimensions=["team"]))
    assert (erased.mode, erased.events, erased.revenue) == ("anonymize", 1, 0)
    assert ask(lambda bear: bear.end_users.erase(NAME)).events == 0
    found = ask(lambda bear: bear.usage.events(**YEAR_BEFORE, model="nameless")).events
    assert {(each.end_user_id, str(each.dimensions)) for each in found} == {(None, "{'team': 't'}")}


def test_an_end_user_is_removed(ask: Ask, server: LocalServer) -> None:
    """The event is gone."""
    track(server, "removed")
    assert ask(lambda bear: bear.end_users.erase(NAME, mode="remove")).events == 1
    assert ask(lambda bear: bear.usage.events(**YEAR_BEFORE, model="removed")).events == []


@pytest.mark.parametrize("kept", ["team", ["team,mail"]])
def test_only_named_dimensions_are_kept(ask: Ask, kept: Any) -> None:
    """What would keep other dimensions than those meant is refused before anything is erased."""
    with pytest.raises(InvalidRequestError, match="keep_dimensions"):
        ask(lambda bear: bear.end_users.erase(NAME, keep_dimensions=kept))
