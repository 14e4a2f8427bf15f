"""A Celery app whose tasks track; run by tests and by a real worker."""

import os
from pathlib import Path
from typing import Any

from celery import Celery  # pyright: ignore[reportMissingTypeStubs]

import bearlumen_celery
from bearlumen import BearLumen

CHAT = {"object": "chat.completion", "model": "gpt-4o", "usage": {"prompt_tokens": 1}}
FOLDER = Path(os.environ.get("CELERY_FOLDER", "."))
app: Any = Celery("site", broker="filesystem://")
app.conf.update(
    broker_transport_options={
        "data_folder_in": str(FOLDER / "queue"),
        "data_folder_out": str(FOLDER / "queue"),
        "control_folder": str(FOLDER / "control"),
    },
    task_ignore_result=True,
    task_serializer="json",
    worker_hijack_root_logger=False,
)
bear: Any = None
if "BEAR_LUMEN_URL" in os.environ:
    bear = BearLumen(
        api_key=os.environ["BEAR_LUMEN_API_KEY"], base_url=os.environ["BEAR_LUMEN_URL"]
    )
    bearlumen_celery.instrument(bear, task_as_feature=True)


@app.task(name="work")
def work(user: str | None, where: str = "work") -> str:
    """Track, saying for whom it should be."""
    bear.track(CHAT, dimensions={"where": where, "as": user or "nobody"})
    return "done"


@app.task(name="again", bind=True, max_retries=1)
def again(self: Any, user: str) -> str:
    """Track, try again, track."""
    bear.track(CHAT, dimensions={"where": "again", "as": user})
    if self.request.retries == 0:
        raise self.retry(countdown=0)
    return "done"


@app.task(name="join")
def join(_: Any, user: str) -> str:
    """The end of a chain."""
    bear.track(CHAT, dimensions={"where": "join", "as": user})
    return "done"
