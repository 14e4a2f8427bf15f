"""What a client needs in order to deliver, looked at one by one.

    from bearlumen import doctor

    for finding in doctor.examine(api_key=..., journal="/var/lib/app/usage"):
        print(finding)

Nothing is recorded by it. `bearlumen doctor`, of the server's package, prints the same.
"""

from __future__ import annotations

import os
import time

from . import _config, _wire
from .errors import BearLumenError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from ._config import Config, Environment

TIMEOUT_SECONDS = 10.0
MAX_CLOCK_SECONDS = 60.0
"""A clock that is off by more puts events into the wrong hour, and by a day it has them refused."""


class Finding:
    """One thing that was looked at."""

    __slots__ = ("advice", "name", "ok", "text")

    def __init__(self, name: str, text: str, *, ok: bool = True, advice: str = "") -> None:
        self.name = name
        """What was looked at: `settings`, `server`, `key`, `clock` or `journal`."""
        self.text = text
        """What was found."""
        self.ok = ok
        """Whether events can be delivered as far as this goes."""
        self.advice = advice
        """What to do about it; empty where there is nothing to do."""

    def to_dict(self) -> dict[str, Any]:
        """The same as a dict."""
        return {name: getattr(self, name) for name in ("name", "ok", "text", "advice")}

    def __str__(self) -> str:
        return f"{'ok' if self.ok else 'FAILED'} {self.name}: {self.text}" + (
            f" {self.advice}" if self.advice else ""
        )


def examine(
    *,
    api_key: str,
    environment: Environment | None = None,
    base_url: str | None = None,
    journal: str | os.PathLike[str] | None = None,
) -> list[Finding]:
    """Look at the settings, the server, the key, the clock and the journal.

    Args:
        api_key: As for `BearLumen`.
        environment: As for `BearLumen`.
        base_url: As for `BearLumen`.
        journal: The journal's directory, if there is one; it is only looked at.

    Returns:
        What was found, in the order in which it is needed. It does not raise.
    """
    try:
        config = _config.Config(
            api_key=api_key,
            environment=environment,
            base_url=base_url,
            journal=journal,
            timeout=TIMEOUT_SECONDS,
        )
    except BearLumenError as error:
        return [Finding("settings", str(error), ok=False)]
    return [*_server(config), *_journal(config)]


def examine_client_options(options: Mapping[str, Any]) -> list[Finding]:
    """The same with what a client is made with, of which only some matters here."""
    names = ("api_key", "environment", "base_url", "journal")
    return examine(**{name: options[name] for name in names if name in options})


def _server(config: Config) -> list[Finding]:
    from . import _http

    client = _http.sync_client(config)
    options: dict[str, Any] = {"headers": _http.headers(config), "timeout": config.timeout}
    with client:
        began, at = time.monotonic(), time.time()
        try:
            answer = client.get(config.base_url + _wire.PING, **options)
        except (_http.errors_of(client), OSError, ValueError) as error:
            return [
                Finding(
                    "server",
                    f"{config.base_url} does not answer: {type(error).__name__}: {error}.",
                    ok=False,
                    advice="Is it up, is the address right, and may this machine reach it?",
                )
            ]
        took = time.monotonic() - began
        findings = [
            Finding("server", f"{config.base_url} answered in {took * 1000:.0f} ms."),
            _key(answer),
        ]
        if findings[-1].ok:
            batch = config.base_url + _wire.USAGE_BATCH
            findings.append(_scope(client.post(batch, json={"events": []}, **options)))
        return [*findings, *_clock(answer.headers.get("Date"), at + took / 2)]


def _key(answer: Any) -> Finding:
    from . import _http

    if not answer.is_success:
        error = _http.error_from(answer)
        is_key = answer.status_code in (401, 403)
        return Finding(
            "key" if is_key else "server",
            str(error),
            ok=False,
            advice="Is it the key of this server, and not revoked?" if is_key else "",
        )
    try:
        organization = answer.json()["organizationId"]
    except (ValueError, KeyError, TypeError):
        return Finding(
            "server",
            f"{answer.url} answered {answer.status_code} without the API's JSON.",
            ok=False,
            advice="Is the address that of a Bear Lumen server?",
        )
    return Finding("key", f"It is one of the organisation {organization}.")


def _scope(answer: Any) -> Finding:
    if answer.status_code == 403:  # noqa: PLR2004
        return Finding(
            "key",
            "It may not send events.",
            ok=False,
            advice="Use one with the scope usage:write.",
        )
    return Finding("key", "It may send events.")


def _clock(date: str | None, at: float) -> list[Finding]:
    """How far this machine's clock is from the server's, which states whole seconds."""
    from email.utils import parsedate_to_datetime

    try:
        off = at - parsedate_to_datetime(date or "").timestamp()
    except (TypeError, ValueError):
        return []
    ahead = "ahead of" if off > 0 else "behind"
    if abs(off) <= 1.5:  # noqa: PLR2004  # the seconds that the header leaves open
        return [Finding("clock", "It agrees with the server's.")]
    text = f"It is {abs(off):.0f} s {ahead} the server's."
    if abs(off) <= MAX_CLOCK_SECONDS:
        return [Finding("clock", text)]
    return [Finding("clock", text, ok=False, advice="Set it: events are dated by it.")]


def _journal(config: Config) -> list[Finding]:
    if config.journal is None:
        return [
            Finding(
                "journal",
                "There is none: events that wait in memory are lost when the process is killed.",
                advice="Pass journal=DIRECTORY to keep them.",
            )
        ]
    from .batching.segment import SUFFIX, Peek
    from .batching.worker import owner_of

    folder = config.journal
    if not os.path.isdir(folder):  # noqa: PTH112
        return [Finding("journal", f"{folder} is not there yet; the first client makes it.")]
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return [
            Finding(
                "journal",
                f"{folder} cannot be written to by this user.",
                ok=False,
                advice="Give it to the user that the program runs as.",
            )
        ]
    mine, others = _Sum(), _Sum()
    owner = owner_of(config)
    for name in sorted(os.listdir(folder)):  # noqa: PTH208
        if name.endswith(SUFFIX) and not name.startswith("."):
            peek = Peek.at(f"{folder}/{name}")
            if peek is not None:
                (mine if name.startswith(f"{owner}-") else others).add(peek)
    findings = [Finding("journal", f"{folder} holds {mine}.")]
    if others.files:
        findings.append(
            Finding(
                "journal",
                f"{folder} holds {others} for another key or server.",
                advice="A client with that key and server delivers them.",
            )
        )
    return findings


class _Sum:
    """Several segments added up."""

    def __init__(self) -> None:
        self.files = self.live = self.waiting = self.size = 0
        self.oldest: float | None = None

    def add(self, peek: Any) -> None:
        self.files += 1
        self.live += peek.is_live
        self.waiting += peek.waiting
        self.size += peek.size
        if peek.waiting:
            self.oldest = min(peek.made_at, self.oldest or peek.made_at)

    def __str__(self) -> str:
        if not self.files:
            return "nothing"
        age = "" if self.oldest is None else f", the oldest {time.time() - self.oldest:.0f} s old"
        left = self.files - self.live
        return (
            f"{_many(self.waiting, 'event')} to be delivered in {_many(self.files, 'file')}, "
            f"{self.size:,} bytes{age}; {self.live} of running processes, {left} left behind"
        )


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
