"""What a task tracks is for whom it was sent for, in real workers and eagerly."""

import threading
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("celery")

from celery import signals  # pyright: ignore[reportMissingTypeStubs]
from celery.app.task import Context  # pyright: ignore[reportMissingTypeStubs]
from integrations.celery import site as celery_site
from kombu import pools

import bearlumen_celery
from bearlumen import BearLumen, MemoryTransport
from support.sites import events_of, receiving, running
from support.stub import Stub

site: Any = celery_site
celery_signals: Any = signals
POOLS = {
    "prefork": ("--pool", "prefork", "--concurrency", "2"),
    "threads": ("--pool", "threads", "--concurrency", "8"),
    "gevent": ("--pool", "gevent", "--concurrency", "8"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the messages are."""
    for name in ("queue", "control"):
        (tmp_path / name).mkdir()
    return tmp_path


@pytest.fixture
def sender(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[BearLumen]:
    """What sends tasks to the folder."""
    options = {
        "data_folder_in": str(folder / "queue"),
        "data_folder_out": str(folder / "queue"),
        "control_folder": str(folder / "control"),
    }
    site.app.conf.broker_transport_options = options
    with BearLumen(api_key="sk_test_1", transport=MemoryTransport()) as bear:
        bearlumen_celery.instrument(bear)
        yield bear
        bearlumen_celery.uninstrument()
    # With its connections to this folder.
    site.app.pool.force_close_all()
    site.app._pool = site.app.amqp._producer_pool = None
    pools.reset()


@contextmanager
def worker(pool: str, stub: Stub, folder: Path) -> Generator[None]:
    """A real one, until every message was taken and it has ended in order."""
    command = (
        "-m", "celery", "--app", "integrations.celery.site", "worker", "--loglevel", "WARNING",
        "--without-gossip", "--without-mingle", "--without-heartbeat", *POOLS[pool],
    )  # fmt: skip
    with running(command, stub, folder, environment={"CELERY_FOLDER": str(folder)}) as wait_for:
        yield
        wait_for(lambda: not any((folder / "queue").iterdir()))


@pytest.mark.parametrize("pool", POOLS)
def test_tasks_are_for_whom_they_were_sent_for(pool: str, sender: BearLumen, folder: Path) -> None:
    """Delayed, retried, chained, in groups, from many threads at once; none is mixed up or lost."""

    def send(number: int) -> None:
        user = f"user-{number}"
        with sender.scope(end_user=user):
            site.work.delay(user)
            site.work.apply_async((user,), headers={"other": "kept"})
            site.again.delay(user)
            (site.work.s(user) | site.join.s(user)).delay()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(send, range(25)))
    site.work.delay(None)
    with receiving() as stub:
        with worker(pool, stub, folder):
            pass
        events = events_of(stub)
    crossed = [
        event
        for event in events
        if event["metadata"]["dimensions"]["as"] != event.get("user_id", "nobody")
    ]
    assert crossed == []
    assert len({event["sdk_event_id"] for event in events}) == len(events) == 25 * 6 + 1
    assert {event["metadata"]["feature"] for event in events} == {"work", "again", "join"}


def test_an_eager_task_runs_within_the_callers_scope(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is sent, so nothing is opened nor cleared."""
    sent = MemoryTransport()
    with BearLumen(api_key="k", transport=sent) as bear:
        monkeypatch.setattr(site, "bear", bear)
        bearlumen_celery.instrument(bear, task_as_feature=True)
        with bear.scope(end_user="alice", feature="caller"):
            site.work.apply(("alice",))
            bear.track(site.CHAT)
        bearlumen_celery.uninstrument()
    found = [(event.get("user_id"), event["metadata"].get("feature")) for event in sent.events]
    assert found == [("alice", "caller")] * 2


def test_a_forged_scope_is_left_aside(folder: Path, sender: BearLumen) -> None:
    """Whoever can write to the broker cannot pass for a customer."""
    site.work.apply_async(("nobody",), headers={"bearlumen-scope": "v1.forged.forged"})
    with receiving() as stub:
        with worker("threads", stub, folder):
            pass
        events = events_of(stub)
    assert [event.get("user_id") for event in events] == [None]


def test_a_task_that_is_delivered_twice_at_once_leaves_nothing() -> None:
    """As a broker does with one that takes long: each thread leaves the scope that it opened."""
    sent = MemoryTransport()
    both = threading.Barrier(2)

    def run(bear: BearLumen) -> None:
        told: Any = {"task_id": "twice", "task": SimpleNamespace(name="work", request=Context())}
        both.wait(5)
        celery_signals.task_prerun.send(sender=None, **told)
        both.wait(5)
        bear.track(site.CHAT)
        both.wait(5)
        celery_signals.task_postrun.send(sender=None, **told)
        bear.track(site.CHAT)

    with BearLumen(api_key="k", transport=sent) as bear, ThreadPoolExecutor(2) as threads:
        bearlumen_celery.instrument(bear, task_as_feature=True)
        list(threads.map(run, [bear, bear]))
        bearlumen_celery.uninstrument()
    found = [event["metadata"].get("feature") for event in sent.events]
    assert found == ["work", "work", None, None]
