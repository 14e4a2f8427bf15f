"""A file of prices and aliases: YAML or JSON, read without losing a digit."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final, cast

from .failures import CommandError

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES: Final = 5 * 1024 * 1024
PARTS: Final = ("prices", "aliases")


@dataclass(frozen=True, kw_only=True, slots=True)
class PriceFile:
    """What a file holds, as the API wants it; amounts are texts."""

    prices: list[Any]
    aliases: list[Any]


def read_price_file(path: Path) -> PriceFile:
    """Read a file.

    Raises:
        CommandError: It cannot be read, or is not `prices:` and `aliases:`.
    """
    try:
        data = path.read_bytes()
        text = data.decode()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"cannot read {path}: {error}") from error
    if len(data) > MAX_BYTES:
        raise CommandError(f"{path} is larger than {MAX_BYTES} bytes")
    document = _json(path, text) if path.suffix.lower() == ".json" else _yaml(path, text)
    found = _plain(document)
    if not isinstance(found, dict):
        raise CommandError(f"{path}: expected `prices:` and `aliases:`, lists of either")
    parts = cast("dict[str, Any]", found)
    for name, items in parts.items():
        if name not in PARTS:
            raise CommandError(f"{path}: unknown {name!r}; a file has {' and '.join(PARTS)}")
        if not isinstance(items, list):
            raise CommandError(f"{path}: {name} is a list")
    return PriceFile(prices=parts.get("prices", []), aliases=parts.get("aliases", []))


def _json(path: Path, text: str) -> object:
    try:
        return json.loads(text, parse_float=str, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise CommandError(f"{path} is not JSON: {error}") from error


def _yaml(path: Path, text: str) -> object:
    import yaml

    class Loader(yaml.SafeLoader):
        """The safe loader, with numbers kept as they are written.

        A float would round them, and an integer be read as YAML 1.1 has it: `010` as 8.
        """

        def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002
            """Read a mapping, in which nothing may stand twice."""
            construct = cast("Any", self).construct_object
            _once([(construct(key, deep=True), None) for key, _ in node.value])
            return super().construct_mapping(node, deep=deep)

    def as_written(loader: yaml.SafeLoader, node: Any) -> str:
        return str(loader.construct_scalar(node))

    for kind in ("float", "int"):
        Loader.add_constructor(f"tag:yaml.org,2002:{kind}", as_written)
    try:
        # The loader is the safe one: no tag makes it build anything but plain values.
        return yaml.load(text, Loader=Loader)  # noqa: S506
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise CommandError(f"{path} is not YAML: {error}") from error


def _once(pairs: list[tuple[Any, Any]]) -> dict[Any, Any]:
    """Return a mapping; of two prices for one kind, none may be dropped in silence."""
    found: dict[Any, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"{str(key)[:40]!r} stands twice in one place")
        found[key] = value
    return found


def _plain(value: object) -> object:
    """Return a document as JSON can say it; YAML has dates of its own."""
    if isinstance(value, dict):
        held = cast("dict[object, object]", value)
        return {str(key): _plain(each) for key, each in held.items()}
    if isinstance(value, list):
        return [_plain(each) for each in cast("list[object]", value)]
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if value is None or isinstance(value, str | bool | int):
        return value
    return str(value)
