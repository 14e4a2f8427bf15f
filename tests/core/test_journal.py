"""Events on disk: there before `track` returns, and gone once the server has them."""

import errno
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bearlumen import BearLumen, EventsDroppedError, InvalidRequestError, MemoryTransport
from bearlumen.batching.retry import Outcome
from bearlumen.batching.segment import Segment
from bearlumen.providers._detector import detect

CHAT = {
    "object": "chat.completion",
    "model": "gpt-4o",
    "usage": {"prompt_tokens": 1, "completion_tokens": 1},
}
DOWN = Outcome(status=None, message="down")


class Server(MemoryTransport):
    """Takes events while it is up."""

    def __init__(self, *, up: bool = True) -> None:
        super().__init__()
        self.up = up

    def send(self, events: Sequence[bytes], *, timeout: float | None = None) -> Outcome:
        """Keep the batch, or do not answer."""
        return super().send(events) if self.up else DOWN

    @property
    def features(self) -> list[str]:
        """What arrived, by feature."""
        return [event["metadata"]["feature"] for event in self.events]


Client = Callable[..., BearLumen]


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    """Makes clients that share a journal."""
    made: list[BearLumen] = []

    def make(server: MemoryTransport, **options: Any) -> BearLumen:
        options = {
            "api_key": "k",
            "journal": tmp_path / "journal",
            "shutdown_timeout": 0,
            **options,
        }
        made.append(BearLumen(transport=server, **options))
        return made[-1]

    yield make
    for one in made:
        one.shutdown(timeout=0)


def files(tmp_path: Path) -> list[Path]:
    """The journal's segments."""
    return sorted((tmp_path / "journal").glob("*.events"))


def lines(path: Path) -> list[Any]:
    """The events in a segment."""
    return [json.loads(line) for line in path.read_bytes().splitlines()[1:]]


def test_event_is_on_disk_when_track_returns(client: Client, tmp_path: Path) -> None:
    """What the operating system has survives the process."""
    result = client(Server(up=False)).track(CHAT, feature="kept")
    (segment,) = files(tmp_path)
    (event,) = lines(segment)
    assert event["sdk_event_id"] == result.event_id
    assert event["metadata"]["feature"] == "kept"
    assert segment.stat().st_mode & 0o077 == 0


def test_delivered_events_leave_the_disk(client: Client, tmp_path: Path) -> None:
    """A journal holds what is under way, and is no archive."""
    server = Server()
    bear = client(server)
    for number in range(50):
        bear.track(CHAT, feature=str(number))
    assert bear.shutdown(timeout=30)
    assert server.features == [str(number) for number in range(50)]
    assert files(tmp_path) == []


def test_next_client_delivers_what_was_left(client: Client, tmp_path: Path) -> None:
    """The first one could not reach the server; the next one can."""
    first = client(Server(up=False))
    first.track(CHAT, feature="left")
    assert not first.shutdown(timeout=0.1)
    server = Server()
    second = client(server)
    assert second.flush(timeout=30)
    assert server.features == ["left"]
    assert second.stats().adopted == 1
    assert files(tmp_path) == []


def test_segment_of_a_living_client_is_left_alone(client: Client) -> None:
    """Two clients share a directory; each delivers its own."""
    held, server = Server(up=False), Server()
    first, second = client(held), client(server)
    first.track(CHAT, feature="first")
    second.track(CHAT, feature="second")
    assert second.flush(timeout=30)
    assert server.features == ["second"]
    held.up = True
    assert first.flush(timeout=30)
    assert held.features == ["first"]


@pytest.mark.parametrize("other", [{"api_key": "other"}, {"base_url": "http://127.0.0.1:1"}])
def test_segment_of_another_key_or_server_is_left_alone(
    client: Client, tmp_path: Path, other: dict[str, str]
) -> None:
    """One organisation's events never reach another's ledger."""
    first = client(Server(up=False))
    first.track(CHAT, feature="mine")
    first.shutdown(timeout=0)
    server = Server()
    assert client(server, **other).flush(timeout=30)
    assert server.features == []
    assert len(files(tmp_path)) == 1


