"""What a journal may look like when it is opened, and who may open it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from reliability import proxy
from reliability.programs import Mode, Program
from reliability.proxy import Proxy
from reliability.serving import HOST, free_port

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reliability.serving import Account, Server
    from reliability.verdict import Verdict

EVENTS = 200


def left_behind(
    server: Server, folder: Path, account: Account | None = None, *, url: str | None = None
) -> Program:
    """A client that tracked while nobody listened, and ended without a word.

    What it left is for a client of the same base URL, so a proxy may listen there.
    """
    client = Program(
        "steady.py",
        folder,
        account or server.account(),
        url or f"http://{HOST}:{free_port()}",
        mode=Mode.JOURNAL,
        rate=2_000,
        count=EVENTS,
        end="_exit",
    )
    client.start().wait()
    return client


def segments(client: Program) -> list[Path]:
    """The files of the journal."""
    return sorted(client.journal.glob("*.events"))


def deliver(client: Program, server: Server) -> None:
    """Run another client on the same journal, which can reach the server now."""
    port = int(client.settings["base_url"].rpartition(":")[2])
    with Proxy(server.port, port=port):
        client.start(count=50, end="shutdown")
        client.wait()
    client.check_delivered()


def cut_the_last_record(data: bytes) -> bytes:
    """As if the machine had stopped in the middle of a write."""
    return data[:-9]


def spoil_a_record(data: bytes) -> bytes:
    """As if a block of the disk had gone bad."""
    lines = data.split(b"\n")
    middle = len(lines) // 2
    lines[middle] = b"\xff\x00{" + lines[middle][3:-7] + b"\x80\xfe]]]}"
    return b"\n".join(lines)


def insert_garbage(data: bytes) -> bytes:
    """Lines that nobody wrote, between those that somebody did."""
    lines = data.split(b"\n")
    middle = len(lines) // 2
    lines[middle:middle] = [b"\x00" * 300, b"{}", b"[]", b"null", b"", b'{"model": 1}', b"\xc3("]
    return b"\n".join(lines)


def append_zeros(data: bytes) -> bytes:
    """As a file system may leave a file that was growing when the power went."""
    return data + bytes(4_096)


@pytest.mark.parametrize(
    ("case", "damage", "gone"),
    [
        ("torn last record", cut_the_last_record, 1),
        ("garbage in a record", spoil_a_record, 1),
        ("garbage between records", insert_garbage, 0),
        ("zeros after the last record", append_zeros, 0),
    ],
)
def test_damaged_segment(
    case: str,
    damage: Callable[[bytes], bytes],
    gone: int,
    server: Server,
    tmp_path: Path,
    verdict: Verdict,
) -> None:
    """All that can still be read is delivered."""
    client = left_behind(server, tmp_path / "client")
    (segment,) = segments(client)
    segment.write_bytes(damage(segment.read_bytes()))
    deliver(client, server)
    row = verdict(case, client.notes(), server.stored(client.account), dropped=gone)
    assert row.known == gone
    assert client.notes()[0].name in {each.name for each in server.stored(client.account)}


def test_empty_and_foreign_files_are_left_alone(
    server: Server, tmp_path: Path, verdict: Verdict
) -> None:
    """A segment without its first line, and what is no segment, keep nobody from delivering."""
    client = left_behind(server, tmp_path / "client")
    folder = client.journal
    (segment,) = segments(client)
    start = segment.read_bytes()[:10]
    # Some with names that the client itself would give, some with others.
    for number, prefix in enumerate((segment.name.partition("-")[0], "0")):
        for name, content in (("empty", b""), ("noise", bytes(range(256)) * 4), ("start", start)):
            (folder / f"{prefix}-0{number}-{name}.events").write_bytes(content)
        (folder / f"{prefix}-1{number}-folder.events").mkdir()
    (folder / "README").write_text("mine")
    deliver(client, server)
    assert (folder / "README").read_text() == "mine"
    verdict("empty and foreign files", client.notes(), server.stored(client.account))


@pytest.mark.parametrize("difference", ["key", "base URL"])
def test_segment_of_another_client_is_left_alone(
    difference: str, server: Server, tmp_path: Path, verdict: Verdict
) -> None:
    """Events are not delivered with another key or to another server, and wait for their own."""
    theirs = left_behind(server, tmp_path / "theirs")
    before = {path: path.read_bytes() for path in segments(theirs)}
    account = server.account()
    url = theirs.settings["base_url"]
    if difference == "base URL":
        account, url = theirs.account, f"http://{HOST}:{free_port()}"
    ours = Program(
        "steady.py",
        tmp_path / "ours",
        account,
        url,
        mode=Mode.JOURNAL,
        client={"journal": str(theirs.journal)},
        rate=1_000,
    )
    deliver_ours(ours, server)
    assert {path: path.read_bytes() for path in segments(theirs)} == before
    verdict(f"beside a segment of another {difference}", ours.notes(), server.stored(account))
    deliver(theirs, server)
    notes = [*theirs.notes(), *(ours.notes() if account == theirs.account else ())]
    verdict(f"that segment of another {difference}, later", notes, server.stored(theirs.account))


def deliver_ours(ours: Program, server: Server) -> None:
    """Run a client of our own on somebody's journal."""
    port = int(ours.settings["base_url"].rpartition(":")[2])
    with Proxy(server.port, port=port):
        ours.start(count=300).wait()
    ours.check_delivered()


