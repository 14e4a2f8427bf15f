"""The price book: a lookup with a memory, in front of the compiled rates."""

from __future__ import annotations

from importlib.metadata import version as installed_version
from threading import Lock
from typing import TYPE_CHECKING

from .context import context_words
from .epochs import price_dates
from .names import CATALOGUE_PROVIDERS, NEVER_PRICED, global_form, model_forms
from .pricelist import PriceList, price_list
from .residency import token_factor
from .usage import NoPrice, Priced, completed, is_empty, shown, unpriced

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from decimal import Decimal

    from genai_prices.types import ModelInfo, Provider

    from .usage import Details, Usage

PACKAGE = "genai-prices"
"""Where the catalogue comes from."""
MAX_REMEMBERED = 4096
"""Lookups kept. A busy server sees some hundreds of models; names are the sender's to choose, so
without a bound the memory would be the sender's too."""
MAX_NAME_CHARS = 256
"""Longer names of providers, models, tiers and places are nobody's and are not looked up."""

_Key = tuple[str, str, str | None, bool, str | None]


class PriceBook:
    """What providers charge, by date; a lookup costs a few microseconds.

    Threads may share one: what is remembered changes under a lock, and a race only does the same
    work twice.
    """

    def __init__(self, providers: Sequence[Provider], *, version: str) -> None:
        self.version = version
        """The version of the package the catalogue comes from."""
        self.price_dates = price_dates(providers)
        """The days on which a price starts, ascending. The catalogue states no date of its own:
        the latest day that is not in the future says how old it is at most."""
        self._providers = list(providers)
        self._by_id = {provider.id: provider for provider in providers}
        self._remembered: dict[_Key, PriceList | Priced] = {}
        self._lock = Lock()

    @classmethod
    def catalogue(cls) -> PriceBook:
        """The catalogue installed with genai-prices; nothing is fetched."""
        # 30,000 lines and a quarter of a second, paid only by who asks for them.
        from genai_prices.data import providers

        return cls(providers, version=installed_version(PACKAGE))

    def price(self, *, provider: str, model: str, at: datetime, usage: Usage) -> Priced:
        """Price one event.

        Args:
            provider: Our provider name, or the catalogue's own id.
            model: The model id as the provider returned it.
            at: When the call was made; the prices of that time apply.
            usage: What the call consumed. A total that is not reported is the sum of the kinds it
                contains, so zero without any when something else is reported.

        Returns:
            The cost in US dollars, or None with the reason. It never raises for any usage.
        """
        key = (provider, model, usage.service_tier, usage.batch, usage.inference_geo)
        found = self._remembered.get(key) or self._remember(key)
        if isinstance(found, Priced):
            return found
        try:
            whole = completed(usage)
            return unpriced("no usage reported") if is_empty(whole) else found.at(at).price(whole)
        except NoPrice as gap:
            return unpriced(f"{found.name} {gap}")

    def price_list(
        self,
        *,
        provider: str,
        model: str,
        service_tier: str | None,
        batch: bool,
        inference_geo: str | None,
    ) -> PriceList | Priced:
        """What the catalogue has on a model, to be looked at or mixed with other prices.

        Returns:
            The list, or an answer without a cost whose reason says why there is none.
        """
        key = (provider, model, service_tier, batch, inference_geo)
        return self._remembered.get(key) or self._remember(key)

    def token_price(
        self,
        *,
        provider: str,
        model: str,
        at: datetime,
        input_tokens: int,
        output_tokens: int,
        details: Details | None,
    ) -> tuple[Decimal, str] | None:
        """Price an event that reports both totals, no units and no tool calls, as `price` does.

        It is three times as quick: nothing is copied into a `Usage` first.

        Args:
            provider: As for `price`.
            model: As for `price`.
            at: As for `price`.
            input_tokens: Everything the model read, 0 or more.
            output_tokens: Everything the model wrote, 0 or more.
            details: What is known of the call beside; None for nothing.

        Returns:
            The cost in US dollars and the price's id, or None where `price` has to be asked: there
            is no price, or more than tokens is billed.
        """
        if details is None:
            key = (provider, model, None, False, None)
        else:
            key = (
                provider,
                model,
                details.service_tier,
                details.batch,
                details.inference_geo,
            )
        found = self._remembered.get(key) or self._remember(key)
        if isinstance(found, Priced):
            return None
        try:
            tiers = found.at(at)
            rates = tiers.pick(input_tokens) if tiers.starts else tiers.rates[0]
            cost = rates.token_cost(input_tokens, output_tokens, details)
        except NoPrice:
            return None
        return None if cost is None else (cost, rates.price_id)

    def after_fork_in_child(self) -> None:
        """Replace the lock: in the child it may be held by a thread that is not there."""
        self._lock = Lock()

    def _remember(self, key: _Key) -> PriceList | Priced:
        provider, model, tier, _, place = key
        if max(len(provider), len(model), len(tier or ""), len(place or "")) > MAX_NAME_CHARS:
            return unpriced(f"a name has more than {MAX_NAME_CHARS} characters: {shown(model)}")
        try:
            found = self._look_up(key)
        except NoPrice as gap:
            found = unpriced(str(gap))
        with self._lock:
            while len(self._remembered) >= MAX_REMEMBERED:
                # The oldest; one that is still in use is looked up again, in a millisecond.
                del self._remembered[next(iter(self._remembered))]
            self._remembered[key] = found
        return found

    def _look_up(self, key: _Key) -> PriceList:
        name, ref, tier, batch, place = key
        name, ref = name.strip().lower(), ref.strip()
        if name in NEVER_PRICED:
            raise NoPrice(f"no price for {shown(ref)}: {NEVER_PRICED[name]}")
        provider = self._by_id.get(CATALOGUE_PROVIDERS.get(name, name))
        if provider is None:
            raise NoPrice(f"no price for {shown(ref)}: no provider {shown(name)} in the catalogue")
        for form in model_forms(ref, provider=name, catalogue_id=provider.id):
            model = provider.find_model(form, all_providers=self._providers)
            if model is not None:
                break
        else:
            raise NoPrice(f"no price for {shown(ref)}: not a model of {provider.id}")
        if self._differs_globally(provider, model, form):
            raise NoPrice(
                f"no price for {shown(ref)}: {provider.id} sells it at one price in a region and "
                "at another globally, and this name is that of both; name it as it was called"
            )
        owner = self._owner(provider, model)
        try:
            factor = token_factor(seller=provider.id, model=model.id, inference_geo=place)
        except NoPrice as gap:
            raise NoPrice(f"{owner.id}/{model.id} {gap}") from gap
        return price_list(
            model,
            name=f"{owner.id}/{model.id}",
            catalogue=f"{PACKAGE}:{self.version}",
            words=context_words(catalogue_id=provider.id, service_tier=tier, batch=batch),
            seller=provider.id,
            own=owner is provider,
            token_factor=factor,
        )

    def _differs_globally(self, seller: Provider, model: ModelInfo, form: str) -> bool:
        """Whether the name leaves open which of two price lists of one seller is meant."""
        name = global_form(form, entry=model.id)
        found = name and seller.find_model(name, all_providers=self._providers)
        if not found:
            return False
        # An older model has no global profile, and is found under this name too: no difference.
        return (found.prices, found.price_variants) != (model.prices, model.price_variants)

    def _owner(self, seller: Provider, model: ModelInfo) -> Provider:
        """Whose list the model is from: some providers sell models priced in another's list."""
        candidates = (seller, *self._providers)
        return next(item for item in candidates if any(model is own for own in item.models))
