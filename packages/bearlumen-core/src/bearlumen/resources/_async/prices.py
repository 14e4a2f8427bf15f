"""Prices: what usage is charged at."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Unpack

from ... import _wire
from ..._query import CostFilters, When, window
from ...errors import InvalidRequestError
from ...models import (
    Alias,
    AliasesSet,
    AliasList,
    Catalogue,
    Explanation,
    MissingPrices,
    Price,
    PriceList,
    PricesSet,
    Recost,
    Recosts,
)
from .._prices import OwnPrice, path, recost_body, to_wire
from ._base import AsyncResource


class AsyncPrices(AsyncResource):
    """The price book: the catalogue's prices, and your own before them."""

    async def list(self, *, history: bool = False) -> PriceList:
        """Your own prices, oldest first.

        Args:
            history: Whether those that were replaced or deleted are listed too.
        """
        return await self._get(_wire.PRICES, PriceList, {"history": history})

    async def set(self, **price: Unpack[OwnPrice]) -> Price:
        """Set one own price, for calls from `effective_from` on.

        Set again for the same calls and instant, it replaces what was there; what says the same
        changes nothing.

        Raises:
            InvalidRequestError: A field is wrong; the message names it.
        """
        return (await self.set_many([price])).prices[0]

    async def set_many(self, prices: Iterable[OwnPrice], *, dry_run: bool = False) -> PricesSet:
        """Set up to 1000 own prices, all of them or none.

        Args:
            prices: As `set` takes them.
            dry_run: Only check them, and say what setting them would do.

        Raises:
            InvalidRequestError: A field is wrong; the message names it.
        """
        body = {"prices": [to_wire(price) for price in prices], "dryRun": dry_run}
        return await self._post(_wire.PRICES, PricesSet, body)

    async def delete(self, price_id: str) -> Price:
        """Delete an own price: it holds for no event that comes in from now on.

        Raises:
            NotFoundError: There never was such a price.
        """
        return await self._delete(path(_wire.PRICES, price_id), Price)

    async def list_aliases(self, *, history: bool = False) -> AliasList:
        """Your aliases, oldest first; with those that were replaced or deleted if asked for."""
        return await self._get(_wire.PRICE_ALIASES, AliasList, {"history": history})

    async def set_alias(
        self,
        alias: str,
        *,
        model: str,
        provider: str | None = None,
        event_provider: str | None = None,
    ) -> Alias:
        """Price calls that go by one name as those of a model.

        Args:
            alias: The model id as events have it, such as a deployment or an ARN; `*` stands for
                any characters.
            model: The model behind it.
            provider: The provider whose prices hold; the event's own if left out.
            event_provider: Only for events of this provider; any if left out.
        """
        sent = {
            "alias": alias,
            "targetModel": model,
            "targetProvider": provider,
            "provider": event_provider,
        }
        body = {"aliases": [{name: value for name, value in sent.items() if value is not None}]}
        return (await self._post(_wire.PRICE_ALIASES, AliasesSet, body)).aliases[0]

    async def delete_alias(self, alias_id: str) -> Alias:
        """Delete an alias.

        Raises:
            NotFoundError: There never was such an alias.
        """
        return await self._delete(path(_wire.PRICE_ALIASES, alias_id), Alias)

    async def catalogue(
        self,
        *,
        provider: str | None = None,
        model: str | None = None,
        at: date | datetime | None = None,
        service_tier: str | None = None,
        batch: bool | None = None,
    ) -> Catalogue:
        """The catalogue's version and date; with a provider and a model, the prices of that.

        Args:
            provider: The provider, by our name or the catalogue's.
            model: The model id.
            at: The prices of that time; of now if left out.
            service_tier: The tier, in the provider's word.
            batch: Whether the prices are those of a batch.

        Raises:
            InvalidRequestError: `at` has no time zone.
        """
        if isinstance(at, datetime) and at.tzinfo is None:
            raise InvalidRequestError(f"at is {at!r} without a time zone; use an aware datetime.")
        when = at.isoformat() if at is not None else None
        asked = {"provider": provider, "model": model, "at": when}
        context = {"service_tier": service_tier, "batch": batch}
        return await self._get(_wire.PRICE_CATALOGUE, Catalogue, asked, context)

    async def missing(
        self,
        *,
        start_date: When,
        end_date: When,
        limit: int | None = None,
        offset: int | None = None,
        **filters: Unpack[CostFilters],
    ) -> MissingPrices:
        """Models of events without a price, those with the most events first, and why.

        Args:
            start_date: First day, or first instant.
            end_date: Last day, or the instant before which events count.
            limit: Models in the page: 1 to 1000, 100 if left out.
            offset: How many to skip.
            **filters: Keep only matching events.
        """
        return await self._get(
            _wire.PRICES_MISSING,
            MissingPrices,
            window(start_date, end_date),
            {"limit": limit, "offset": offset},
            self._filters(filters),
        )

    async def explain(self, event_id: str) -> Explanation:
        """How the cost of an event comes about: kind by kind, quantity times price.

        Raises:
            NotFoundError: There is no such event.
        """
        return await self._get(_wire.PRICES_EXPLAIN, Explanation, {"event_id": event_id})

    async def recost(
        self,
        *,
        start_date: When,
        end_date: When,
        dry_run: bool = True,
        **filters: Unpack[CostFilters],
    ) -> Recost:
        """Put stored events under the prices of today; costs that somebody stated stay.

        Args:
            start_date: First day, or first instant.
            end_date: Last day, or the instant before which events count.
            dry_run: Only say what would change, in all and by model and day.
            **filters: Only matching events.

        Returns:
            A run of many events may still be `running`: ask `get_recost` how far it is.

        Raises:
            ConflictError: Another run is under way or was cut short.
        """
        body = recost_body(window(start_date, end_date), self._filters(filters), dry_run=dry_run)
        return await self._post(_wire.PRICES_RECOST, Recost, body)

    async def recosts(self) -> Recosts:
        """The runs so far, the latest first, without their models and days."""
        return await self._get(_wire.RECOSTS, Recosts)

    async def get_recost(self, recost_id: str) -> Recost:
        """One run, by model and day.

        Raises:
            NotFoundError: There is no such run.
        """
        return await self._get(path(_wire.RECOSTS, recost_id), Recost)

    async def undo_recost(self, recost_id: str) -> Recost:
        """Put back what a run changed, exactly.

        Raises:
            NotFoundError: There is no such run.
            ConflictError: A later run changed some of the same events: undo that first.
        """
        return await self._post(path(_wire.RECOSTS, recost_id, "undo"), Recost, {})

    async def resume_recost(self, recost_id: str) -> Recost:
        """Go on with a run that was cut short.

        Raises:
            NotFoundError: There is no such run.
            ConflictError: There is nothing to go on with, or the prices changed meanwhile.
        """
        return await self._post(path(_wire.RECOSTS, recost_id, "resume"), Recost, {})