def left_behind(client: Client, tmp_path: Path, *names: str) -> Path:
    """A segment of a client that is gone."""
    first = client(Server(up=False))
    for name in names:
        first.track(CHAT, feature=name)
    first.shutdown(timeout=0)
    return files(tmp_path)[0]


def test_record_that_was_cut_off_is_skipped_and_counted(client: Client, tmp_path: Path) -> None:
    """A process that died in the middle of a write costs that one event."""
    segment = left_behind(client, tmp_path, "a", "b")
    segment.write_bytes(segment.read_bytes() + b'{"sdk_event_id":"01')
    server, problems = Server(), list[Exception]()
    bear = client(server, on_error=problems.append)
    assert bear.flush(timeout=30)
    assert server.features == ["a", "b"]
    assert bear.stats().dropped == {"damaged": 1}
    assert [one.reason for one in problems if isinstance(one, EventsDroppedError)] == ["damaged"]
    assert files(tmp_path) == []


@pytest.mark.parametrize("damage", [b"\0" * 300, b"{}", b"", b'{"sdk_event_id": ', b"\xff\xfe"])
@pytest.mark.parametrize("at", [0, 1, 3])
def test_damaged_record_is_skipped_and_counted(
    client: Client, tmp_path: Path, damage: bytes, at: int
) -> None:
    """Whatever a loss of power left in a file, the whole records around it are delivered."""
    segment = left_behind(client, tmp_path, "a", "b", "c")
    header, *records = segment.read_bytes().splitlines()
    records.insert(at, damage)
    segment.write_bytes(b"\n".join([header, *records]) + b"\n")
    server = Server()
    bear = client(server)
    assert bear.flush(timeout=30)
    assert server.features == ["a", "b", "c"]
    assert bear.stats().dropped == {"damaged": 1}
    assert files(tmp_path) == []


def test_header_that_cannot_be_read_costs_nothing(client: Client, tmp_path: Path) -> None:
    """All of the file is sent once more; the server stores each event once."""
    segment = left_behind(client, tmp_path, "a", "b")
    content = segment.read_bytes()
    segment.write_bytes(b"\0" * content.index(b"\n") + content[content.index(b"\n") :])
    server = Server()
    assert client(server).flush(timeout=30)
    assert server.features == ["a", "b"]


