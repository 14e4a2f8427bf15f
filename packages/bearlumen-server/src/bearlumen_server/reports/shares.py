"""Percentages of one whole that add up to exactly 100."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

PERCENT_DIGITS: Final = 4
_UNITS: Final = 100 * 10**PERCENT_DIGITS


def shares(parts: Sequence[Decimal]) -> list[Decimal]:
    """Return each part's percentage of their sum, to `PERCENT_DIGITS` digits.

    The units that rounding down leaves over go to the largest remainders, so the answer adds up to
    100. Where the sum is 0 there is nothing to share and every percentage is 0.
    """
    whole = sum(parts, Decimal(0))
    if whole == 0:
        return [Decimal(0)] * len(parts)
    # As integers: a Decimal division would round, and could round up.
    scale = 10 ** max(0, *(-_exponent(part) for part in parts))
    counts = [int(part * scale) for part in parts]
    total = sum(counts)
    units = [count * _UNITS // total for count in counts]
    remainders = [count * _UNITS % total for count in counts]
    by_remainder = sorted(range(len(parts)), key=lambda n: -remainders[n])
    for position in by_remainder[: _UNITS - sum(units)]:
        units[position] += 1
    return [Decimal(each).scaleb(-PERCENT_DIGITS) for each in units]


def _exponent(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0
