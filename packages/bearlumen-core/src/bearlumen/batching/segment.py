"""One file of a journal: a header, then one event a line, as it will be sent.

The header says how far the server has acknowledged the file. Whoever owns the file holds a lock on
it, which the operating system lets go of when the process ends, however it ends. A file whose lock
can be had is nobody's.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import time

SUFFIX = ".events"
MAGIC = b"bearlumen journal 1 "
DIGITS = 16
HEADER_BYTES = len(MAGIC) + DIGITS + 1
READ_BYTES = 1 << 20
"""Read at once; a longer line is read in several goes."""
MODE = 0o600
LEFTOVER_SECONDS = 60.0
"""How old a file without a name is to be before it is taken for that of a dead process."""
ATTEMPTS = 5
"""At a new file: another process that tidies up can lock it first."""


class Segment:
    """An open, locked file of a journal."""

    def __init__(self, path: str, fd: int, *, acknowledged: int, size: int) -> None:
        self.path = path
        self.acknowledged = acknowledged
        """The place in the file up to which events are settled."""
        self.size = size
        """The place behind the last whole line."""
        self.waiting = 0
        """Lines that are not settled."""
        self.is_live = False
        """Whether this process still appends to it."""
        self.is_adopted = False
        """Whether another process, or client, wrote it."""
        self._fd = fd
        self._header_fd = -1

    @classmethod
    def create(cls, folder: str, *, owner: str, durable: bool) -> Segment:
        """A new file, locked before anybody can see it.

        Raises:
            OSError: The disk does not take it.
        """
        for _ in range(ATTEMPTS):
            name = f"{owner}-{time.time_ns():016x}-{os.getpid()}-{secrets.token_hex(4)}"
            hidden = f"{folder}/.{name}"
            fd = os.open(hidden, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL, MODE)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.fstat(fd).st_nlink == 0:
                    raise BlockingIOError  # noqa: TRY301
                header = _header(HEADER_BYTES)
                if os.write(fd, header) != len(header):
                    raise OSError(f"there is no room for {hidden}")  # noqa: TRY301
                path = f"{folder}/{name}{SUFFIX}"
                os.rename(hidden, path)  # noqa: PTH104  # with its lock
                if durable:
                    os.fsync(fd)
                    _sync_folder(folder)
            except BlockingIOError:  # somebody tidied up and took it for a leftover
                os.close(fd)
                continue
            except BaseException:
                os.close(fd)
                _unlink(hidden)
                raise
            segment = cls(path, fd, acknowledged=HEADER_BYTES, size=HEADER_BYTES)
            segment.is_live = True
            return segment
        raise OSError(f"files in {folder} cannot be locked")

    @classmethod
    def adopt(cls, path: str) -> Segment | None:
        """Take over a file that nobody owns any more; None if somebody does, or it is gone."""
        try:
            fd = os.open(path, os.O_RDWR | os.O_APPEND)
        except OSError:
            return None
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(fd).st_nlink == 0:
                raise BlockingIOError  # it was done with between the two
            header = os.pread(fd, HEADER_BYTES, 0)
        except OSError:
            os.close(fd)
            return None
        segment = cls(path, fd, acknowledged=_acknowledged(header), size=os.fstat(fd).st_size)
        segment.is_adopted = True
        return segment

    def append(self, line: bytes) -> bool:
        """Write one line in one go; False if the disk did not take it, and then none of it stays.

        Raises:
            OSError: The disk did not take it, and says why.
        """
        written = os.write(self._fd, line)
        if written == len(line):
            self.size += written
            self.waiting += 1
            return True
        os.ftruncate(self._fd, self.size)
        return False

    def sync(self) -> None:
        """Wait until the disk has it."""
        getattr(os, "fdatasync", os.fsync)(self._fd)

    def count(self) -> bool:
        """Count the lines of an adopted file; False if it ends in one that was cut off."""
        at = end = self.acknowledged
        while piece := os.pread(self._fd, READ_BYTES, at):
            found = piece.count(b"\n")
            if found:
                self.waiting += found
                end = at + piece.rindex(b"\n") + 1
            at += len(piece)
        self.size = end
        return at == end

    def lines(self, limit: int, max_bytes: int) -> tuple[list[bytes], list[int]]:
        """The oldest lines that are not settled, and the place behind each."""
        end = self.size
        wanted, piece = min(max_bytes, READ_BYTES), b""
        while not piece.endswith(b"\n"):
            at = self.acknowledged
            data = os.pread(self._fd, min(wanted, end - at), at)
            piece = data[: data.rfind(b"\n") + 1]
            if len(data) < wanted or at + len(data) >= end:
                break
            wanted *= 2
        lines = piece.split(b"\n", limit)[:limit] if piece else []
        if lines and not lines[-1] and piece.count(b"\n") < limit:
            lines.pop()
        ends: list[int] = []
        at = self.acknowledged
        for line in lines:
            at += len(line) + 1
            ends.append(at)
        return lines, ends

    def settle(self, end: int, count: int) -> None:
        """Note that the server has `count` more lines, up to `end`."""
        self.acknowledged = end
        self.waiting -= count
        if self._header_fd < 0:
            # Not the file's own descriptor: what goes through that one is appended.
            self._header_fd = os.open(self.path, os.O_WRONLY)
        os.pwrite(self._header_fd, _header(end), 0)

    def delete(self) -> None:
        """Be done with it."""
        _unlink(self.path)
        self.close()

    def close(self) -> None:
        """Let go of it: the next client to come takes it over."""
        for fd in (self._fd, self._header_fd):
            if fd >= 0:
                os.close(fd)
        self._fd = self._header_fd = -1


class Peek:
    """What a file of a journal holds, looked at without taking it over."""

    __slots__ = ("is_live", "made_at", "size", "waiting")

    def __init__(self, *, is_live: bool, made_at: float, size: int, waiting: int) -> None:
        self.is_live = is_live
        """Whether a running process owns it."""
        self.made_at = made_at
        """When it was last written to, in seconds since 1970."""
        self.size = size
        self.waiting = waiting
        """Events that are not acknowledged."""

    @classmethod
    def at(cls, path: str) -> Peek | None:
        """Look at a file; None if it is gone, or may not be read."""
        try:
            with open(path, "rb") as file:  # noqa: PTH123
                header = file.read(HEADER_BYTES)
                file.seek(_acknowledged(header))
                waiting = 0
                while piece := file.read(READ_BYTES):
                    waiting += piece.count(b"\n")
                about = os.fstat(file.fileno())
                return cls(
                    is_live=_is_locked(file.fileno()),
                    made_at=about.st_mtime,
                    size=about.st_size,
                    waiting=waiting,
                )
        except OSError:
            return None


def _is_locked(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    fcntl.flock(fd, fcntl.LOCK_UN)
    return False


def found(folder: str, *, owner: str) -> list[str]:
    """The owner's files, the oldest first."""
    return [f"{folder}/{name}" for name in sorted(_names(folder)) if is_of(name, owner)]


