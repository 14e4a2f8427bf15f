"""The prices of one organisation: its aliases, its own prices, and the catalogue behind them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Final, Protocol

from bearlumen.pricing.book import MAX_NAME_CHARS, PACKAGE
from bearlumen.pricing.pricelist import PriceList
from bearlumen.pricing.usage import NoPrice, completed

from .mixing import Sheets, sheets
from .rules import alias_of, holding, rules_for

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bearlumen.pricing import Priced, Usage
    from bearlumen.pricing.book import PriceBook
    from bearlumen.pricing.epochs import Epoch

    from .rules import Alias, Rule
    from .sheet import Sheet

MAX_REMEMBERED: Final = 4096
"""Kinds of calls an organisation's prices are worked out for, as in the catalogue's own book."""

_NEVER_CHANGES: Final = (0, 0)

_Key = tuple[str, str, str | None, bool, str | None]


class Prices(Protocol):
    """Whatever can say what an event costs."""

    def price(self, *, provider: str, model: str, at: datetime, usage: Usage) -> Priced:
        """Return the cost, or why there is none."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What holds for calls of one model in one context, at any time."""

    provider: str
    """Behind the alias, if there is one."""
    model: str
    alias: Alias | None
    rules: tuple[Rule, ...]
    """The most specific first; without any, only the catalogue holds."""
    listed: PriceList | Priced
    starts: tuple[datetime, ...]
    """When one of the rules begins to hold, ascending."""
    made: dict[tuple[int, Epoch], Sheets | None] = field(
        default_factory=dict[tuple[int, "Epoch"], "Sheets | None"]
    )
    """By stretch of time; None where no rule holds yet."""

    def at(self, at: datetime) -> Sheets | None:
        """Return the sheets of an instant; None where only the catalogue holds."""
        listed = self.listed
        epoch = (
            bisect_right(self.starts, at),
            listed.calendar.epoch(at) if isinstance(listed, PriceList) else _NEVER_CHANGES,
        )
        try:
            return self.made[epoch]
        except KeyError:
            held = holding(self.rules, at)
            name = f"{self.provider}/{self.model}"
            found = sheets(held, listed, name=name, at=at) if held else None
            self.made[epoch] = found
            return found


class OrganizationPrices:
    """Prices that never change: a change of any makes a new one of these."""

    def __init__(
        self, catalogue: PriceBook, *, rules: Sequence[Rule], aliases: Sequence[Alias]
    ) -> None:
        self.catalogue = catalogue
        self.rules = tuple(rules)
        self.aliases = tuple(aliases)
        self._plans: dict[_Key, Plan] = {}

    @property
    def version(self) -> str:
        """Name these prices: the catalogue's version, and a digest of what is set before it."""
        catalogue = f"{PACKAGE}:{self.catalogue.version}"
        names = sorted([*(rule.name for rule in self.rules), *(each.id for each in self.aliases)])
        if not names:
            return catalogue
        return f"{catalogue}+own:{sha256(' '.join(names).encode()).hexdigest()[:12]}"

    def price(self, *, provider: str, model: str, at: datetime, usage: Usage) -> Priced:
        """Price one event, as `PriceBook.price` does."""
        key = (provider, model, usage.service_tier, usage.batch, usage.inference_geo)
        plan = self._plans.get(key) or self._plan(key)
        found = plan.at(at) if plan.rules else None
        if found is None:
            return self.catalogue.price(
                provider=plan.provider, model=plan.model, at=at, usage=usage
            )
        return tier_of(found, usage).price(usage)

    def plan(self, *, provider: str, model: str, usage: Usage) -> Plan:
        """Return what holds for calls like this one."""
        key = (provider, model, usage.service_tier, usage.batch, usage.inference_geo)
        return self._plans.get(key) or self._plan(key)

    def _plan(self, key: _Key) -> Plan:
        provider, model, tier, batch, place = key
        alias, rules = None, []
        # Nobody's, as in the catalogue.
        if max(len(provider), len(model), len(tier or ""), len(place or "")) <= MAX_NAME_CHARS:
            alias = alias_of(self.aliases, provider=provider, model=model)
            if alias is not None:
                provider, model = alias.target_provider or provider, alias.target_model
            rules = rules_for(
                self.rules, provider=provider, model=model, service_tier=tier, batch=batch
            )
        plan = Plan(
            provider=provider,
            model=model,
            alias=alias,
            rules=tuple(rules),
            listed=self.catalogue.price_list(
                provider=provider,
                model=model,
                service_tier=tier,
                batch=batch,
                inference_geo=place,
            ),
            starts=tuple(
                sorted({rule.effective_from for rule in rules if rule.effective_from is not None})
            ),
        )
        if len(self._plans) >= MAX_REMEMBERED:
            self._plans.clear()
        self._plans[key] = plan
        return plan


def tier_of(found: Sheets, usage: Usage) -> Sheet:
    """Return the sheet the size of the input picks."""
    if not found.starts:
        return found.tiers[0]
    total = usage.input_tokens
    if total is None:
        try:
            total = completed(usage).input_tokens
        except NoPrice:
            total = None
    return found.tiers[bisect_left(found.starts, total or 0)]
