"""Columns of `events` that follow from its others: which keys there are.

They are made in Python of an event that comes, and in SQL of one that is here already.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

_ESCAPE: Final = re.compile(r"\\(?:u([0-9a-f]{4})|.)")

_ARRAY: Final = "nullif(CAST(to_json({keys}) AS VARCHAR), '[]')"
_LINES: Final = (
    "chr(10) || nullif(array_to_string([to_json(name) FOR name IN {keys}], chr(10)), '')"
)
DERIVED: Final = {
    "dim_keys": _ARRAY.format(keys="list_sort(json_keys({dims}))"),
    "metric_keys": _ARRAY.format(
        keys="""list_sort(list_concat(
            [concat('usage.', name) FOR name IN json_keys({details}) IF suffix(name, '_tokens')],
            [concat('tool_calls.', name)
             FOR name IN coalesce(json_keys({details}, '$.tool_calls'), [])],
            [concat('units.', name) FOR name IN json_keys({units})]))"""
    ),
    "number_keys": _LINES.format(
        keys="""list_sort(
            [entry.key FOR entry IN map_entries(CAST({dims} AS MAP(VARCHAR, JSON)))
             IF json_type(entry.value) NOT IN ('VARCHAR', 'BOOLEAN', 'NULL')])"""
    )
    + " || chr(10)",
}
"""Column to SQL of it, over what `dims`, `details` and `units` have as JSON."""
_AS_JSON: Final = 'CAST(CAST("{name}" AS VARCHAR) AS JSON)'
_SOURCES: Final = {name: _AS_JSON.format(name=name) for name in ("dims", "details", "units")}


def missing(table: str, columns: Collection[str]) -> dict[str, str]:
    """Return what rows of an earlier version lack, who have only `columns`, and SQL of it."""
    if table != "events":
        return {}
    return {name: sql.format(**_SOURCES) for name, sql in DERIVED.items() if name not in columns}


def json_array(keys: Sequence[str]) -> str:
    """Return keys as the engine writes a JSON array of them."""
    return _engine_json(list(keys))


def json_lines(keys: Sequence[str]) -> str:
    r"""Return each key as a JSON string in a line of its own, all between two `\n`.

    A key is one of them exactly where `json_lines([key])` is part of the text.
    """
    return "".join(["\n", *(f"{_engine_json(key)}\n" for key in keys)])


def _engine_json(value: str | list[str]) -> str:
    """Return JSON to the letter as the engine writes it, where hex digits are capitals."""
    text = msgspec.json.encode(value).decode()
    return _ESCAPE.sub(_capitals, text) if "\\u" in text else text


def _capitals(escape: re.Match[str]) -> str:
    return f"\\u{escape[1].upper()}" if escape[1] else escape[0]
