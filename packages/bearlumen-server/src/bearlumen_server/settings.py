"""Every setting of the server, declared once, read from the environment into one frozen object."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

ENVIRONMENT_PREFIX: Final = "BEAR_LUMEN_"
DEFAULT_ORGANIZATION: Final = "default"
"""The organisation of the first key, where nobody named one."""


class SettingsError(ValueError):
    """An environment variable holds something its setting cannot be."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What a server is started with; `BEAR_LUMEN_<NAME>` sets each field."""

    host: str = "127.0.0.1"
    """Address to listen on."""
    port: int = 8787
    """TCP port to listen on; 0 picks a free one."""
    database: Path = Path("bearlumen.duckdb")
    """The DuckDB file; made when missing."""
    max_waiting_events: int = 100_000
    """Events that may wait for the writer before ingest answers 429."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Read `BEAR_LUMEN_HOST`, `BEAR_LUMEN_PORT` and so on; what is not set keeps its default.

        Raises:
            SettingsError: A number is not a number, with the variable named.
        """
        source = os.environ if environment is None else environment
        given: dict[str, Any] = {}
        for each in fields(cls):
            name = ENVIRONMENT_PREFIX + each.name.upper()
            text = source.get(name)
            if not text:
                continue
            try:
                given[each.name] = type(each.default)(text)
            except ValueError as error:
                kind = type(each.default).__name__
                raise SettingsError(f"{name} is {text[:40]!r}, expected {kind}") from error
        return cls(**given)
