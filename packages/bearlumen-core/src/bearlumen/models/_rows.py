"""Which part of an answer its rows are: one an item, or one a point of a series."""

import types
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Union, cast, get_args, get_origin

from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Sequence

POINTS = "points"
"""The field of an item that makes it a series: its points are the rows."""


def parts(annotation: Any) -> list[Any]:
    """The types that a field's value may have, without None."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return parts(get_args(annotation)[0])
    if origin is Union or origin is types.UnionType:
        return [part for one in get_args(annotation) for part in parts(one)]
    return [] if annotation is type(None) else [annotation]


def model_of(annotation: Any) -> type[BaseModel] | None:
    """The model that a field's value is, if it is one."""
    for part in parts(annotation):
        if isinstance(part, type) and issubclass(part, BaseModel):
            return part
    return None


def listed(annotation: Any) -> type[BaseModel] | None:
    """The model that a field lists, if it lists one."""
    for part in parts(annotation):
        if get_origin(part) in {list, tuple}:
            return model_of(get_args(part)[0])
    return None


@cache
def rows_field(model: type[BaseModel]) -> str | None:
    """The field whose items are the rows: the one the model names, or its only list of models."""
    named: str | None = getattr(model, "rows_field", None)
    if named is not None:
        return named
    lists = [name for name, field in model.model_fields.items() if listed(field.annotation)]
    return lists[0] if len(lists) == 1 else None


@cache
def row_models(model: type[BaseModel]) -> tuple[type[BaseModel], ...]:
    """The models whose fields a row has: the item's, or the series' and the point's."""
    field = rows_field(model)
    if field is None:
        return (model,)
    item = listed(model.model_fields[field].annotation)
    if item is None:
        raise TypeError(f"{model.__name__}.{field} is no list of models")
    points = item.model_fields.get(POINTS)
    point = None if points is None else listed(points.annotation)
    return (item,) if point is None else (item, point)


def rows(answer: BaseModel) -> list[tuple[BaseModel, ...]]:
    """The rows, each as the models that it is made of, as `row_models` lists them."""
    model = type(answer)
    field = rows_field(model)
    if field is None:
        return [(answer,)]
    items = cast("Sequence[BaseModel]", getattr(answer, field) or ())
    if len(row_models(model)) == 1:
        return [(item,) for item in items]
    return [(item, point) for item in items for point in getattr(item, POINTS)]


def dicts(answer: BaseModel) -> list[dict[str, Any]]:
    """The rows as plain values; where a series and its point have the same field, the point's."""
    if len(row_models(type(answer))) == 1:
        return [row.model_dump() for (row,) in rows(answer)]
    return [
        {**series.model_dump(exclude={POINTS}), **point.model_dump()}
        for series, point in rows(answer)
    ]
