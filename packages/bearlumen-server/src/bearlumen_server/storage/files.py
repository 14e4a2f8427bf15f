"""Arrow batches to Parquet or NDJSON and back, one batch in memory at a time."""

from __future__ import annotations

import importlib
import io
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Literal

from .arrow import pa

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator
    from pathlib import Path

Format = Literal["parquet", "ndjson"]
FORMATS: Final[tuple[Format, ...]] = ("parquet", "ndjson")

LINE: Final = "line"
"""The one column of a batch of NDJSON."""

# Only who writes or reads a file waits for it.
_PARQUET: Final = "pyarrow.parquet"


class _Sink(io.RawIOBase):
    """What was written since it was last taken."""

    def __init__(self) -> None:
        super().__init__()
        self._chunks: list[bytes] = []
        self._position = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def write(self, data: Any) -> int:
        chunk = bytes(data)
        self._chunks.append(chunk)
        self._position += len(chunk)
        return len(chunk)

    def take(self) -> bytes:
        taken = b"".join(self._chunks)
        self._chunks.clear()
        return taken


def to_parquet(batches: Iterator[Any]) -> Generator[bytes]:
    """Encode a schema and its record batches; each batch becomes a row group."""
    sink = _Sink()
    parquet: Any = importlib.import_module(_PARQUET)
    with parquet.ParquetWriter(sink, next(batches), compression="zstd") as writer:
        for batch in batches:
            if batch.num_rows:
                writer.write_batch(batch)
                yield sink.take()
    yield sink.take()


def to_ndjson(batches: Iterator[Any]) -> Generator[bytes]:
    """Encode a schema of one text column, and its record batches: a line a row."""
    next(batches)
    for batch in batches:
        if batch.num_rows:
            yield ("\n".join(batch.column(0).to_pylist()) + "\n").encode()


def from_parquet(path: Path, *, size: int) -> Generator[Any]:
    """Read tables of at most `size` rows."""
    parquet: Any = importlib.import_module(_PARQUET)
    with parquet.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=size):
            yield pa.Table.from_batches([batch])


def from_ndjson(path: Path, *, size: int) -> Generator[Any]:
    """Read tables of at most `size` lines, in the column `LINE`; an empty line is none."""
    with path.open("rb") as file:
        lines: Iterable[str] = (each.decode() for each in file if not each.isspace())
        while chunk := list(islice(lines, size)):
            yield pa.table({LINE: pa.array(chunk, pa.string())})


def count_rows(path: Path, encoding: Format) -> int:
    """Return how many rows a file has."""
    if encoding == "ndjson":
        with path.open("rb") as file:
            return sum(1 for line in file if not line.isspace())
    parquet: Any = importlib.import_module(_PARQUET)
    with parquet.ParquetFile(path) as file:  # its footer says
        return file.metadata.num_rows
