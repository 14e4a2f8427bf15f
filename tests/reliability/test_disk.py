"""A disk that is full, and a journal that is."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from reliability.programs import Mode, Program
from reliability.proxy import Proxy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reliability.serving import Server
    from reliability.verdict import Verdict

TINY = "1m"


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of a mebibyte."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={TINY}", "tmpfs", str(folder)]
    try:
        made = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount here")
    if made.returncode:
        pytest.skip(f"no file system can be mounted here: {made.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def disk_reports(client: Program) -> list[str]:
    """What the client said, but for not reaching the server."""
    return [each["text"] for each in client.reports() if each["type"] != "NetworkError"]


def test_full_disk(server: Server, tmp_path: Path, tiny_disk: Path, verdict: Verdict) -> None:
    """What does not fit on the disk waits in memory; it is said once, and everything arrives."""
    away = Proxy(server.port)
    client = Program(
        "steady.py",
        tmp_path / "client",
        server.account(),
        away.url,
        mode=Mode.JOURNAL,
        client={"journal": str(tiny_disk / "journal"), "max_queued": 50_000},
        rate=3_000,
    ).start()
    client.wait_for(9_000)
    assert len(disk_reports(client)) == 1, client.reports()
    with away:
        client.tell_to_stop()
        client.wait()
    client.check_delivered()
    assert len(disk_reports(client)) == 1, client.reports()
    verdict("full disk (tmpfs of 1 MiB)", client.notes(), server.stored(client.account))


def test_limit_on_the_size_of_files(server: Server, tmp_path: Path, verdict: Verdict) -> None:
    """RLIMIT_FSIZE: a write fails, or is cut short, and nothing of it is lost or raised."""
    client = Program(
        "limited.py",
        tmp_path / "client",
        server.account(),
        server.url,
        mode=Mode.JOURNAL,
        client={"max_queued": 50_000, "flush_interval": 60, "batch_size": 1_000},
        file_bytes=150_001,
        count=2_000,
    )
    client.start().wait()
    client.check_delivered()
    assert len(disk_reports(client)) == 1, client.reports()
    verdict("limit on the size of files", client.notes(), server.stored(client.account))


def test_full_journal_drops_the_newest_and_counts_them(
    server: Server, tmp_path: Path, verdict: Verdict
) -> None:
    """`journal_max_bytes`: what is dropped is counted, and what was tracked before it is kept."""
    away = Proxy(server.port)
    client = Program(
        "steady.py",
        tmp_path / "client",
        server.account(),
        away.url,
        mode=Mode.JOURNAL,
        client={"journal_max_bytes": 262_144},
        rate=2_000,
    ).start()
    client.wait_for(5_000)
    used = sum(each.stat().st_size for each in client.journal.iterdir())
    assert used < 2 * 262_144, f"the journal holds {used} bytes"
    with away:
        client.tell_to_stop()
        client.wait()
    client.check_delivered()
    row = verdict(
        "full journal (256 KiB), server down", client.notes(), server.stored(client.account)
    )
    (stats,) = client.stats()
    assert stats["dropped"] == {"journal_full": row.known}
    assert row.known > 1_000
    there = {each.name for each in server.stored(client.account)}
    kept = [note.name in there for note in client.notes()]
    before_the_first_drop = kept.index(False)
    assert not any(kept[before_the_first_drop:][:1_000]), "an older event made room for a newer one"
