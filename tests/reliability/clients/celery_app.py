"""A task queue whose worker gives itself tasks, each of which tracks."""

from typing import Any

from celery import Celery, signals  # pyright: ignore[reportMissingTypeStubs]
from host import PLAN, client, track

app: Any = Celery("celery_app", broker="memory://")
app.conf.update(
    broker_transport_options={"polling_interval": 0.01},
    worker_prefetch_multiplier=1,
    task_ignore_result=True,
    worker_hijack_root_logger=False,
)
bear = client()
track(bear)


def call() -> None:
    """Track."""
    track(bear)


task: Any = app.task(call)


def send(**_: Any) -> None:
    """Hand out the tasks."""
    for _number in range(PLAN["tasks"]):
        task.delay()


signals.worker_ready.connect(send, weak=False)