def tidy(folder: str, *, owner: str) -> None:
    """Delete the files of processes that died before they had written anything."""
    for name in _names(folder):
        path = f"{folder}/{name}"
        if not name.startswith(f".{owner}-"):
            continue
        with contextlib.suppress(FileNotFoundError):
            if time.time() - os.stat(path).st_mtime < LEFTOVER_SECONDS:  # noqa: PTH116
                continue  # somebody is about to make it
        leftover = Segment.adopt(path)
        if leftover is not None:
            leftover.delete()


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208  # names are all that is needed
    except FileNotFoundError:
        return []


def is_of(name: str, owner: str) -> bool:
    """Whether a file of that name is one of the owner's."""
    return name.startswith(f"{owner}-") and name.endswith(SUFFIX)


def is_event(line: bytes) -> bool:
    """Whether a line is whole: a machine that lost its power may leave anything."""
    try:
        return "sdk_event_id" in json.loads(line)
    except (ValueError, TypeError, RecursionError):
        return False


def _acknowledged(header: bytes) -> int:
    """What a header says; 0 if it cannot be read: all is sent once more, and stored once."""
    digits = header[len(MAGIC) :].strip()
    return int(digits) if header.startswith(MAGIC) and digits.isdigit() else 0


def _header(acknowledged: int) -> bytes:
    return b"%s%0*d\n" % (MAGIC, DIGITS, acknowledged)


def _unlink(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)  # noqa: PTH108


def _sync_folder(folder: str) -> None:
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
