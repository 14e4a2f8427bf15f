"""What a call's arguments say of whom and what it is for."""

from __future__ import annotations

import functools
import inspect
import uuid
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypedDict, cast

from ._context import OPTION_OF, LabelValue, Text, read_scope, text_of
from ._options import clean_dimensions
from .errors import InvalidRequestError

if TYPE_CHECKING:
    from ._guard import Guard

Calls = tuple[Any, ...]
Options = Mapping[str, Any]
FromArguments = str | Callable[..., Text]
"""A parameter's name, or a function that is called with the arguments of each call."""


class ScopedOptions(TypedDict, total=False):
    """Whom and what the calls of a decorated function are for, beside its own label."""

    end_user: FromArguments
    """The parameter that holds your customer's id, or a function of the arguments."""
    session: FromArguments
    """The same for the conversation or job."""
    feature: LabelValue
    """A capability of your product."""
    agent: LabelValue
    """A named actor."""
    workflow: LabelValue
    """A named flow."""
    session_type: LabelValue
    """What kind of session."""
    dimensions: Mapping[str, str | int | float | bool] | Callable[..., Mapping[str, Any]]
    """Your own keys to group by, or a function of the arguments."""


_FROM_ARGUMENTS: Final = ("end_user", "session")
_VARIADIC: Final = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
_NOWHERE: Final = 1 << 30
"""The position of a parameter that has none."""


def labels_of(
    function: Any, *, label: str, name: str, options: Options, guard: Guard
) -> Callable[[Calls, dict[str, Any]], dict[str, Any]]:
    """What reads the labels of a call from its arguments."""
    fixed = {key: value for key, value in options.items() if key not in _FROM_ARGUMENTS}
    dimensions: Callable[..., Any] | None = None
    if callable(fixed.get("dimensions")):
        dimensions = fixed.pop("dimensions")
    labels = read_scope({label: name, **{k: v for k, v in fixed.items() if v is not None}}, guard)
    readers: dict[str, Callable[[Calls, dict[str, Any]], Any]] = {}
    for key in _FROM_ARGUMENTS:
        source = options.get(key)
        if source is not None:
            readers[key] = _argument(function, key, source)
    if label == "session_type" and "session" not in readers:
        # A session of its own for each call.
        readers["session"] = lambda _args, _kwargs: uuid.uuid4().hex

    def read(args: Calls, kwargs: dict[str, Any]) -> dict[str, Any]:
        found = dict(labels)
        for key, reader in readers.items():
            found[OPTION_OF[key]] = None  # whatever goes wrong, it is not that of an outer scope
            with guard(f"reading the {key} of a decorated function"):
                found[OPTION_OF[key]] = text_of(key, reader(args, kwargs), guard)
        if dimensions is not None:
            with guard("reading the dimensions of a decorated function"):
                found["dimensions"] = clean_dimensions(dimensions(*args, **kwargs), guard)
        return found

    return read if readers or dimensions is not None else lambda _args, _kwargs: labels


def _argument(
    function: Any, option: str, source: FromArguments
) -> Callable[[Calls, dict[str, Any]], Any]:
    if callable(source):
        return lambda args, kwargs: source(*args, **kwargs)
    try:
        # What a decorator below it passes on, and in which place, only that decorator knows.
        parameters = [*inspect.signature(function, follow_wrapped=False).parameters.values()]
    except (TypeError, ValueError):  # a builtin, which does not say
        parameters = []
    names = [parameter.name for parameter in parameters]
    if source not in names or parameters[names.index(source)].kind in _VARIADIC:
        if not any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters):
            raise InvalidRequestError(
                f"{option}={source!r}: {name_of(function)} has no parameter of that name (it has "
                f"{', '.join(names) or 'none'}). Name one, or pass a function of the arguments."
            )
        return _keyword(function, option, source)
    position = names.index(source)
    parameter = parameters[position]
    if parameter.kind is inspect.Parameter.KEYWORD_ONLY:
        position = _NOWHERE
    default = None if parameter.default is inspect.Parameter.empty else parameter.default

    def read(args: Calls, kwargs: dict[str, Any]) -> Any:
        return args[position] if len(args) > position else kwargs.get(source, default)

    return read


def _keyword(function: Any, option: str, source: str) -> Callable[[Calls, dict[str, Any]], Any]:
    """Of a function that takes any: what was passed by name."""
    told = inspect.signature(function).parameters.get(source)
    is_behind = told is not None and told.kind not in _VARIADIC

    def read(_args: Calls, kwargs: dict[str, Any]) -> Any:
        if source not in kwargs and is_behind:
            raise InvalidRequestError(
                f"{option}={source!r}: {name_of(function)} has another decorator below, so that "
                "its place is not known. Pass it by name, or put the other decorator above."
            )
        return kwargs.get(source)

    return read


def name_of(function: Any) -> str:
    while isinstance(function, functools.partial):
        function = cast("Any", function).func
    return getattr(function, "__name__", type(function).__name__)
