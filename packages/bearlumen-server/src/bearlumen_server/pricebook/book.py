"""The price book: a lookup with a memory, in front of the compiled rates."""

from __future__ import annotations

from importlib.metadata import version as installed_version
from threading import Lock
from typing import TYPE_CHECKING

from .context import context_words
from .epochs import price_dates
from .names import CATALOGUE_PROVIDERS, NEVER_PRICED, model_forms
from .pricelist import PriceList, price_list
from .usage import NoPrice, Priced, completed, is_empty, shown, unpriced

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from genai_prices.types import ModelInfo, Provider

    from .usage import Usage

PACKAGE = "genai-prices"
"""Where the catalogue comes from."""
MAX_REMEMBERED = 4096
"""Lookups kept. A busy server sees some hundreds of models; names are the sender's to choose, so
without a bound the memory would be the sender's too."""
MAX_NAME_CHARS = 256
"""Longer provider, model and tier names are nobody's and are not looked up."""

_Key = tuple[str, str, str | None, bool]


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
        key = (provider, model, usage.service_tier, usage.batch)
        found = self._remembered.get(key) or self._remember(key)
        if isinstance(found, Priced):
            return found
        try:
            whole = completed(usage)
            return unpriced("no usage reported") if is_empty(whole) else found.at(at).price(whole)
        except NoPrice as gap:
            return unpriced(f"{found.name} {gap}")

    def _remember(self, key: _Key) -> PriceList | Priced:
        provider, model, tier, _ = key
        if max(len(provider), len(model), len(tier or "")) > MAX_NAME_CHARS:
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
        name, ref, tier, batch = key
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
        owner = self._owner(provider, model)
        return price_list(
            model,
            name=f"{owner.id}/{model.id}",
            catalogue=f"{PACKAGE}:{self.version}",
            words=context_words(catalogue_id=provider.id, service_tier=tier, batch=batch),
            seller=provider.id,
            own=owner is provider,
        )

    def _owner(self, seller: Provider, model: ModelInfo) -> Provider:
        """Whose list the model is from: some providers sell models priced in another's list."""
        candidates = (seller, *self._providers)
        return next(item for item in candidates if any(model is own for own in item.models))
