"""Forks: which process this is, and what must not be under way while another is made of it.

A forked child has one thread, the one that forked. What other threads were in the middle of stays
as it is for ever: a lock that is held, a module that is half imported.
"""

from __future__ import annotations

import os
import sys
import threading

from .. import events

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

FORK_WAIT_SECONDS = 5.0
"""How long a fork waits at the most for an import of the worker's thread to be over."""

pid = os.getpid()
"""Of the process that this module was last told of."""
_loading = threading.RLock()
_holders: set[int] = set()
_hooks: list[Callable[[], None]] = []
_hooked_in = False
_becoming = threading.RLock()
_is_becoming = False


def on_fork(hook: Callable[[], None]) -> None:
    """Have `hook` called in every forked child."""
    _hooks.append(hook)


def ensure_own_process() -> None:
    """Do what a child has to after a fork that told nobody.

    uWSGI makes its workers like that, and others do where nothing was tracked before the fork. The
    first threads that track come here together: none goes on before it is done, and it is done
    once, or what one has queued would be taken for the parent's.
    """
    global _is_becoming, pid  # noqa: PLW0603  # one a process
    if os.getpid() == pid:
        return
    with _becoming:
        if os.getpid() == pid or _is_becoming:
            return
        _is_becoming = True
        try:
            events.reseed()
            _after_in_child()
            pid = os.getpid()  # last: others go on as soon as they see it
        finally:
            _is_becoming = False


def uwsgi_worker() -> int | None:
    """The number of this worker of uWSGI's, 0 for its master, None where there is no uWSGI.

    Its master makes the workers without a word to the interpreter. What a thread of the master's
    held then, the interpreter's own lock as likely as not, is held in the workers for ever.
    """
    uwsgi = sys.modules.get("uwsgi")
    return None if uwsgi is None else uwsgi.worker_id()


def loading() -> threading.RLock:
    """A lock to import modules under on a thread of ours: no process is forked meanwhile.

    A child forked in the middle would have them half imported, with locks that nobody releases:
    it would wait for ever at its own first import of them.
    """
    return _loading


def _before() -> None:
    if _loading.acquire(timeout=FORK_WAIT_SECONDS):
        _holders.add(threading.get_ident())


def _after_in_parent() -> None:
    if threading.get_ident() in _holders:
        _holders.discard(threading.get_ident())
        _loading.release()


def _after_fork() -> None:
    global pid, _becoming, _is_becoming  # noqa: PLW0603  # one a process
    pid = os.getpid()
    _becoming = threading.RLock()
    _is_becoming = False
    _after_in_child()


def _after_in_child() -> None:
    global _loading  # noqa: PLW0603  # one a process
    _loading = threading.RLock()
    _holders.clear()
    for hook in _hooks:
        hook()


def hook_in() -> None:
    """Be told of forks, from before anything is imported or started that one could break.

    Hooks that run before a fork run in the reverse of the order in which they were registered. Ours
    waits for an import, which may need a lock that logging's hook takes: ours has to be the first
    to run, and so logging is imported before.
    """
    global _hooked_in  # noqa: PLW0603  # once a process
    if _hooked_in:
        return
    _hooked_in = True
    import logging  # noqa: F401  # pyright: ignore[reportUnusedImport]

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(
            before=_before, after_in_parent=_after_in_parent, after_in_child=_after_fork
        )
