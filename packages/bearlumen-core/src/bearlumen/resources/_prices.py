"""Prices as they are set: what the sync and the async resource share."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, NotRequired, Required, TypedDict

from .. import _query, _wire
from ..errors import InvalidRequestError
from ._paths import at

Amounts = Mapping[str, Decimal | str | int]
"""USD by name. Not floats: they cannot hold every amount."""


class OwnPrice(TypedDict, total=False):
    """An own price. It needs prices, units, tools or a discount."""

    model: Required[str]
    """The model id as events have it; `*` stands for any characters."""
    provider: NotRequired[str | None]
    """None is any."""
    service_tier: NotRequired[str | None]
    """Only for calls of this tier; `standard` is ordinary service. None is any."""
    batch: NotRequired[bool | None]
    """Only for calls in a batch, or only for those that are not. None is any."""
    prices: NotRequired[Amounts]
    """USD for 1,000,000 tokens, by kind: `input_tokens`, `output_tokens`, `cache_read_tokens`, …"""
    units: NotRequired[Amounts]
    """USD for one unit: `characters`, `images`, `seconds`, or any of your own."""
    tools: NotRequired[Amounts]
    """USD for one call of a billed tool: `web_search`, …"""
    discount_percent: NotRequired[Decimal | str | int | None]
    """Off the catalogue's prices of everything that has no own price."""
    effective_from: NotRequired[date | datetime | str | None]
    """The day, from its start in UTC, or the instant from which it holds. None is since ever."""
    note: NotRequired[str | None]


_AMOUNTS = ("prices", "units", "tools")


def to_wire(price: OwnPrice | Mapping[str, Any]) -> dict[str, Any]:
    """The price as the contract writes it.

    Raises:
        TypeError: There is no such field, or the model is missing.
        InvalidRequestError: An amount is a float or no number, or a time has no time zone.
    """
    unknown = price.keys() - OwnPrice.__annotations__.keys()
    if unknown:
        raise TypeError(f"unexpected field {min(unknown)!r} of a price")
    if "model" not in price:
        raise TypeError("a price lacks 'model'")
    return {
        _wire.camel(name): _value(name, value) for name, value in price.items() if value is not None
    }


def _value(name: str, value: Any) -> Any:
    if name in _AMOUNTS:
        amounts: Mapping[str, Any] = value
        return {key: _amount(f"{name}[{key!r}]", each) for key, each in amounts.items()}
    if name == "discount_percent":
        return _amount(name, value)
    if isinstance(value, datetime) and value.tzinfo is None:
        raise InvalidRequestError(f"{name} is {value!r} without a time zone.")
    return value.isoformat() if isinstance(value, date) else value


def recost_body(
    window: Mapping[str, str], filters: Mapping[str, Any], *, dry_run: bool
) -> dict[str, Any]:
    """The body that asks for a re-cost."""
    body: dict[str, Any] = {_wire.camel(name): value for name, value in window.items()}
    chosen: dict[str, list[str]] = {}
    for name, value in _query.parameters(filters):
        if name == "timezone":
            body[name] = value
        else:
            chosen.setdefault(name, []).append(value)
    return {**body, "filters": chosen, "dryRun": dry_run}


def path(*parts: str) -> str:
    """A path whose later parts came from a caller.

    Raises:
        InvalidRequestError: A part is empty.
    """
    found, *rest = parts
    for part in rest:
        found = at(found, "the id", part)
    return found


def _amount(name: str, value: Any) -> str:
    if isinstance(value, bool | float):
        raise InvalidRequestError(
            f"{name} is {value!r}; it is a decimal of USD, such as Decimal('{value}')."
        )
    try:
        return format(Decimal(value), "f")
    except (InvalidOperation, TypeError, ValueError):
        raise InvalidRequestError(f"{name} is {value!r}; it is a decimal.") from None
