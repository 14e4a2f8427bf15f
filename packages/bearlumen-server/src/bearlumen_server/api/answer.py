"""Answers as JSON.

Money is a JSON string holding a plain decimal without trailing zeros ("0.0012345", "12", "0"): a
number would pass through a double in most clients. Percentages are numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from decimal import Decimal

    from .params import Page

_ENCODER: Final = msgspec.json.Encoder()


def answer(
    content: Any, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return `content` as a JSON response."""
    return Response(
        _ENCODER.encode(content),
        status_code=status,
        headers=dict(headers) if headers else None,
        media_type="application/json",
    )


def money(amount: Decimal) -> str:
    """Return an amount as the wire has it: "0.0012345", never an exponent."""
    text = f"{amount:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def percent(share: Decimal) -> float:
    """Return a percentage as a JSON number."""
    return float(share)


def instant(at: datetime) -> str:
    """Return a UTC instant, aware or as the ledger has it, as RFC 3339."""
    return at.replace(tzinfo=None).isoformat() + "Z"


def zoned(at: datetime) -> str:
    """Return an aware instant as RFC 3339 with the offset of its zone, `Z` for none."""
    return at.isoformat().removesuffix("+00:00") + ("" if at.utcoffset() else "Z")


def raw(text: str) -> msgspec.Raw:
    """Return JSON text to be put into an answer as it is."""
    return msgspec.Raw(text.encode())


def paging(page: Page, *, total: int, shown: int) -> dict[str, Any]:
    """Return what an answer says about where in the whole it stands."""
    return {
        "total": total,
        "limit": page.limit,
        "offset": page.offset,
        "hasMore": page.offset + shown < total and shown > 0,
    }