def test_file_that_cannot_be_read_is_left_for_later(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that fails for a while marks nothing as delivered."""
    segment = left_behind(client, tmp_path, "a", "b")

    def fail(*_: object) -> None:
        raise OSError(errno.EIO, "no")

    server = Server()
    with monkeypatch.context() as broken:
        broken.setattr(Segment, "lines", fail)
        bear = client(server)
        bear.flush(timeout=30)
        assert bear.stats().dropped == {"unreadable": 2}
        assert bear.shutdown()
    assert files(tmp_path) == [segment]
    assert client(server).flush(timeout=30)
    assert server.features == ["a", "b"]


def test_what_was_acknowledged_is_not_sent_again(client: Client, tmp_path: Path) -> None:
    """The header of a segment says how far the server has it."""
    server = Server()
    first = client(server)
    first.track(CHAT, feature="delivered")
    assert first.flush(timeout=30)
    server.up = False
    first.track(CHAT, feature="left")
    first.shutdown(timeout=0)
    again = Server()
    assert client(again).flush(timeout=30)
    assert (server.features, again.features) == (["delivered"], ["left"])


def test_full_journal_drops_the_newest_and_counts_them(client: Client, tmp_path: Path) -> None:
    """A disk is not filled up by a server that stays away."""
    server = Server(up=False)
    bear = client(server, journal_max_bytes=100_000)
    results = [bear.track(CHAT, feature=str(number)) for number in range(1_000)]
    kept = [number for number, result in enumerate(results) if result.event_id is not None]
    assert 0 < len(kept) < 1_000
    assert kept == list(range(len(kept)))
    stats = bear.stats()
    assert stats.dropped == {"journal_full": 1_000 - len(kept)}
    assert stats.journal_bytes <= 100_000
    server.up = True
    assert bear.flush(timeout=30)
    assert server.features == [str(number) for number in kept]
    assert bear.stats().tracked == 1_000


def test_journal_grows_over_several_files(client: Client, tmp_path: Path) -> None:
    """Delivered files go while others are still written."""
    server = Server(up=False)
    bear = client(server)
    for number in range(200):
        bear.track(CHAT, feature=str(number), metadata={"note": "x" * 60_000})
    assert len(files(tmp_path)) > 2
    server.up = True
    assert bear.flush(timeout=60)
    assert server.features == [str(number) for number in range(200)]
    assert len(files(tmp_path)) == 1
    assert max(sum(len(json.dumps(e)) for e in batch) for batch in server.batches) < 5 << 20


def test_event_longer_than_a_read_is_delivered(client: Client) -> None:
    """Nobody's metadata should be that long, but it is not lost here."""
    server = Server()
    bear = client(server)
    for name in ("before", "long", "after"):
        note = "x" * 3_000_000 if name == "long" else ""
        bear.track(CHAT, feature=name, metadata={"note": note})
    assert bear.flush(timeout=30)
    assert server.features == ["before", "long", "after"]


def test_journal_that_is_deleted_under_it_loses_nothing_more(
    client: Client, tmp_path: Path
) -> None:
    """Somebody tidied up. What is open can still be read, and what comes is delivered."""
    server = Server(up=False)
    bear = client(server)
    bear.track(CHAT, feature="a")
    for path in files(tmp_path):
        path.unlink()
    (tmp_path / "journal").rmdir()
    bear.track(CHAT, feature="b")
    server.up = True
    assert bear.flush(timeout=30)
    assert server.features == ["a", "b"]


def test_waiting_for_the_disk_delivers_all_the_same(client: Client) -> None:
    """`journal_sync="always"` changes when `track` returns, and nothing else."""
    server = Server()
    bear = client(server, journal_sync="always")
    for number in range(30):
        bear.track(CHAT, feature=str(number))
    assert bear.flush(timeout=30)
    assert server.features == [str(number) for number in range(30)]


def test_directory_that_cannot_be_used_is_misuse(tmp_path: Path) -> None:
    """It is said when the client is made, not at the first call that matters."""
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidRequestError, match="journal="):
        BearLumen(api_key="k", journal=tmp_path / "file")
    with pytest.raises(InvalidRequestError, match="journal_sync"):
        BearLumen(api_key="k", journal_sync="sometimes")  # pyright: ignore[reportArgumentType]


def test_threads_share_a_journal(client: Client) -> None:
    """Eight threads' events are all there, once."""
    server = Server()
    bear = client(server)

    def work(worker: int) -> None:
        for number in range(500):
            bear.track(CHAT, feature=f"{worker}-{number}")

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert bear.flush(timeout=30)
    assert sorted(server.features) == sorted(f"{w}-{n}" for w in range(8) for n in range(500))


SCRIPT = """
    import os, signal, sys, resource
    from bearlumen import BearLumen
    chat = {"object": "chat.completion", "model": "m", "usage": {"prompt_tokens": 1}}
    problems = []
    bear = BearLumen(
        api_key="k", base_url="http://127.0.0.1:9", journal=sys.argv[1], shutdown_timeout=0.2,
        on_error=problems.append,
    )
"""


