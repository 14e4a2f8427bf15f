"""Answers as data frames. The columns follow from the models, so that an empty answer has them."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Context, Decimal
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from ..errors import InvalidRequestError, MissingExtraError
from ._rows import POINTS, model_of, parts, row_models, rows

if TYPE_CHECKING:
    import pandas as pd  # pyright: ignore[reportMissingTypeStubs]
    import polars as pl
    from pydantic import BaseModel

Money = Literal["decimal", "float"]
Kind = Literal["text", "whole", "fraction", "truth", "amount", "time", "day", "other"]

PANDAS_TYPES: dict[Kind, str] = {
    "text": "string",
    "whole": "Int64",
    "fraction": "float64",
    "truth": "boolean",
    "amount": "object",
    "time": "datetime64[us, UTC]",
    "day": "object",
    "other": "object",
}
AMOUNT_DIGITS = (38, 18)
"""Of an amount in polars: as many as it has, of which the ledger's amounts use 12 after the point.
An average, which may have more, is rounded there."""
_SMALLEST = Decimal(1).scaleb(-AMOUNT_DIGITS[1])
_EXACT = Context(prec=AMOUNT_DIGITS[0])

_KINDS: tuple[tuple[type, Kind], ...] = (
    (bool, "truth"),
    (Decimal, "amount"),
    (int, "whole"),
    (float, "fraction"),
    (str, "text"),
    (datetime, "time"),
    (date, "day"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """One column: its type, and where in a row's models its value is."""

    kind: Kind
    part: int
    path: tuple[str, ...]

    def value(self, row: "tuple[BaseModel, ...]") -> Any:
        """Its value in a row; None where a nested model is missing."""
        found: Any = row[self.part]
        for name in self.path:
            if found is None:
                return None
            found = getattr(found, name)
        return found


def columns(model: "type[BaseModel]") -> dict[str, Column]:
    """The columns of a model's rows, by name, in the order of its fields."""
    found: dict[str, Column] = {}
    for part, one in enumerate(row_models(model)):
        for path, kind in _paths(one):
            if path != (POINTS,) or kind != "other":
                found[".".join(path)] = Column(kind=kind, part=part, path=path)
    return found


def _paths(
    model: "type[BaseModel]", before: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Kind]]:
    for name, field in model.model_fields.items():
        nested = model_of(field.annotation)
        if nested is None:
            yield (*before, name), kind_of(field.annotation)
        else:
            yield from _paths(nested, (*before, name))


def kind_of(annotation: Any) -> Kind:
    """The type of the column that a field becomes."""
    choices = parts(annotation)
    if choices and all(get_origin(choice) is Literal for choice in choices):
        return "text"
    for plain, kind in _KINDS:
        if plain in choices and all(isinstance(choice, type) for choice in choices):
            return kind
    return "other"


def to_pandas(answer: "BaseModel", money: Money) -> "pd.DataFrame":
    """The rows of an answer in pandas."""
    _checked(money)
    pandas = _library("pandas")
    types = {**PANDAS_TYPES, "amount": "object" if money == "decimal" else "float64"}
    lines = rows(answer)
    series = {
        name: pandas.Series(_values(column, lines, money), dtype=types[column.kind])
        for name, column in columns(type(answer)).items()
    }
    return pandas.DataFrame(series)


def to_polars(answer: "BaseModel", money: Money) -> "pl.DataFrame":
    """The rows of an answer in polars."""
    _checked(money)
    polars = _library("polars")
    types: dict[Kind, Any] = {
        "text": polars.String,
        "whole": polars.Int64,
        "fraction": polars.Float64,
        "truth": polars.Boolean,
        "amount": polars.Decimal(*AMOUNT_DIGITS) if money == "decimal" else polars.Float64,
        "time": polars.Datetime("us", "UTC"),
        "day": polars.Date,
        "other": polars.String,
    }
    lines = rows(answer)
    found = columns(type(answer))
    data: dict[str, list[Any]] = {}
    for name, column in found.items():
        values = _values(column, lines, money)
        if column.kind == "other":
            values = _each(values, lambda value: json.dumps(value, default=_plain))
        elif column.kind == "amount" and money == "decimal":
            values = _each(values, _rounded)
        data[name] = values
    return polars.DataFrame(data, schema={name: types[one.kind] for name, one in found.items()})


def _values(column: Column, lines: "list[tuple[BaseModel, ...]]", money: Money) -> list[Any]:
    values = [column.value(line) for line in lines]
    return _each(values, float) if column.kind == "amount" and money == "float" else values


def _each(values: list[Any], make: Callable[[Any], Any]) -> list[Any]:
    return [None if value is None else make(value) for value in values]


def _rounded(amount: Decimal) -> Decimal:
    exponent = amount.as_tuple().exponent
    finer = isinstance(exponent, int) and exponent < -AMOUNT_DIGITS[1]
    return amount.quantize(_SMALLEST, context=_EXACT) if finer else amount


def _plain(value: Any) -> Any:
    return value.model_dump() if hasattr(value, "model_dump") else str(value)


def _checked(money: str) -> None:
    if money not in get_args(Money):
        raise InvalidRequestError(f"money is {money!r}; it is 'decimal' or 'float'.")


def _library(name: Literal["pandas", "polars"]) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise MissingExtraError(
            f'{name} is not installed, which data frames need: pip install "bearlumen-core[{name}]"'
        ) from error