def test_backlog_of_several_segments(server: Server, tmp_path: Path, verdict: Verdict) -> None:
    """A long outage fills more than one file, and ends in a kill: all of them are delivered."""
    client = Program(
        "steady.py",
        tmp_path / "client",
        server.account(),
        f"http://{HOST}:{free_port()}",
        mode=Mode.JOURNAL,
        rate=20_000,
    )
    client.start().wait_for(30_000)
    client.kill()
    assert len(segments(client)) > 1
    deliver(client, server)
    assert segments(client) == []
    verdict(
        "backlog of several segments, client killed",
        client.notes(),
        server.stored(client.account),
        kills=1,
    )


def test_journal_that_waits_for_the_disk(server: Server, tmp_path: Path, verdict: Verdict) -> None:
    """`journal_sync="always"` delivers like any other, kills or not."""
    client = Program(
        "steady.py",
        tmp_path / "client",
        server.account(),
        server.url,
        mode=Mode.JOURNAL,
        client={"journal_sync": "always"},
        rate=300,
    )
    for _ in range(3):
        before = client.noted()
        client.start().wait_for(before + 200)
        client.kill()
    client.start(count=100).wait()
    assert segments(client) == []
    verdict(
        'journal_sync="always", client killed 3 times',
        client.notes(),
        server.stored(client.account),
        kills=3,
    )


def test_two_clients_in_one_process(server: Server, tmp_path: Path, verdict: Verdict) -> None:
    """Both on one directory."""
    pair = Program(
        "pair.py", tmp_path / "pair", server.account(), server.url, mode=Mode.JOURNAL
    ).start()
    pair.wait()
    assert segments(pair) == []
    verdict("two clients of one process, one journal", pair.notes(), server.stored(pair.account))


def test_clients_of_several_processes(server: Server, tmp_path: Path, verdict: Verdict) -> None:
    """Four at once, each of which begins and ends when it likes."""
    account = server.account()
    clients = [
        Program(
            "steady.py",
            tmp_path / "clients",
            account,
            server.url,
            mode=Mode.JOURNAL,
            rate=400,
            count=200 * (number + 1),
        ).start()
        for number in range(4)
    ]
    for each in clients:
        each.wait()
    assert segments(clients[0]) == []
    verdict("4 processes, one journal", clients[0].notes(), server.stored(account))


def test_leftover_is_adopted_while_another_process_lives(
    server: Server, tmp_path: Path, verdict: Verdict
) -> None:
    """What a dead process left goes to one of the living, and what a living one holds to nobody."""
    folder = tmp_path / "clients"
    account = server.account()
    port = free_port()
    url = f"http://{HOST}:{port}"
    with Proxy(server.port, proxy.hanging, port=port) as network:
        living = Program(
            "steady.py", folder, account, url, mode=Mode.JOURNAL, rate=200, client={"timeout": 5}
        ).start()
        living.wait_for(100)
        dead = Program("steady.py", folder, account, url, mode=Mode.JOURNAL, rate=2_000).start()
        dead.wait_for(living.noted() + 500)
        dead.kill()
        network.behave = proxy.passing
        second = Program(
            "steady.py", folder, account, url, mode=Mode.JOURNAL, rate=200, count=200
        ).start()
        second.wait_for(living.noted() + 50)
        time.sleep(2)
        living.tell_to_stop()
        living.wait()
        second.wait()
    assert segments(living) == []
    verdict("leftover adopted while another lives", living.notes(), server.stored(account), kills=1)
