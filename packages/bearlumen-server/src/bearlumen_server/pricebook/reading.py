"""Prices and aliases as they are sent: checked, the field named that is wrong."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final, TypeVar, cast

import msgspec
from msgspec import Raw, Struct

from bearlumen_server.ledger import limits
from bearlumen_server.ledger.document import NotJsonError, mended, read, read_document
from bearlumen_server.ledger.rejection import InvalidEventError, explain, shorten
from bearlumen_server.ledger.schema import NOT_SENT, Key, Label, Name

from .kinds import CATALOGUE_KEYS
from .rules import ANY, Target, tier_of

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_PRICE: Final = Decimal(1_000_000)
"""USD, for a million tokens or for one of anything else."""
MAX_PRICE_DIGITS: Final = 18
"""After the point."""
MAX_AT_ONCE: Final = 1000
"""Prices or aliases in one request."""
MAX_STARS: Final = 16
MAX_PERCENT: Final = 100

_DECIMAL = re.compile(r"[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,2})?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")

T = TypeVar("T")


class SentPrice(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """An own price on the wire."""

    model: Name
    provider: Key | None = None
    service_tier: Label | None = None
    batch: bool | None = None
    prices: dict[Key, Raw] = {}
    units: dict[Key, Raw] = {}
    tools: dict[Key, Raw] = {}
    discount_percent: Raw = NOT_SENT
    effective_from: Label | None = None
    note: Label | None = None


class SentAlias(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """An alias on the wire."""

    alias: Name
    target_model: Name
    target_provider: Key | None = None
    provider: Key | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class NewPrice:
    """An own price that is not kept yet."""

    target: Target
    effective_from: datetime | None
    prices: Mapping[str, Decimal]
    units: Mapping[str, Decimal]
    tools: Mapping[str, Decimal]
    discount_percent: Decimal | None
    note: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class NewAlias:
    """An alias that is not kept yet."""

    alias: str
    provider: str | None
    target_provider: str | None
    target_model: str


_PRICE = msgspec.json.Decoder(SentPrice)
_ALIAS = msgspec.json.Decoder(SentAlias)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """A body: one thing or many, and whether to keep them."""

    items: list[bytes]
    paths: list[str]
    """Where each of them stands, for messages: `prices[3]`, or nothing for one alone."""
    dry_run: bool


def split(body: bytes, name: str) -> Sent:
    """Take a body apart: `{"<name>": […], "dryRun"?}`, or one thing.

    Raises:
        NotJsonError: It is not JSON.
        InvalidEventError: It is neither.
    """
    document = read_document(body)
    if not isinstance(document, dict):
        raise InvalidEventError("body", "expected an object")
    fields = cast("dict[str, object]", document)
    if not isinstance(fields.get(name), list):
        # One price has `prices` too: an object.
        return Sent(items=[bytes(read(mended(body), _RAW))], paths=[""], dry_run=False)
    many = read(mended(body), msgspec.json.Decoder(dict[str, Raw]))
    for field in many:
        if field not in {name, "dryRun"}:
            raise InvalidEventError(shorten(field), f"unknown; the body has {name} and dryRun")
    dry_run = fields.get("dryRun", False)
    if not isinstance(dry_run, bool):
        raise InvalidEventError("dryRun", "expected true or false")
    items = msgspec.json.decode(many[name], type=list[Raw])
    if len(items) > MAX_AT_ONCE:
        raise InvalidEventError(name, f"{len(items)} at once, the most is {MAX_AT_ONCE}")
    paths = [f"{name}[{index}]" for index in range(len(items))]
    return Sent(items=[bytes(item) for item in items], paths=paths, dry_run=dry_run)


_RAW = msgspec.json.Decoder(Raw)


def price_of(data: bytes, path: str) -> NewPrice:
    """Read one own price.

    Raises:
        InvalidEventError: The field, behind `path`, and what is wrong with it.
    """
    sent = _decoded(data, path, _PRICE)
    unknown = sorted(sent.prices.keys() - CATALOGUE_KEYS.keys())
    if unknown:
        raise InvalidEventError(
            _at(path, f"prices.{shorten(unknown[0])}"),
            f"no kind of tokens; those with a price are {', '.join(CATALOGUE_KEYS)}",
        )
    if not (sent.prices or sent.units or sent.tools) and _nothing(sent.discount_percent):
        raise InvalidEventError(
            _at(path, "prices"), "required, or units, tools or discountPercent beside it"
        )
    return NewPrice(
        target=Target(
            provider=_lower(sent.provider),
            model=_pattern(_at(path, "model"), sent.model),
            service_tier=_tier(sent.service_tier),
            batch=sent.batch,
        ),
        effective_from=_instant(_at(path, "effectiveFrom"), sent.effective_from),
        prices=_amounts(_at(path, "prices"), sent.prices),
        units=_amounts(_at(path, "units"), sent.units),
        tools=_amounts(_at(path, "tools"), sent.tools),
        discount_percent=_percent(_at(path, "discountPercent"), sent.discount_percent),
        note=sent.note or None,
    )


def alias_of(data: bytes, path: str) -> NewAlias:
    """Read one alias.

    Raises:
        InvalidEventError: The field, behind `path`, and what is wrong with it.
    """
    sent = _decoded(data, path, _ALIAS)
    if ANY in sent.target_model:
        raise InvalidEventError(_at(path, "targetModel"), f"is one model, without any {ANY}")
    return NewAlias(
        alias=_pattern(_at(path, "alias"), sent.alias),
        provider=_lower(sent.provider),
        target_provider=_lower(sent.target_provider),
        target_model=sent.target_model.strip(),
    )


def _decoded(data: bytes, path: str, decoder: msgspec.json.Decoder[T]) -> T:
    try:
        document = read_document(data)
        _refuse_nul(document, path)
        return decoder.decode(data)
    except NotJsonError as error:
        raise InvalidEventError(path, error.problem) from error
    except msgspec.ValidationError as error:
        found = explain(error, read_document(data), whole="")
        raise InvalidEventError(_at(path, found.field) or "body", found.problem) from error


def _refuse_nul(value: object, path: str) -> None:
    if isinstance(value, str) and "\0" in value:
        raise InvalidEventError(path, "holds a NUL character or half a surrogate pair")
    if isinstance(value, dict):
        for key, held in cast("dict[str, object]", value).items():
            name = _at(path, shorten(key.replace("\0", "\ufffd")))
            _refuse_nul(key, name)
            if isinstance(held, str | dict):
                _refuse_nul(cast("object", held), name)


def _at(path: str, field: str) -> str:
    return ".".join(filter(None, (path, field)))


def _lower(text: str | None) -> str | None:
    return (text or "").strip().lower() or None


def _tier(text: str | None) -> str | None:
    return None if not text else tier_of(text, batch=False)[0]


def _pattern(field: str, text: str) -> str:
    pattern = text.strip().lower()
    if not pattern:
        raise InvalidEventError(field, "required")
    if pattern.count(ANY) > MAX_STARS:
        raise InvalidEventError(field, f"more than {MAX_STARS} {ANY} in one pattern")
    return pattern


def _amounts(field: str, sent: Mapping[str, Raw]) -> dict[str, Decimal]:
    if len(sent) > limits.MAX_KEYS:
        raise InvalidEventError(field, f"{len(sent)} keys, the most is {limits.MAX_KEYS}")
    return {name: _amount(f"{field}.{shorten(name)}", raw) for name, raw in sent.items()}


def _amount(field: str, raw: Raw) -> Decimal:
    """Read USD from its text, given as a JSON string or number."""
    text = bytes(raw).decode().strip('"')
    if len(text) > limits.MAX_DECIMAL_CHARACTERS or not _DECIMAL.fullmatch(text):
        raise InvalidEventError(field, 'expected USD as a decimal such as "2.50", 0 or more')
    amount = Decimal(text)
    if amount > MAX_PRICE:
        raise InvalidEventError(field, f"expected at most {MAX_PRICE} USD, got {shorten(text)}")
    rounded = round(amount, MAX_PRICE_DIGITS)
    if rounded != amount:
        raise InvalidEventError(field, f"expected at most {MAX_PRICE_DIGITS} fractional digits")
    return rounded.normalize()


def _nothing(raw: Raw) -> bool:
    return raw is NOT_SENT or bytes(raw) == b"null"


def _percent(field: str, raw: Raw) -> Decimal | None:
    if _nothing(raw):
        return None
    text = bytes(raw).decode().strip('"')
    if len(text) > limits.MAX_DECIMAL_CHARACTERS or not _DECIMAL.fullmatch(text):
        raise InvalidEventError(field, f"expected a number from 0 to {MAX_PERCENT}")
    percent = Decimal(text)
    if percent > MAX_PERCENT or round(percent, MAX_PRICE_DIGITS) != percent:
        raise InvalidEventError(field, f"expected a number from 0 to {MAX_PERCENT}")
    return percent.normalize()


def _instant(field: str, text: str | None) -> datetime | None:
    """Read a date as its first instant in UTC, or a timestamp with an offset."""
    if not text:
        return None
    full = f"{text}T00:00:00Z" if _DATE.fullmatch(text) else text
    try:
        at = msgspec.convert(full, datetime)
    except msgspec.ValidationError as error:
        raise InvalidEventError(field, "expected a date or an RFC 3339 timestamp") from error
    if at.tzinfo is None:
        raise InvalidEventError(field, "has no offset; append Z for UTC")
    if not limits.EARLIEST <= at < datetime(9000, 1, 1, tzinfo=UTC):
        raise InvalidEventError(field, f"expected a year from {limits.EARLIEST.year} to 8999")
    return at.astimezone(UTC)
