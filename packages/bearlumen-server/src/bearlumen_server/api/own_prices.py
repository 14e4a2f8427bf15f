"""`/v1/prices` and `/v1/prices/aliases`: an organisation's own prices, and names for models."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, TypeVar

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from bearlumen_server.auth import CostReader, PriceWriter
from bearlumen_server.ledger.document import InvalidBodyError
from bearlumen_server.ledger.rejection import InvalidEventError
from bearlumen_server.pricebook import reading
from bearlumen_server.pricebook.books import Set, TooManyPricesError
from bearlumen_server.pricebook.rules import Alias, Rule

from . import wire
from .answer import answer, instant, money
from .body import read_body
from .errors import ApiError, invalid
from .offload import offload
from .params import choice_of, parameters
from .state import books_of

router = APIRouter()

HISTORY: Final = "history"
PRICES: Final = "prices"
ALIASES: Final = "aliases"

T = TypeVar("T")


@router.get(wire.PRICES)
async def list_prices(caller: CostReader, request: Request) -> Response:
    """List the organisation's own prices; with `history=true` those replaced and deleted too."""
    history, books = _history(request), books_of(request)
    rules = await offload(lambda: books.rules(caller.org_id, history=history))
    return answer({PRICES: [shown_price(rule) for rule in rules]})


@router.post(wire.PRICES)
async def set_prices(caller: PriceWriter, request: Request) -> Response:
    """Set own prices, one or many, all or none; the same twice changes nothing."""
    sent, new = await _sent(request, PRICES, reading.price_of)
    books = books_of(request)
    done = await _kept(
        PRICES,
        lambda: books.set_prices(caller.org_id, new, by=caller.id, dry_run=sent.dry_run),
    )
    items = [shown_set(each) for each in done]
    return answer({PRICES: items, **shown_done(done, dry_run=sent.dry_run)})


@router.delete(wire.PRICES + "/{price_id}")
async def delete_price(caller: PriceWriter, request: Request, price_id: str) -> Response:
    """Delete an own price: it holds for no event from now on, and stays in the history."""
    books = books_of(request)
    rule = await offload(lambda: books.delete_price(caller.org_id, price_id))
    if rule is None:
        raise ApiError(404, f"no price {price_id[:40]!r} in this organisation")
    return answer(shown_price(rule))


@router.get(wire.PRICE_ALIASES)
async def list_aliases(caller: CostReader, request: Request) -> Response:
    """List the organisation's aliases; with `history=true` those replaced and deleted too."""
    history, books = _history(request), books_of(request)
    aliases = await offload(lambda: books.aliases(caller.org_id, history=history))
    return answer({ALIASES: [shown_alias(alias) for alias in aliases]})


@router.post(wire.PRICE_ALIASES)
async def set_aliases(caller: PriceWriter, request: Request) -> Response:
    """Set aliases, one or many, all or none; the same twice changes nothing."""
    sent, new = await _sent(request, ALIASES, reading.alias_of)
    books = books_of(request)
    done = await _kept(
        ALIASES,
        lambda: books.set_aliases(caller.org_id, new, by=caller.id, dry_run=sent.dry_run),
    )
    items = [shown_set(each) for each in done]
    return answer({ALIASES: items, **shown_done(done, dry_run=sent.dry_run)})


@router.delete(wire.PRICE_ALIASES + "/{alias_id}")
async def delete_alias(caller: PriceWriter, request: Request, alias_id: str) -> Response:
    """Delete an alias."""
    books = books_of(request)
    alias = await offload(lambda: books.delete_alias(caller.org_id, alias_id))
    if alias is None:
        raise ApiError(404, f"no alias {alias_id[:40]!r} in this organisation")
    return answer(shown_alias(alias))


def shown_price(rule: Rule) -> dict[str, Any]:
    """Return an own price as it is on the wire."""
    percent = rule.discount_percent
    return {
        "id": rule.id,
        "version": rule.version,
        "provider": rule.target.provider,
        "model": rule.target.model,
        "serviceTier": rule.target.service_tier,
        "batch": rule.target.batch,
        "prices": {kind: money(price) for kind, price in rule.prices.items()},
        "units": {name: money(price) for name, price in rule.units.items()},
        "tools": {name: money(price) for name, price in rule.tools.items()},
        "discountPercent": None if percent is None else money(percent),
        "effectiveFrom": _instant(rule.effective_from),
        "note": rule.note,
        "createdAt": instant(rule.created_at),
        "createdBy": rule.created_by,
        "retiredAt": _instant(rule.retired_at),
    }


def shown_alias(alias: Alias) -> dict[str, Any]:
    """Return an alias as it is on the wire."""
    return {
        "id": alias.id,
        "alias": alias.alias,
        "provider": alias.provider,
        "targetProvider": alias.target_provider,
        "targetModel": alias.target_model,
        "createdAt": instant(alias.created_at),
        "createdBy": alias.created_by,
        "retiredAt": _instant(alias.retired_at),
    }


def shown_done(done: list[Set], *, dry_run: bool) -> dict[str, Any]:
    """Return what became of prices or aliases that were set, all but their name on the wire."""
    changes = [each.change for each in done]
    return {
        **{change: changes.count(change) for change in ("created", "replaced", "unchanged")},
        "dryRun": dry_run,
    }


def shown_set(each: Set) -> dict[str, Any]:
    """Return one price or alias that was set as it is on the wire."""
    item = each.item
    shown = shown_price(item) if isinstance(item, Rule) else shown_alias(item)
    return {**shown, "change": each.change}


def _history(request: Request) -> bool:
    for name in parameters(request):
        if name != HISTORY:
            raise invalid(name[:100], f"unknown parameter; known is {HISTORY}")
    return choice_of(request, HISTORY, ("true", "false"), "false") == "true"


async def _sent(
    request: Request, name: str, read: Callable[[bytes, str], T]
) -> tuple[reading.Sent, list[T]]:
    body = await read_body(request)

    def all_of() -> tuple[reading.Sent, list[T]]:
        sent = reading.split(body, name)
        items = zip(sent.items, sent.paths, strict=True)
        return sent, [read(data, path) for data, path in items]

    try:
        return await offload(all_of)
    except InvalidBodyError as error:
        raise ApiError(400, str(error)) from error
    except InvalidEventError as error:
        raise ApiError(422, str(error), details={"field": error.field}) from error


async def _kept(name: str, work: Callable[[], list[Set]]) -> list[Set]:
    try:
        return await offload(work)
    except TooManyPricesError as error:
        raise ApiError(422, f"{name}: {error}", details={"field": name}) from error


def _instant(at: datetime | None) -> str | None:
    return None if at is None else instant(at)
