"""`/v1/prices/catalogue`, `/missing` and `/explain`: what is known of prices, and of one cost."""

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from bearlumen.pricing.book import PACKAGE, PriceBook
from bearlumen_server.auth import CostReader
from bearlumen_server.ledger.limits import EARLIEST, MAX_AHEAD
from bearlumen_server.pricebook.explaining import Explanation, Line, as_of, explain
from bearlumen_server.pricebook.listing import ListedTier, listing
from bearlumen_server.pricebook.own import OrganizationPrices
from bearlumen_server.pricebook.runs import changes_of
from bearlumen_server.pricebook.stored import event_of, events_of
from bearlumen_server.reports.question import Question
from bearlumen_server.reports.unpriced import unpriced_by_model
from bearlumen_server.storage import Store

from . import wire
from .answer import answer, instant, money, paging, raw
from .errors import ApiError, invalid
from .offload import report
from .params import Page, choice_of, instant_of, page_of, parameters, question_of, text_of
from .state import books_of, store_of

router = APIRouter()

EVENT_ID: Final = "eventId"
AT: Final = "at"
PROVIDER: Final = "provider"
MODEL: Final = "model"
SERVICE_TIER: Final = "serviceTier"
BATCH: Final = "batch"
_LOOKUP: Final = (PROVIDER, MODEL, AT, SERVICE_TIER, BATCH)


@router.get(wire.PRICE_CATALOGUE)
@report
def catalogue(caller: CostReader, request: Request) -> Response:  # noqa: ARG001  # who may ask
    """Name the catalogue and its date; with `provider` and `model`, list the prices of a model."""
    _refuse_unknown(request, _LOOKUP)
    book = books_of(request).catalogue
    found: dict[str, Any] = shown_catalogue(book)
    if not parameters(request):
        return answer(found)
    tier = text_of(request, SERVICE_TIER) if SERVICE_TIER in parameters(request) else None
    at = instant_of(request, AT) or datetime.now(UTC)
    listed = listing(
        book,
        provider=text_of(request, PROVIDER),
        model=text_of(request, MODEL),
        at=at,
        service_tier=tier,
        batch=choice_of(request, BATCH, ("true", "false"), "false") == "true",
    )
    found |= {
        "at": instant(at),
        "tiers": [_tier(each) for each in listed.tiers],
        "reason": listed.reason,
    }
    return answer(found)


@router.get(wire.PRICES_MISSING)
@report
def missing(caller: CostReader, request: Request) -> Response:
    """List the models of events without a price, and why they have none."""
    question = question_of(request, caller.org_id, also=(wire.LIMIT, wire.OFFSET))
    prices = books_of(request).own(caller.org_id)
    return answer(shown_missing(store_of(request), question, prices, page_of(request)))


@router.get(wire.PRICES_EXPLAIN)
@report
def explain_event(caller: CostReader, request: Request) -> Response:
    """Show how the cost of one event comes about."""
    _refuse_unknown(request, (EVENT_ID,))
    text = text_of(request, EVENT_ID)
    try:
        event_id = UUID(text)
    except ValueError as error:
        raise invalid(EVENT_ID, f"expected a UUID, got {text[:40]!r}") from error
    prices = books_of(request).own(caller.org_id)
    found = explained(store_of(request), caller.org_id, prices, event_id)
    if found is None:
        raise ApiError(404, f"no event {event_id} in this organisation")
    return answer(found)


def explained(
    store: Store, org_id: str, prices: OrganizationPrices, event_id: UUID
) -> dict[str, Any] | None:
    """Return the explanation of an event as it is on the wire; None if there is no such event."""
    ever = Question(org_id=org_id, start=EARLIEST, end=datetime.now(UTC) + 2 * MAX_AHEAD)
    event = event_of(store, ever, event_id)
    if event is None:
        return None
    runs = changes_of(store, org_id=org_id, event_id=event_id)
    return {
        **_shown(explain(prices, event), prices),
        "recosts": [
            {
                "recostId": run.recost_id,
                "at": instant(run.at),
                "status": run.status,
                "before": _money(run.before),
                "after": _money(run.after),
            }
            for run in runs
        ],
    }


