"""Delivery: when batches go out, and what becomes of them when the server misbehaves."""

import json
import os
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from bearlumen import BearLumen, EventsDroppedError, InvalidRequestError, MemoryTransport
from bearlumen.batching.retry import Outcome

CHAT = {
    "object": "chat.completion",
    "model": "gpt-4o",
    "usage": {"prompt_tokens": 1, "completion_tokens": 1},
}
CHUNK = {"object": "chat.completion.chunk", "model": "gpt-4o"}


class Scripted(MemoryTransport):
    """Answers as it is told to, and keeps the batches that it accepts."""

    def __init__(self, answer: Callable[[list[dict[str, Any]]], Outcome]) -> None:
        super().__init__()
        self.answer = answer
        self.attempts = 0
        self._held = threading.Lock()

    def hold(self) -> threading.Lock:
        """A lock in whose `with` block no attempt is answered."""
        return self._held

    def send(self, events: Sequence[bytes], *, timeout: float | None = None) -> Outcome:
        """Ask the script, and keep the batch if it was accepted."""
        self.attempts += 1
        with self._held:
            pass
        outcome = self.answer([json.loads(event) for event in events])
        return super().send(events) if outcome.status == 200 else outcome


def track(bear: BearLumen, *names: object) -> None:
    """Track a call for each name, recognisable by its feature."""
    for name in names:
        bear.track(CHAT, feature=str(name))


def features(sent: MemoryTransport) -> list[str]:
    """The names of what arrived, in order."""
    return [event["metadata"]["feature"] for event in sent.events]


def test_full_batch_goes_out_without_a_flush() -> None:
    """Twenty events are a batch by default."""
    arrived = threading.Event()

    def answer(events: list[dict[str, Any]]) -> Outcome:
        arrived.set()
        return Outcome(status=200)

    sent = Scripted(answer)
    with BearLumen(api_key="k", transport=sent) as bear:
        track(bear, *range(19))
        assert not sent.batches
        track(bear, 19)
        assert arrived.wait(5)
    assert [len(batch) for batch in sent.batches] == [20]


def test_old_events_go_out_without_a_full_batch() -> None:
    """An event waits no longer than the flush interval."""
    arrived = threading.Event()

    def answer(events: list[dict[str, Any]]) -> Outcome:
        arrived.set()
        return Outcome(status=200)

    with BearLumen(api_key="k", transport=Scripted(answer), flush_interval=0.05) as bear:
        track(bear, "lonely")
        assert arrived.wait(5)


def test_flush_delivers_everything_in_order(bear: BearLumen, sent: MemoryTransport) -> None:
    """What was queued before the flush has arrived when it returns."""
    track(bear, *range(45))
    assert bear.flush()
    assert features(sent) == [str(n) for n in range(45)]


def test_shutdown_delivers_and_then_refuses(
    bear: BearLumen, sent: MemoryTransport, problems: list[Exception]
) -> None:
    """After shutdown an event is lost, and said to be."""
    track(bear, "kept")
    assert bear.shutdown()
    track(bear, "late")
    assert features(sent) == ["kept"]
    assert "after shutdown" in str(problems[0])


def test_failed_batch_is_kept_and_sent_again(problems: list[Exception]) -> None:
    """A server that is away for a moment costs nothing, and doubles nothing."""
    answers = iter([Outcome(status=503, retry_after=0.0), Outcome(status=None, retry_after=0.0)])
    sent = Scripted(lambda _: next(answers, Outcome(status=200)))
    with BearLumen(api_key="k", transport=sent, on_error=problems.append) as bear:
        track(bear, *range(30))
        assert bear.flush()
    assert features(sent) == [str(n) for n in range(30)]
    assert len(problems) == 2


def test_bad_event_is_found_and_given_up_alone(problems: list[Exception]) -> None:
    """A batch that is refused is halved until the bad event stands alone."""

    def answer(events: list[dict[str, Any]]) -> Outcome:
        bad = any(event["metadata"]["feature"] == "7" for event in events)
        return Outcome(status=400 if bad else 200, message="no")

    sent = Scripted(answer)
    with BearLumen(api_key="k", transport=sent, on_error=problems.append) as bear:
        track(bear, *range(20))
        assert bear.flush()
    assert sorted(map(int, features(sent))) == [n for n in range(20) if n != 7]
    assert ["refused" in str(problem) for problem in problems] == [True]


