"""The words in which SQL engines differ; every query is one text with these filled in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True, slots=True)
class Dialect:
    """How one engine says what the others say differently."""

    name: str
    parameter: str
    """A bound parameter called `{name}`."""
    any_of: str
    """Whether `{value}` is among the texts bound as `{name}`."""
    contains: str
    """Whether the text bound as `{name}` is part of `{text}`."""
    dimension: str
    """The custom dimension whose key is bound as `{name}`, as text."""
    number: str
    """That dimension as a double, of an event whose `number_keys` have the key."""
    json: str
    """The typed values in `{column}`, as JSON text."""
    row: str
    """What identifies a row within one query."""
    quantity: str
    """The number under the key bound as `{name}` in `{column}`, to 12 digits after the point."""
    unchecked_quantity: str
    """The same, NULL where it is no number; it takes ten times as long."""
    quantile: str
    """The quantile of the amounts `{value}` at `{fraction}`, between two where it falls there."""
    quantiles: str
    """The values of `{value}` at `{shares}` of the way through them, interpolated, as a list."""
    steps: str
    """How many of `{value}` are above one of the ascending `{edges}` and not above the next."""
    bit: str
    """The unsigned 64-bit number of which only bit `{number}`, from 0, is set."""
    any_bits: str
    """All bits that are set in any `{value}` of a group."""
    has_bit: str
    """Whether `{bit}` is set in `{bits}`."""
    slots: Mapping[str, str]
    """The start of the slot of UTC, by `Slot`, that an event's `ts` lies in."""

    def bind(self, name: str) -> str:
        """Return the placeholder of a parameter."""
        return self.parameter.format(name=name)


DUCKDB: Final = Dialect(
    name="duckdb",
    parameter="${name}",
    any_of="{value} IN (SELECT unnest(${name}::VARCHAR[]))",
    contains="contains({text}, ${name})",
    dimension="CAST(dims[${name}] AS VARCHAR)",
    number="TRY_CAST(dims[${name}] AS DOUBLE)",
    json="CAST(CAST({column} AS JSON) AS VARCHAR)",
    row="rowid",
    quantity="CAST({column}[${name}] AS DECIMAL(38, 12))",
    unchecked_quantity="TRY_CAST({column}[${name}] AS DECIMAL(38, 12))",
    # DuckDB multiplies by a double and cuts off; with six digits more, that is rounded away.
    quantile="CAST(quantile_cont(CAST({value} AS DECIMAL(38, 18)), {fraction}) AS DECIMAL(38, 12))",
    quantiles="quantile_cont({value}, [{shares}])",
    steps="map_values(histogram({value}, [{edges}]))",
    bit="CAST(1 AS UBIGINT) << CAST({number} AS UBIGINT)",
    any_bits="bit_or({value})",
    has_bit="({bits} & {bit}) <> 0",
    slots={
        "day": "date_trunc('day', ts)",
        "hour": "date_trunc('hour', ts)",
        "quarter": "time_bucket(INTERVAL '15 minutes', ts)",
        "second": "date_trunc('second', ts)",
    },
)
