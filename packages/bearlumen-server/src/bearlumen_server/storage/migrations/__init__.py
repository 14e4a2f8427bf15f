"""The schema, as numbered SQL files: `0001_<what>.sql` brings an empty file to version 1."""

from __future__ import annotations

from functools import cache
from importlib import resources


@cache
def migrations() -> tuple[tuple[int, str], ...]:
    """Return every migration as (version, SQL), in order."""
    files = (each for each in resources.files(__name__).iterdir() if each.name.endswith(".sql"))
    return tuple(sorted((int(each.name[:4]), each.read_text(encoding="utf-8")) for each in files))