def test_rejected_events_are_reported_one_by_one(problems: list[Exception]) -> None:
    """The server's word on an event of an accepted batch reaches `on_error`."""

    class Rejecting(MemoryTransport):
        def send(self, events: Sequence[bytes], *, timeout: float | None = None) -> Outcome:
            return Outcome(status=200, rejected=({"sdk_event_id": "e1", "message": "model: bad"},))

    with BearLumen(api_key="k", transport=Rejecting(), on_error=problems.append) as bear:
        track(bear, "one")
    assert "e1" in str(problems[0])
    assert "model: bad" in str(problems[0])


def test_wrong_key_does_not_make_a_flush_wait() -> None:
    """Where waiting is no use, a flush says so at once and the events are kept."""
    sent = Scripted(lambda _: Outcome(status=401, message="no such key"))
    bear = BearLumen(api_key="k", transport=sent, shutdown_timeout=0)
    track(bear, "kept")
    assert not bear.flush(timeout=60)
    sent.answer = lambda _: Outcome(status=200)
    assert bear.flush(timeout=60)
    assert features(sent) == ["kept"]
    bear.shutdown()


def test_unreachable_server_bounds_the_queue(problems: list[Exception]) -> None:
    """Memory does not grow with an outage: new events are dropped, counted and reported."""
    sent = Scripted(lambda _: Outcome(status=None, message="refused"))
    bear = BearLumen(
        api_key="k", transport=sent, max_queued=5, on_error=problems.append, shutdown_timeout=0
    )
    results = [bear.track(CHAT) for _ in range(8)]
    assert [result.event_id is not None for result in results] == [True] * 5 + [False] * 3
    assert not bear.shutdown()
    dropped = [problem for problem in problems if isinstance(problem, EventsDroppedError)]
    assert [(one.reason, one.count) for one in dropped] == [
        ("queue_full", 1), ("left", 5), ("queue_full", 2),
    ]  # fmt: skip


def test_flush_gives_up_at_its_timeout() -> None:
    """A hanging server holds a flush for as long as it was told to, and no longer."""
    release = threading.Event()

    def hang(events: list[dict[str, Any]]) -> Outcome:
        release.wait(30)
        return Outcome(status=200)

    bear = BearLumen(api_key="k", transport=Scripted(hang))
    track(bear, "one")
    assert not bear.flush(timeout=0.05)
    release.set()
    assert bear.shutdown()