def shown_catalogue(book: PriceBook) -> dict[str, Any]:
    """Return what the catalogue is as it is on the wire."""
    day = as_of(book)
    return {"package": PACKAGE, "version": book.version, "asOf": day.isoformat() if day else None}


def shown_missing(
    store: Store, question: Question, prices: OrganizationPrices, page: Page
) -> dict[str, Any]:
    """Return one page of the models without a price as it is on the wire."""
    found = unpriced_by_model(store, question, limit=page.limit, offset=page.offset)
    examples = events_of(store, question, [each.example for each in found.items])
    now = {
        str(each.event_id): prices.price(
            provider=each.provider, model=each.model, at=each.at, usage=each.usage
        )
        for each in examples
    }
    items: list[dict[str, Any]] = []
    for each in found.items:
        priced = now.get(each.example)
        items.append(
            {
                "provider": each.provider,
                "model": each.model,
                "eventCount": each.events,
                "firstSeen": instant(each.first_seen),
                "lastSeen": instant(each.last_seen),
                "exampleEventId": each.example,
                # Null where it has a price by now: a re-cost will put it to the event.
                "reason": priced.reason if priced else None,
            }
        )
    return {
        "items": items,
        "unpricedEvents": found.events,
        **paging(page, total=found.total, shown=len(items)),
    }


def _shown(found: Explanation, prices: OrganizationPrices) -> dict[str, Any]:
    event, current = found.event, found.current
    total = sum((line.amount for line in found.lines), Decimal(0)) if found.lines else None
    return {
        "eventId": str(event.event_id),
        "timestamp": instant(event.at),
        "provider": event.provider,
        "model": event.model,
        "cost": _money(event.cost),
        "costSource": event.source,
        "priceId": event.price_id,
        "pricedAs": {"provider": found.provider, "model": found.model},
        "aliasId": found.alias.id if found.alias else None,
        "inputTokensAbove": found.tier_start,
        "lines": [_line(line) for line in found.lines],
        "total": _money(current.cost if total is None else total),
        "current": {
            "cost": _money(current.cost),
            "costSource": current.source,
            "priceId": current.price_id,
            "reason": current.reason,
        },
        "upToDate": found.is_current,
        "note": found.note,
        "catalogue": shown_catalogue(prices.catalogue),
    }


def _line(line: Line) -> dict[str, Any]:
    rule = line.rule
    since = rule.effective_from if rule else None
    percent = rule.discount_percent if rule and line.listed is not None else None
    return {
        "kind": line.kind,
        "quantity": raw(_exact(line.quantity)),
        "price": None if line.price is None else _exact(line.price),
        "per": line.per,
        "amount": money(line.amount),
        "source": line.source,
        "ruleId": rule.id if rule else None,
        "ruleVersion": rule.version if rule else None,
        "effectiveFrom": instant(since) if since else None,
        "listPrice": None if line.listed is None else _exact(line.listed),
        "discountPercent": None if percent is None else money(percent),
    }


def _tier(tier: ListedTier) -> dict[str, Any]:
    return {
        "inputTokensAbove": tier.start,
        "priceId": tier.price_id,
        "prices": [
            {"kind": kind, "price": _exact(price), "per": per} for kind, price, per in tier.prices
        ],
    }


def _exact(number: Fraction) -> str:
    """Return a number that is a decimal as one: a product of decimals always is."""
    digits = 0
    while number.denominator != 1:
        number, digits = number * 10, digits + 1
    return money(Decimal(number.numerator).scaleb(-digits))


def _money(amount: Decimal | None) -> str | None:
    return None if amount is None else money(amount)


def _refuse_unknown(request: Request, known: tuple[str, ...]) -> None:
    for name in parameters(request):
        if name not in known:
            raise invalid(name[:100], f"unknown parameter; known are {', '.join(known)}")
