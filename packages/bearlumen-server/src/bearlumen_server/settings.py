"""Every setting of the server, declared once.

The environment variable, the key of the configuration file, the option of `bearlumen serve` and the
table in docs/operations.md all follow from the declaration.
"""

from __future__ import annotations

import math
import os
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

ENVIRONMENT_PREFIX: Final = "BEAR_LUMEN_"
CONFIG_VARIABLE: Final = "BEAR_LUMEN_CONFIG"
"""Names the configuration file."""
DEFAULT_ORGANIZATION: Final = "default"
"""The organisation of the first key, where nobody named one."""

DEFAULT_DATABASE: Final = Path("bearlumen.duckdb")
MEMORY_MEGABYTES: Final = 2048
"""Six times what the benchmark's questions over 10 M events take together (330 MB), and not all
there is: DuckDB's own default is 80 % of the machine's memory, which it keeps once it has it."""
SPILL_MEGABYTES: Final = 10_240
LEAST_MEMORY_MEGABYTES: Final = 256
"""With which a ledger of 10 M events still answered all the benchmark asks, and took events."""

_WORDS: Final = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


class SettingsError(ValueError):
    """A setting holds something it cannot be; the message is one line that says where."""


def setting(
    default: Any, text: str, *, choices: tuple[str, ...] = (), least: float | None = None
) -> Any:
    """Declare a setting.

    Args:
        default: Its value where nobody gives one; its type is the setting's.
        text: What it is, with its unit.
        choices: Every value it may have, for one that is a word.
        least: The smallest value it may have, for one that is a number; 0 if left out.
    """
    return field(default=default, metadata={"text": text, "choices": choices, "least": least})


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What a server is started with."""

    host: str = setting("127.0.0.1", "Address to listen on.")
    port: int = setting(8787, "TCP port to listen on; 0 picks a free one.", least=0)
    database: Path = setting(  # noqa: RUF009  # a field, as its type checker cannot tell
        DEFAULT_DATABASE, "The DuckDB file; made when missing."
    )
    memory_megabytes: int = setting(
        MEMORY_MEGABYTES,
        "MB that the engine may take for data and questions, beside about 200 for the server.",
        least=LEAST_MEMORY_MEGABYTES,
    )
    spill_megabytes: int = setting(
        SPILL_MEGABYTES,
        "MB of disk for questions that need more memory than that, in a directory beside the file.",
        least=0,
    )
    max_waiting_events: int = setting(
        100_000, "Events that may wait for the writer before ingest answers 429.", least=1
    )
    retention_days: int = setting(
        0,
        "Days after which events are removed, by the time of their call; 0 keeps them for ever.",
        least=0,
    )
    rate_limit_requests: float = setting(
        0.0,
        "Requests a second that one key may make on average, ingest aside; 0 for any number.",
        least=0,
    )
    rate_limit_events: float = setting(
        0.0, "Usage events a second that one key may send on average; 0 for any number.", least=0
    )
    metrics: bool = setting(default=True, text="Whether `/metrics` is served.")
    access_log: bool = setting(default=False, text="Whether each request is a line of the log.")
    log_format: str = setting("text", "How a line of the log is written.", choices=("text", "json"))
    log_level: str = setting(
        "info",
        "The least a line of the log is about.",
        choices=("debug", "info", "warning", "error"),
    )
    shutdown_delay: float = setting(
        0.0,
        "Seconds from being told to stop to refusing connections; `/readyz` says 503 meanwhile.",
        least=0,
    )
    shutdown_seconds: int = setting(
        5, "Seconds that requests under way have to end when the server stops.", least=1
    )

    @classmethod
    def load(
        cls,
        given: Mapping[str, Any] | None = None,
        *,
        environment: Mapping[str, str] | None = None,
        file: Path | None = None,
    ) -> Self:
        """Return the settings: those given, else the environment's, else the file's, else defaults.

        Args:
            given: Values by name, None for one that was not given.
            environment: Where `BEAR_LUMEN_<NAME>` is looked up; None for that of this process.
            file: A TOML file with a key a setting; None for the one `BEAR_LUMEN_CONFIG` names.

        Raises:
            SettingsError: A value cannot be what its setting is, or the file knows another key.
        """
        variables = os.environ if environment is None else environment
        named = variables.get(CONFIG_VARIABLE)
        path = file or (Path(named) if named else None)
        values = _from_file(path) if path else {}
        for each in DECLARED.values():
            if text := variables.get(each.variable):
                values[each.name] = each.read(text, each.variable)
        for name, value in (given or {}).items():
            if value is not None:
                values[name] = DECLARED[name].read(value, DECLARED[name].option)
        return cls(**values)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Return the settings of the environment and of the file it names."""
        return cls.load(environment=environment)


@dataclass(frozen=True, kw_only=True, slots=True)
class Declared:
    """What is known about a setting."""

    name: str
    default: Any
    text: str
    choices: tuple[str, ...]
    least: float | None

    @property
    def variable(self) -> str:
        """The environment variable."""
        return ENVIRONMENT_PREFIX + self.name.upper()

    @property
    def option(self) -> str:
        """The option of `bearlumen serve`."""
        return "--" + self.name.replace("_", "-")

    @property
    def kind(self) -> type[Any]:
        """What a value is."""
        return cast("type[Any]", type(self.default))

    def read(self, value: object, where: str) -> Any:
        """Return a value as what it is.

        Args:
            value: A text, or what TOML made of one.
            where: What to name when it cannot be.

        Raises:
            SettingsError: It cannot.
        """
        try:
            found = self._read(value)
        except (ValueError, TypeError, KeyError) as error:
            raise SettingsError(
                f"{where} is {str(value)[:40]!r}, expected {self._expected}"
            ) from error
        return found

    def _read(self, value: object) -> Any:
        if self.kind is bool:
            return value if isinstance(value, bool) else _WORDS[_text(value).lower()]
        if self.kind in (int, float):
            return self._number(value)
        found = self.kind(_text(value))
        if self.choices and found not in self.choices:
            raise ValueError
        return found

    def _number(self, value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise TypeError
        found = int(value) if self.kind is int else float(value)
        is_cut = isinstance(value, float) and found != value
        if is_cut or not (self.least or 0) <= found < math.inf:
            raise ValueError
        return found

    @property
    def _expected(self) -> str:
        if self.kind is bool:
            return "true or false"
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        least = f" of at least {self.least:g}" if self.least is not None else ""
        return f"{'number' if self.kind is float else self.kind.__name__}{least}"


def _text(value: object) -> str:
    if isinstance(value, str | Path):
        return str(value)
    raise TypeError


def _from_file(path: Path) -> dict[str, Any]:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"cannot read {path}: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not TOML: {error}") from error
    for name in document:
        if name not in DECLARED:
            raise SettingsError(
                f"{path}: unknown setting {name!r}; there are {', '.join(DECLARED)}"
            )
    return {
        name: DECLARED[name].read(cast("object", value), f"{name} in {path}")
        for name, value in document.items()
    }


DECLARED: Final = {
    each.name: Declared(name=each.name, default=each.default, **each.metadata)
    for each in fields(Settings)
}
"""Every setting, by name."""