def test_concurrent_tracking_loses_and_doubles_nothing(
    bear: BearLumen, sent: MemoryTransport
) -> None:
    """Eight threads' events all arrive once."""
    threads = [
        threading.Thread(target=track, args=(bear, *(f"{n}-{m}" for m in range(200))))
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    bear.flush()
    assert sorted(features(sent)) == sorted(f"{n}-{m}" for n in range(8) for m in range(200))


def test_no_thread_before_the_first_event() -> None:
    """A process that never tracks has no thread of ours."""
    before = threading.active_count()
    bear = BearLumen(api_key="k", transport=MemoryTransport())
    assert threading.active_count() == before
    bear.shutdown()


def test_dropped_client_delivers_and_ends_its_thread() -> None:
    """A client that nobody holds leaves no thread behind."""
    sent = MemoryTransport()
    bear = BearLumen(api_key="k", transport=sent)
    track(bear, "one")
    (thread,) = [one for one in threading.enumerate() if one.name == "bearlumen-worker"]
    del bear
    thread.join(5)
    assert not thread.is_alive()
    assert features(sent) == ["one"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this platform")
def test_forked_child_delivers_its_own_events_only() -> None:
    """A prefork server's worker neither loses its events nor repeats its parent's."""
    script = """
        import os, sys, json
        from bearlumen import BearLumen
        from bearlumen.batching.retry import Outcome
        class Printing:
            def send(self, events, timeout=None):
                for event in events:
                    name = json.loads(event)["metadata"]["feature"]
                    os.write(1, f"{os.getpid() == parent} {name}\\n".encode())
                return Outcome(status=200)
            def close(self): pass
            def abandon(self): pass
        parent = os.getpid()
        chat = {"object": "chat.completion", "model": "m", "usage": {"prompt_tokens": 1}}
        bear = BearLumen(api_key="k", transport=Printing())
        bear.track(chat, feature="before")
        child = os.fork()
        if child == 0:
            bear.track(chat, feature="child")
            sys.exit()
        os.waitpid(child, 0)
        bear.track(chat, feature="after")
    """
    assert run(script) == ["False child", "True before", "True after"]


def test_process_that_simply_ends_delivers() -> None:
    """A script needs no farewell: what is queued goes out when it ends."""
    script = """
        import json
        from bearlumen import BearLumen
        from bearlumen.batching.retry import Outcome
        class Printing:
            def send(self, events, timeout=None):
                print(len(events), flush=True)
                return Outcome(status=200)
            def close(self): pass
            def abandon(self): pass
        bear = BearLumen(api_key="k", transport=Printing())
        stream = bear.track(iter([{"object": "chat.completion.chunk", "model": "m"}] * 2))
        next(stream)
        for _ in range(3):
            bear.track({"object": "chat.completion", "model": "m", "usage": {"prompt_tokens": 1}})
    """
    assert run(script) == ["4"]


PRINTING = """
import json, os, sys
from bearlumen import BearLumen
from bearlumen.batching.retry import Outcome
class Printing:
    def send(self, events, timeout=None):
        for event in map(json.loads, events):
            line = (event["metadata"].get("feature"), event.get("input_tokens"))
            os.write(1, f"{os.getpid() == parent} {line[0]} {line[1]}\\n".encode())
        return Outcome(status=200)
    def close(self): pass
    def abandon(self): pass
parent = os.getpid()
bear = BearLumen(api_key="k", transport=Printing())
item = {"object": "chat.completion.chunk", "model": "m"}
last = {**item, "usage": {"prompt_tokens": 7}}
"""


def test_process_that_ends_with_only_an_open_stream_ends() -> None:
    """A stream that nothing else was tracked before is recorded, and the process ends."""
    script = """
        stream = bear.track(iter([item, item]), feature="open")
        next(stream)
        keep = [stream]
        keep.append(keep)
    """
    assert run(PRINTING + textwrap.dedent(script)) == ["True open None"]


def test_dropped_client_still_records_its_open_stream_at_the_end() -> None:
    """The stream outlives the client, and is recorded when the process ends."""
    script = """
        stream = bear.track(iter([item, item]), feature="open")
        next(stream)
        del bear
    """
    assert run(PRINTING + textwrap.dedent(script)) == ["True open None"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this platform")
def test_forked_child_does_not_record_its_parents_stream() -> None:
    """The stream is the parent's: the child's copy must not stand in for its counts."""
    script = """
        stream = bear.track(iter([item, last]), feature="parents")
        next(stream)
        child = os.fork()
        if child == 0:
            bear.shutdown()
            sys.exit()
        os.waitpid(child, 0)
        for _ in stream:
            pass
    """
    assert run(PRINTING + textwrap.dedent(script)) == ["True parents 7"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this platform")
def test_multiprocessing_child_that_simply_ends_delivers() -> None:
    """A forked worker process ends by its own rules; its events go out all the same."""
    script = """
        import multiprocessing
        def work():
            bear.track(None, model="m", feature="child", cost="1")
        process = multiprocessing.get_context("fork").Process(target=work)
        process.start()
        process.join()
    """
    assert run(PRINTING + textwrap.dedent(script)) == ["False child None"]


def test_flushing_while_tracking_begins_loses_and_doubles_nothing() -> None:
    """The first event's thread and a flush of another thread do not deliver the same batch."""
    for _ in range(150):
        sent = MemoryTransport()
        problems: list[Exception] = []
        bear = BearLumen(api_key="k", transport=sent, on_error=problems.append)
        flusher = threading.Thread(target=lambda bear=bear: [bear.flush() for _ in range(5)])
        flusher.start()
        track(bear, *range(25))
        flusher.join()
        assert bear.shutdown()
        assert (features(sent), problems) == ([str(n) for n in range(25)], [])


def test_shutdown_while_streams_are_opened_does_not_raise(sent: MemoryTransport) -> None:
    """Other threads may go on; what was queued is delivered."""
    bear = BearLumen(api_key="k", transport=sent)
    stop = threading.Event()
    held: list[Any] = []

    def open_streams() -> None:
        while not stop.is_set() and len(held) < 20_000:
            held.append(bear.track(iter([CHAT])))

    threads = [threading.Thread(target=open_streams) for _ in range(4)]
    for thread in threads:
        thread.start()
    track(bear, "kept")
    assert bear.shutdown()
    stop.set()
    for thread in threads:
        thread.join()
    assert "kept" in features(sent)


def test_shutdown_while_others_track_loses_nothing_that_was_taken() -> None:
    """From the moment of a shutdown on nothing is taken; what was taken before is delivered."""
    sent = Scripted(lambda _: Outcome(status=200))
    bear = BearLumen(api_key="k", transport=sent)
    taken: list[str] = []

    def work() -> None:
        while (event_id := bear.track(CHAT).event_id) is not None:
            taken.append(event_id)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    with sent.hold():
        while len(taken) < 500:
            pass
        closing = threading.Thread(target=bear.shutdown, args=(30,))
        closing.start()
        for thread in threads:
            thread.join()
    closing.join()
    assert sorted(event["sdk_event_id"] for event in sent.events) == sorted(taken)
    assert bear.stats().dropped == {"shutdown": 4}


def test_backlog_goes_out_in_few_requests() -> None:
    """A burst does not need one request for every twenty events."""
    sent = Scripted(lambda _: Outcome(status=200))
    bear = BearLumen(api_key="k", transport=sent, batch_size=10)
    with sent.hold():
        track(bear, *range(5_000))
    assert bear.shutdown(timeout=30)
    assert sorted(map(int, features(sent))) == list(range(5_000))
    assert sent.attempts < 100


def test_queue_smaller_than_a_batch_is_delivered() -> None:
    """A full queue is as good as a full batch."""
    sent = MemoryTransport()
    arrived = threading.Event()

    class Telling(MemoryTransport):
        def send(self, events: Sequence[bytes], *, timeout: float | None = None) -> Outcome:
            arrived.set()
            return sent.send(events)

    with BearLumen(api_key="k", transport=Telling(), max_queued=3) as bear:
        track(bear, *range(3))
        assert arrived.wait(5)


@pytest.mark.parametrize("timeout", [float("inf"), 10**12, None])
def test_no_timeout_is_too_long(timeout: float | None, bear: BearLumen) -> None:
    """Waiting for as long as it takes is a fair thing to ask for."""
    track(bear, "one")
    assert bear.flush(timeout)


def run(script: str) -> list[str]:
    """The lines that a script prints in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", textwrap.dedent(script)],
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_memory_is_bounded_by_bytes_too(problems: list[Exception]) -> None:
    """A few events with much beside them weigh as much as many without; streams keep theirs."""
    sent = Scripted(lambda _: Outcome(status=200))
    bear = BearLumen(
        api_key="k", transport=sent, max_queued_bytes=400_000, on_error=problems.append
    )
    with sent.hold():
        track(bear, "being sent")
        heavy = {"note": "x" * 50_000}
        results = [bear.track(CHAT, feature="heavy", metadata=heavy) for _ in range(4)]
        for _ in range(6):
            for _ in bear.track(iter([CHUNK]), feature="heavy", metadata=heavy):
                pass
        results += [bear.track(CHAT, feature="light") for _ in range(400)]
        kept = sum(result.event_id is not None for result in results)
        stats = bear.stats()
    assert 4 < kept < 300
    assert stats.dropped["queue_full"] > 100
    assert stats.tracked == 411
    assert bear.shutdown(timeout=30)
    assert len(sent.events) == 411 - stats.dropped["queue_full"]


def test_signal_handler_needs_the_main_thread() -> None:
    """It is said when the client is made, and not by a signal that does nothing."""
    caught: list[Exception] = []

    def make() -> None:
        try:
            BearLumen(api_key="k", flush_on_sigterm=True)
        except InvalidRequestError as error:
            caught.append(error)

    thread = threading.Thread(target=make)
    thread.start()
    thread.join()
    assert "main thread" in str(caught[0])


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_thread_ended_by_the_hosts_exception_is_started_anew() -> None:
    """An `on_error` that ends its thread costs no events."""

    class Raising(Scripted):
        def send(self, events: Sequence[bytes], *, timeout: float | None = None) -> Outcome:
            if self.attempts == 0:
                self.attempts += 1
                raise SystemExit
            return super().send(events)

    sent = Raising(lambda _: Outcome(status=200))
    bear = BearLumen(api_key="k", transport=sent, flush_interval=0.01)
    track(bear, "a")
    thread = bear._worker._thread
    assert thread is not None
    thread.join(5)
    track(bear, "b")
    assert bear.shutdown(timeout=30)
    assert features(sent) == ["a", "b"]
