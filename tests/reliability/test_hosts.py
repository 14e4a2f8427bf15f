"""Real web servers and task queues that fork their workers."""

from __future__ import annotations

import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from reliability.programs import SCRIPTS, Mode, Program
from reliability.serving import HOST, free_port

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reliability.serving import Server
    from reliability.verdict import Verdict

REQUESTS = 400
DEADLINE_SECONDS = 30
UWSGI_PAUSE_SECONDS = 2
"""uWSGI's exit hooks run when OpenSSL has cleaned up, so whoever makes its first connection there
cannot. A worker that lives for some seconds has made it."""
BIN = Path(sys.executable).parent


def get(port: int) -> bool:
    """Ask the web server for its page; whether it answered."""
    connection = HTTPConnection(HOST, port, timeout=20)
    try:
        connection.request("GET", "/")
        return connection.getresponse().read() == b"ok"
    except (OSError, HTTPException):
        return False  # its worker was just being replaced
    finally:
        connection.close()


def ask_many_times(port: int, program: Program, *, reload: bool, pause: float) -> None:
    """Send requests from several threads; have the workers replaced in the middle of it."""
    until = time.monotonic() + DEADLINE_SECONDS
    while not get(port):
        assert program.running, program.log()[-6000:]
        assert time.monotonic() < until, program.log()[-6000:]
        time.sleep(0.05)
    with ThreadPoolExecutor(6) as pool:
        if reload:
            threading.Timer(0.3, program.signal, [signal.SIGHUP]).start()
        answered = sum(pool.map(lambda _: get(port), range(REQUESTS // 2)))
        time.sleep(pause)
        answered += sum(pool.map(lambda _: get(port), range(REQUESTS // 2)))
    assert answered > REQUESTS // 2, f"{answered} of {REQUESTS} requests were answered"


def serve_both(
    case: str,
    command: Sequence[str],
    ports: dict[Mode, int],
    server: Server,
    folder: Path,
    verdict: Verdict,
    *,
    reload: bool,
    pause: float = 0,
    loader_is_lost: bool = False,
) -> None:
    """Run a web server in both modes, ask it, end it with SIGTERM, and judge."""
    programs = {
        mode: Program(
            "wsgi_app.py",
            folder / mode.value,
            server.account(),
            server.url,
            mode=mode,
            command=[word.replace("PORT", str(port)) for word in command],
            loader_is_lost=loader_is_lost,
        ).start()
        for mode, port in ports.items()
    }
    try:
        for mode, program in programs.items():
            ask_many_times(ports[mode], program, reload=reload, pause=pause)
        for program in programs.values():
            program.signal(signal.SIGTERM)
        for program in programs.values():
            program.wait()
            program.drain()
        for mode, program in programs.items():
            verdict(f"{case}, {mode.value}", program.notes(), server.stored(program.account))
            program.check_quiet()
    finally:
        for program in programs.values():
            program.kill_all()


@pytest.mark.parametrize("preload", [False, True], ids=["", "preload"])
@pytest.mark.parametrize("kind", ["sync", "gthread", "gevent"])
def test_gunicorn(
    kind: str, preload: bool, server: Server, tmp_path: Path, verdict: Verdict
) -> None:
    """Workers that are forked before and after the application is loaded, replaced and ended."""
    pytest.importorskip("gunicorn")
    if kind == "gevent":
        pytest.importorskip("gevent")
    command = [str(BIN / "gunicorn"), "--bind", f"{HOST}:PORT", "--workers", "3"]
    command += ["--worker-class", kind, "--max-requests", "50", "--max-requests-jitter", "20"]
    command += ["--graceful-timeout", "20", "--no-control-socket", "--chdir", str(SCRIPTS)]
    command += ["--threads", "4"] if kind == "gthread" else []
    command += ["--preload"] if preload else []
    serve_both(
        f"gunicorn {kind}{' --preload' if preload else ''}",
        [*command, "wsgi_app:application"],
        {mode: free_port() for mode in Mode},
        server,
        tmp_path,
        verdict,
        reload=True,
    )


@pytest.mark.parametrize("threads", [True, False], ids=["threads", "no threads"])
@pytest.mark.parametrize("lazy", [False, True], ids=["", "lazy"])
def test_uwsgi(threads: bool, lazy: bool, server: Server, tmp_path: Path, verdict: Verdict) -> None:
    """Workers that are forked in C after the application is loaded, or before."""
    if not (BIN / "uwsgi").exists():
        pytest.skip("there is no uWSGI here")
    command = [str(BIN / "uwsgi"), "--http-socket", f"{HOST}:PORT", "--master"]
    command += ["--processes", "3", "--max-requests", "60", "--die-on-term", "--need-app"]
    command += ["--pythonpath", str(SCRIPTS), "--module", "wsgi_app:application"]
    command += ["--virtualenv", sys.prefix, "--disable-logging"]
    command += ["--enable-threads"] if threads else []
    command += ["--lazy-apps"] if lazy else []
    words = [*(["--enable-threads"] if threads else []), *(["--lazy-apps"] if lazy else [])]
    serve_both(
        " ".join(["uWSGI", *words]),
        command,
        {mode: free_port() for mode in Mode},
        server,
        tmp_path,
        verdict,
        reload=False,
        pause=UWSGI_PAUSE_SECONDS,
        loader_is_lost=not lazy,
    )


@pytest.mark.parametrize("recycle", [False, True], ids=["", "recycle"])
def test_celery(recycle: bool, server: Server, tmp_path: Path, verdict: Verdict) -> None:
    """Prefork children that end with the worker, or after a few tasks."""
    pytest.importorskip("celery")
    command = [sys.executable, "-m", "celery", "--app", "celery_app", "worker"]
    command += ["--pool", "prefork", "--concurrency", "3", "--loglevel", "WARNING"]
    command += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    command += ["--max-tasks-per-child", "20"] if recycle else []
    programs = {
        mode: Program(
            "celery_app.py",
            tmp_path / mode.value,
            server.account(),
            server.url,
            mode=mode,
            command=command,
            tasks=300,
        ).start()
        for mode in Mode
    }
    words = "celery --max-tasks-per-child" if recycle else "celery"
    try:
        for program in programs.values():
            program.wait_for(301)
        for program in programs.values():
            program.signal(signal.SIGTERM)
        for program in programs.values():
            program.wait()
            program.drain()
        for mode, program in programs.items():
            verdict(f"{words}, {mode.value}", program.notes(), server.stored(program.account))
            program.check_quiet()
    finally:
        for program in programs.values():
            program.kill_all()