def run(script: str, journal: Path) -> tuple[int, str]:
    """How a script ends, and what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(SCRIPT + script), journal],
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize(
    "end", ["os.kill(os.getpid(), signal.SIGKILL)", "os._exit(0)", "sys.exit()"]
)
def test_process_that_ends_in_any_way_leaves_its_events(
    client: Client, tmp_path: Path, end: str
) -> None:
    """The next process delivers them with the base URL and the key that they were tracked for."""
    track = "[bear.track(chat, feature=str(n)) for n in range(300)]"
    code, _ = run(f"\n    {track}\n    {end}", tmp_path / "journal")
    assert code in (0, -signal.SIGKILL)
    server = Server()
    bear = client(server, base_url="http://127.0.0.1:9")
    assert bear.flush(timeout=30)
    assert sorted(map(int, server.features)) == list(range(300))


def test_disk_that_takes_no_more_costs_no_event(tmp_path: Path) -> None:
    """Events go to memory, what was half written is taken back, and `on_error` is told."""
    script = """
    from bearlumen.batching.retry import Outcome
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, resource.RLIM_INFINITY))
    results = [bear.track(chat, feature=str(n)) for n in range(100)]
    stats = bear.stats()
    print(sum(r.event_id is not None for r in results), stats.queued, stats.tracked, stats.dropped)
    print(sum("cannot be written" in str(p) for p in problems) > 0)
    for name in os.listdir(sys.argv[1]):
        data = open(f"{sys.argv[1]}/{name}", "rb").read()
        print(data.endswith(b"\\n"), len(data) <= 5_000)
    os._exit(0)
    """
    assert run(script, tmp_path / "journal") == (0, "100 100 100 {}\nTrue\nTrue True\n")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this platform")
def test_forked_child_has_a_segment_of_its_own(client: Client, tmp_path: Path) -> None:
    """Neither takes what is the other's while it lives, and nothing is lost when both are gone."""
    script = """
    bear.track(chat, feature="parent")
    child = os.fork()
    bear.track(chat, feature="child" if child == 0 else "parent")
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    print(len([name for name in os.listdir(sys.argv[1]) if name.endswith(".events")]))
    os._exit(0)
    """
    assert run(script, tmp_path / "journal") == (0, "2\n")
    server = Server()
    assert client(server, base_url="http://127.0.0.1:9").flush(timeout=30)
    assert sorted(server.features) == ["child", "parent", "parent"]


ANSWERS = st.sampled_from(
    [
        Outcome(status=200),
        Outcome(status=200, duplicates=3),
        Outcome(status=200, rejected=({"sdk_event_id": "e", "message": "no"},)),
        Outcome(status=400, message="no"),
        Outcome(status=413, message="too large"),
    ]
)


@pytest.mark.parametrize("on_disk", [True, False])
@settings(max_examples=60, deadline=None)
@given(answers=st.lists(ANSWERS, max_size=12), tracked=st.lists(st.integers(0, 60), max_size=4))
def test_every_event_is_accounted_for(
    on_disk: bool,  # noqa: FBT001
    answers: list[Outcome],
    tracked: list[int],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Tracked is delivered, duplicate, rejected, dropped or queued, whatever the server says."""
    script = iter(answers)

    class Server(MemoryTransport):
        def send(self, events: Sequence[bytes], *, timeout: float | None = None) -> Outcome:
            return next(script, Outcome(status=200))

    journal = tmp_path_factory.mktemp("journal") if on_disk else None
    bear = BearLumen(api_key="k", transport=Server(), journal=journal, max_queued=50)
    results: list[Any] = []
    for count in tracked:
        results += [bear.track(CHAT, feature="f") for _ in range(count)]
        bear.flush(timeout=30)
    bear.shutdown(timeout=30)
    results += [bear.track(CHAT, feature="late")]
    stats = bear.stats()
    kept = sum(result.event_id is not None for result in results)
    assert stats.tracked == len(results)
    assert stats.delivered + stats.duplicates + stats.rejected + stats.queued == kept
    assert sum(stats.dropped.values()) == len(results) - kept
    assert stats.queued == 0


@pytest.mark.parametrize("on_disk", [True, False])
def test_event_that_cannot_be_written_is_counted(
    client: Client,
    on_disk: bool,  # noqa: FBT001
    problems: list[Exception],
) -> None:
    """A fault of ours costs that event, is told, and costs no other."""

    class Broken(dict[str, Any]):
        def items(self) -> Any:
            raise RuntimeError

    server = Server()
    options = {} if on_disk else {"journal": None}
    bear = client(server, on_error=problems.append, **options)
    bear.track(CHAT, feature="before")
    tracker = bear._first_tracker()
    tracker.record(detect(CHAT), Broken(feature="broken"))
    bear.track(CHAT, feature="after")
    assert bear.flush(timeout=30)
    assert server.features == ["before", "after"]
    assert bear.stats().dropped == {"unwritable": 1}
    assert bear.stats().tracked == 3
    assert [type(problem) for problem in problems] == [RuntimeError, EventsDroppedError]
