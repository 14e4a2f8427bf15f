"""The price catalogue is an extra: it costs nothing until it is asked, and fetches nothing."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

BEAR = """
import sys, bearlumen
bear = bearlumen.BearLumen(api_key="k", transport=bearlumen.MemoryTransport())
"""
RESPONSE = '{"object": "chat.completion", "model": "gpt-4o", "usage": {"prompt_tokens": 1000}}'
ASKED = 'bear.estimate("gpt-4o", "openai", {"input_tokens": 1000})'
WITHOUT = 'import sys; sys.modules["genai_prices"] = None\n'
"""Python then imports it as little as if it were not there."""
REFUSED = """
from bearlumen.errors import BearLumenError, MissingExtraError
try:
    {}
except MissingExtraError as error:
    assert isinstance(error, BearLumenError) and isinstance(error, ImportError)
    print(error)
"""


def run(code: str, *, path: Path | None = None) -> str:
    """What a fresh interpreter prints, warnings being errors."""
    first = "" if path is None else f"import sys; sys.path.insert(0, {str(path)!r})\n"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", first + code],
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_neither_import_nor_tracking_loads_a_price() -> None:
    """Who never reads a cost pays nothing for it."""
    loaded = run(f"{BEAR}bear.track({RESPONSE})\nprint(*sys.modules)").split()
    assert not [name for name in loaded if name.startswith(("genai_prices", "bearlumen.pricing"))]


def test_the_package_loads_the_catalogue_when_a_price_is_asked_for() -> None:
    """Importing it is not asking."""
    loaded = run("import sys, bearlumen.pricing; print(*sys.modules)").split()
    assert "bearlumen.pricing" in loaded
    assert "genai_prices" not in loaded


def test_an_estimate_without_the_extra_says_how_to_install_it() -> None:
    """An error that explains itself, not a None that looks like an unknown price."""
    said = run(WITHOUT + BEAR + REFUSED.format(ASKED))
    assert 'pip install "bearlumen-core[pricing]"' in said


def test_a_cost_without_the_extra_says_how_to_install_it() -> None:
    """Tracking works, and so does a cost that somebody stated; only the catalogue is missing."""
    code = f"""
result = bear.track({RESPONSE}, cost="0.5")
assert str(result.cost) == "0.500000000000"
result = bear.track({RESPONSE})
assert result.event_id is not None"""
    said = run(WITHOUT + BEAR + code + REFUSED.format("result.cost"))
    assert 'pip install "bearlumen-core[pricing]"' in said


def test_a_catalogue_that_is_too_old_is_a_missing_one(tmp_path: Path) -> None:
    """Another package may have brought a version that lacks what we read."""
    package = tmp_path / "genai_prices"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "types.py").write_text("class ModelPrice: ...\n")
    said = run(BEAR + REFUSED.format(ASKED), path=tmp_path)
    assert 'pip install "bearlumen-core[pricing]"' in said


def test_another_failure_to_import_is_not_hidden(tmp_path: Path) -> None:
    """A broken installation must not be taken for a missing extra."""
    package = tmp_path / "genai_prices"
    package.mkdir()
    (package / "__init__.py").write_text("import a_module_that_is_not_there\n")
    code = f"{BEAR}\ntry:\n    {ASKED}\nexcept ImportError as error:\n    print(error.name)"
    assert run(code, path=tmp_path).strip() == "a_module_that_is_not_there"


def test_nothing_is_fetched() -> None:
    """No connection, no look-up of a host, no thread: prices are those that were installed."""
    code = """
import sys, threading
def refuse(event, arguments):
    if event.startswith("socket.") or event == "_thread.start_new_thread":
        raise AssertionError(event)
import bearlumen.pricing.estimate, genai_prices.data
sys.addaudithook(refuse)
from bearlumen.pricing import cost_of
from bearlumen.pricing.catalogue import catalogue
from datetime import datetime, UTC
from genai_prices.update_prices import _shared_updater
print(catalogue().price(
    provider="openai", model="gpt-4o", at=datetime.now(UTC),
    usage=bearlumen.pricing.Usage(input_tokens=1000)).cost,
    threading.active_count(), _shared_updater.ref_count)
"""
    assert run(code).split() == ["0.002500000000", "1", "0"]


def test_prices_that_another_library_fetched_are_not_ours() -> None:
    """Else the figure would depend on what else the program imports, and differ from the ledger."""
    code = """
from genai_prices.data_snapshot import DataSnapshot, set_custom_snapshot
set_custom_snapshot(DataSnapshot(providers=[], from_auto_update=True))
"""
    assert run(f"{BEAR}{code}print({ASKED})").strip() == "0.002500000000"


def test_a_child_does_not_wait_for_a_thread_of_its_parent() -> None:
    """A fork copies a lock that is held, but not the thread that would let it go."""
    code = f"""
import os, signal
from bearlumen.pricing import catalogue
book = catalogue.catalogue()
with catalogue._lock, book._lock:
    pid = os.fork()
    if pid == 0:
        signal.alarm(10)
        print({ASKED}, flush=True)
        catalogue._book = None
        print({ASKED}, flush=True)
        os._exit(0)
assert os.waitpid(pid, 0)[1] == 0
"""
    assert run(BEAR + code).split() == ["0.002500000000"] * 2
