"""What stands in the way of delivery is named, with what to do about it."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from bearlumen import BearLumen, MemoryTransport
from bearlumen.batching.retry import Outcome
from bearlumen.doctor import Finding, examine
from support.stub import Reply, Seen, stub_server

CHAT = {"object": "chat.completion", "model": "m", "usage": {"prompt_tokens": 1}}
PING = Reply(body={"ok": True, "organizationId": "org_1"})
TAKEN = Reply(body={"accepted": 0, "duplicates": 0, "rejected": []})


def well(seen: Seen) -> Reply:
    """A server with which all is well."""
    return PING if seen.method == "GET" else TAKEN


def found(answer: Callable[[Seen], Reply], **options: Any) -> dict[str, list[Finding]]:
    """What is found at a server that answers so, by name."""
    with stub_server(answer) as stub:
        findings = examine(api_key="k", base_url=stub.url, **options)
    names = dict.fromkeys(one.name for one in findings)
    return {name: [one for one in findings if one.name == name] for name in names}


def test_all_is_well() -> None:
    """Each is named once it was looked at, and nothing was recorded."""
    findings = found(well)
    assert list(findings) == ["server", "key", "clock", "journal"]
    assert all(one.ok for named in findings.values() for one in named)
    assert "org_1" in str(findings["key"][0])


def test_server_that_is_away() -> None:
    """The address is said, and that nothing answers there."""
    server, journal = examine(api_key="k", base_url="http://127.0.0.1:9")
    assert (server.name, server.ok, journal.name) == ("server", False, "journal")
    assert "127.0.0.1:9" in server.text


@pytest.mark.parametrize("body", [b"<html>Hello</html>", b"{}", b"[]"])
def test_server_that_is_another(body: bytes) -> None:
    """A page of somebody else's is no answer."""
    (_, server) = found(lambda _: Reply(body=body))["server"]
    assert not server.ok


def test_key_that_is_unknown() -> None:
    """The server's words, and what to look at."""
    message = {"code": "authentication_error", "message": "no such key"}
    (key,) = found(lambda _: Reply(status=401, body=message))["key"]
    assert not key.ok
    assert "no such key" in key.text


def test_key_that_may_not_send() -> None:
    """A key for reading cannot deliver, which is not seen until it has to."""
    refused = Reply(status=403, body={"code": "permission_denied", "message": "no"})
    _, scope = found(lambda seen: PING if seen.method == "GET" else refused)["key"]
    assert not scope.ok
    assert "usage:write" in scope.advice


@pytest.mark.parametrize(("seconds", "ok"), [(0, True), (-20, True), (-3_000, False), (90, False)])
def test_clock_is_held_against_the_servers(seconds: int, ok: bool) -> None:  # noqa: FBT001
    """Events are dated by this machine."""
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)
    reply = Reply(body={"ok": True, "organizationId": "o"}, headers={"Date": date})
    (clock,) = found(lambda seen: reply if seen.method == "GET" else TAKEN)["clock"]
    assert clock.ok is ok


def test_journal_is_counted_and_left_as_it_is(tmp_path: Path) -> None:
    """What waits, whose it is, and whether somebody is going to deliver it."""

    class Down(MemoryTransport):
        def send(self, events: Sequence[bytes], *, timeout: float | None = None) -> Outcome:
            return Outcome(status=None, message="down")

    def left(key: str, url: str) -> BearLumen:
        bear = BearLumen(
            api_key=key, base_url=url, journal=tmp_path, transport=Down(), shutdown_timeout=0
        )
        bear.track(CHAT)
        return bear

    with stub_server(well) as stub:
        alive = left("k", stub.url)
        left("k", stub.url).shutdown()
        left("other", stub.url).shutdown()
        before = sorted(path.read_bytes() for path in tmp_path.iterdir())
        *_, mine, others = examine(api_key="k", base_url=stub.url, journal=tmp_path)
    assert "2 events to be delivered in 2 files" in mine.text
    assert "1 of running processes, 1 left behind" in mine.text
    assert "1 event to be delivered in 1 file," in others.text
    assert sorted(path.read_bytes() for path in tmp_path.iterdir()) == before
    alive.shutdown()


def test_settings_that_cannot_be_meant() -> None:
    """It does not raise: it is what somebody runs to see what is wrong."""
    (settings,) = examine(api_key="")
    assert (settings.name, settings.ok) == ("settings", False)
