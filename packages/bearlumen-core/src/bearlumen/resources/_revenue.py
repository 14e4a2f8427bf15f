"""Revenue as it is reported: what the sync and the async resource share."""

from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, NotRequired, Required, TypedDict

from .. import _wire
from ..errors import InvalidRequestError


class ReportedRevenue(TypedDict, total=False):
    """One payment, or one period of a subscription."""

    revenue_id: Required[str]
    """Your id of it, such as an invoice line's. Reported again, it is not counted again."""
    external_id: Required[str]
    """The end user who pays."""
    amount: Required[Decimal | str | int]
    """In `currency`. Not a float: it cannot hold every amount of cents."""
    currency: NotRequired[str]
    """`USD`, which is also what is meant when it is left out."""
    occurred_at: NotRequired[datetime]
    """When it was paid, aware. This, or a period."""
    period_start: NotRequired[date]
    """First day of the period that the amount is spread over evenly."""
    period_end: NotRequired[date]
    """Last day of the period, included."""


def to_wire(revenue: ReportedRevenue) -> dict[str, Any]:
    """The report as the contract writes it.

    Raises:
        TypeError: There is no such field, or one is missing.
        InvalidRequestError: The amount is a float or no number, or a time has no time zone.
    """
    unknown = revenue.keys() - ReportedRevenue.__annotations__.keys()
    if unknown:
        raise TypeError(f"unexpected field {min(unknown)!r} of revenue")
    missing = ReportedRevenue.__required_keys__ - revenue.keys()
    if missing:
        raise TypeError(f"revenue lacks {min(missing)!r}")
    amount: Any = revenue["amount"]
    if isinstance(amount, float):
        raise InvalidRequestError(
            f"amount is the float {amount!r}, which cannot hold every amount of cents; "
            f"use Decimal('{amount!r}')."
        )
    try:
        wire: dict[str, Any] = {"amount": format(Decimal(amount), "f")}
    except (InvalidOperation, TypeError, ValueError):
        raise InvalidRequestError(f"amount is {amount!r}; it is a decimal of USD.") from None
    for name, value in revenue.items():
        if isinstance(value, datetime) and value.tzinfo is None:
            raise InvalidRequestError(f"{name} is {value!r} without a time zone.")
        if name != "amount" and value is not None:
            wire[_wire.camel(name)] = value.isoformat() if isinstance(value, date) else str(value)
    return wire
