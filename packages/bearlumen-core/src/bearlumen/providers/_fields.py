"""Read a field of whatever a provider hands out: a mapping, an SDK's model, any other object.

An SDK's model keeps its fields in a mapping of its own. Reading them there is several times faster
than by attribute, never runs the SDK's code, and a field that is not there costs nothing.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable, Mapping
from typing import Any, Final

Fields = Mapping[str, Any]
MAX_REMEMBERED_TYPES: Final = 4_096
_EMPTY: Final[Fields] = {}


class _Attributes(dict[str, Any]):
    """The fields of an object that is neither a mapping nor a model: its attributes."""

    def __init__(self, value: object) -> None:
        super().__init__()
        self._value = value

    def get(self, name: str, default: Any = None) -> Any:
        # An attribute can be a property of somebody else's that raises; then it has no value.
        try:
            return getattr(self._value, name, default)
        except Exception:  # noqa: BLE001  # not ours, and there is nothing to report: it is absent
            return default


def _of_mapping(value: Any) -> Fields:
    return value


def _of_model(value: Any) -> Fields:
    extra = value.__pydantic_extra__
    return {**extra, **value.__dict__} if extra else value.__dict__


def _of_dict_and_object(value: Any) -> Fields:
    # Hugging Face's classes are both, and the object knows fields that the dict does not.
    return {**value, **vars(value)}


def _of_message(value: Any) -> Fields:
    # A protobuf message answers 0 for a number that was never set.
    return {field.name: found for field, found in value.ListFields()}


def _of_text(_value: Any) -> Fields:
    return _EMPTY


_readers: dict[Any, Callable[[Any], Fields]] = {
    dict: _of_mapping,
    str: _of_text,
    int: _of_text,
    float: _of_text,
    bool: _of_text,
    bytes: _of_text,
    list: _of_text,
}


models: Final[set[Any]] = set()
"""The classes among them of pydantic models, of version 2."""

_fleeting: weakref.WeakKeyDictionary[Any, Callable[[Any], Fields]] = weakref.WeakKeyDictionary()


def is_lasting(kind: type[object]) -> bool:
    """Whether a class lives as long as its module: one made on the way must not be kept alive."""
    module = sys.modules.get(kind.__module__)
    return getattr(module, kind.__name__, None) is kind


def is_model(kind: type[object]) -> bool:
    """Whether objects of this type are pydantic models, of version 2."""
    return kind in models or (_readers.get(kind) or _learn(kind)) is _of_model


def fields_of(value: Any) -> Fields:
    """The fields of `value` by name; `get` gives None for one that is not there."""
    kind: Any = type(value)  # pyright: ignore[reportUnknownVariableType]
    if kind in models and not value.__pydantic_extra__:
        return value.__dict__
    return (_readers.get(kind) or _learn(kind))(value)


def has_extras(value: Any) -> bool:
    """Whether `value` may have fields beyond those its SDK declares; a mapping always may."""
    kind: Any = type(value)  # pyright: ignore[reportUnknownVariableType]
    return not is_model(kind) or bool(value.__pydantic_extra__)


def _learn(kind: type[object]) -> Callable[[Any], Fields]:
    known = _fleeting.get(kind)
    if known is not None:
        return known
    reader: Callable[[Any], Fields]
    both = hasattr(kind, "__dataclass_fields__")
    if issubclass(kind, dict):
        reader = _of_dict_and_object if both else _of_mapping
    elif hasattr(kind, "__pydantic_fields__") and hasattr(kind, "__pydantic_extra__"):
        reader = _of_model
    elif hasattr(kind, "ListFields") and hasattr(kind, "DESCRIPTOR"):
        reader = _of_message
    else:
        reader = _Attributes
    if not is_lasting(kind):  # pyright: ignore[reportUnknownArgumentType]
        _fleeting[kind] = reader
    elif len(_readers) < MAX_REMEMBERED_TYPES:
        _readers[kind] = reader
        if reader is _of_model:
            models.add(kind)
    return reader
