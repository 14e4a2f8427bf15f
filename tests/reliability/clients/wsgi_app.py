"""A web application that tracks when it is loaded, and at every request."""

from collections.abc import Callable, Iterable
from typing import Any

from host import PLAN, client, track

bear = client()
# uWSGI's master, which loads the application, ends without Python's exit hooks.
track(bear, unprotected=PLAN["loader_is_lost"] and "journal" not in PLAN["client"])


def application(
    environ: dict[str, Any], start_response: Callable[[str, list[tuple[str, str]]], object]
) -> Iterable[bytes]:
    """Track, and answer."""
    track(bear)
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]
