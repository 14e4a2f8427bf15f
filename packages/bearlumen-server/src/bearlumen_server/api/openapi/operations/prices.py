"""`/v1/prices`: what usage is charged at, and stored events under other prices."""

from __future__ import annotations

from typing import Final

from bearlumen_server.api import wire
from bearlumen_server.api.openapi import parameters as p
from bearlumen_server.api.openapi.operation import Operation

from ._question import question

_RECOST: Final = wire.RECOSTS + "/{recost_id}"

PRICES: Final = {
    ("GET", wire.PRICES): Operation(
        summary="The organisation's own prices", parameters=(p.HISTORY,), answer="PriceList"
    ),
    ("POST", wire.PRICES): Operation(
        summary="Set own prices, one or many", body="PricesBody", answer="PricesSet"
    ),
    ("DELETE", wire.PRICES + "/{price_id}"): Operation(
        summary="Delete an own price", answer="Price"
    ),
    ("GET", wire.PRICE_ALIASES): Operation(
        summary="The organisation's names for models", parameters=(p.HISTORY,), answer="AliasList"
    ),
    ("POST", wire.PRICE_ALIASES): Operation(
        summary="Set aliases, one or many", body="AliasesBody", answer="AliasesSet"
    ),
    ("DELETE", wire.PRICE_ALIASES + "/{alias_id}"): Operation(
        summary="Delete an alias", answer="Alias"
    ),
    ("GET", wire.PRICE_CATALOGUE): Operation(
        summary="The catalogue of list prices; of a model, what it has of it",
        parameters=p.LOOKUP,
        answer="Catalogue",
    ),
    ("GET", wire.PRICES_MISSING): question(
        "The models of events without a price, and why they have none", "MissingPrices", *p.PAGE
    ),
    ("GET", wire.PRICES_EXPLAIN): Operation(
        summary="How the cost of an event comes about",
        parameters=(p.EVENT_ID,),
        answer="Explanation",
        errors=(404,),
    ),
    ("POST", wire.PRICES_RECOST): Operation(
        summary="What the prices of today make of stored events; 202 while it goes on",
        body="RecostBody",
        answer="Recost",
        also=(202,),
        errors=(409,),
    ),
    ("GET", wire.RECOSTS): Operation(
        summary="The re-costing runs, the latest first", answer="Recosts", errors=(400,)
    ),
    ("GET", _RECOST): Operation(
        summary="One run, by model and by day", answer="Recost", errors=(400,)
    ),
    ("POST", f"{_RECOST}/undo"): Operation(
        summary="Put back what a run changed; 202 while it goes on",
        answer="Recost",
        also=(202,),
        errors=(409,),
    ),
    ("POST", f"{_RECOST}/resume"): Operation(
        summary="Go on with a run that was cut short; 202 while it goes on",
        answer="Recost",
        also=(202,),
        errors=(409,),
    ),
}
