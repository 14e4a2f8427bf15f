"""Own prices and aliases, and which of them holds for a call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from bearlumen.pricing.context import BATCH, context_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from decimal import Decimal

STANDARD: Final = "standard"
"""The word for a call that no tier was named for, or an ordinary one."""
ANY: Final = "*"


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """Which calls a price is for; None is any."""

    provider: str | None
    model: str
    """Lower case; `*` stands for any characters."""
    service_tier: str | None
    batch: bool | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One own price: what some calls cost from an instant on."""

    id: str
    version: int
    """Counted up by every correction of a price that is already there."""
    target: Target
    effective_from: datetime | None
    """Aware, inclusive; None holds since ever."""
    prices: Mapping[str, Decimal]
    """USD for 1,000,000 tokens, by kind."""
    units: Mapping[str, Decimal]
    """USD for one unit."""
    tools: Mapping[str, Decimal]
    """USD for one call of a billed tool."""
    discount_percent: Decimal | None
    """Off what the catalogue says of everything that has no own price."""
    note: str | None
    created_at: datetime
    created_by: str | None
    """The id of the key it was set with; None for the command line."""
    retired_at: datetime | None = None
    """When it was deleted, or replaced by its next version."""

    @property
    def name(self) -> str:
        """Id and version, as the price ids of events have them."""
        return f"{self.id}.v{self.version}"

    @property
    def content(self) -> tuple[Any, ...]:
        """What it says: equal for two that say the same."""
        money = (self.prices, self.units, self.tools)
        return (*(sorted(each.items()) for each in money), self.discount_percent, self.note)


@dataclass(frozen=True, kw_only=True, slots=True)
class Alias:
    """A name calls go by, and the model behind it."""

    id: str
    alias: str
    """The model id as events have it, lower case; `*` stands for any characters."""
    provider: str | None
    """The provider events name; None is any."""
    target_provider: str | None
    """None keeps the event's own."""
    target_model: str
    created_at: datetime
    created_by: str | None
    retired_at: datetime | None = None


def matches(pattern: str, text: str) -> bool:
    """Whether a text fits a pattern of literals and `*`; both in lower case.

    In linear time, whatever the two are: both come from outside.
    """
    first, *rest = pattern.split(ANY)
    if not rest:
        return first == text
    *middle, last = rest
    if len(text) < len(first) + len(last):
        return False
    if not (text.startswith(first) and text.endswith(last)):
        return False
    at, end = len(first), len(text) - len(last)
    for part in middle:
        at = text.find(part, at, end)
        if at < 0:
            return False
        at += len(part)
    return True


def alias_of(aliases: Iterable[Alias], *, provider: str, model: str) -> Alias | None:
    """Return the most specific alias for a call; the name before the provider."""
    name, seller = model.strip().lower(), provider.strip().lower()
    fitting = (
        alias
        for alias in aliases
        if alias.provider in {None, seller} and matches(alias.alias, name)
    )
    return min(
        fitting, key=lambda alias: (*_rank(alias.alias), alias.provider is None), default=None
    )


def rules_for(
    rules: Iterable[Rule], *, provider: str, model: str, service_tier: str | None, batch: bool
) -> list[Rule]:
    """Return the prices for a call at any time, the most specific target first.

    A model in full goes before a pattern, and a pattern with more literal characters before one
    with fewer; then one for the provider, for batch, for the tier, before one for any.
    """
    name, seller = model.strip().lower(), provider.strip().lower()
    tier, batched = tier_of(service_tier, batch=batch)
    fitting = [
        rule
        for rule in rules
        if rule.target.provider in {None, seller}
        and rule.target.batch in {None, batched}
        and rule.target.service_tier in {None, tier}
        and matches(rule.target.model, name)
    ]
    return sorted(fitting, key=lambda rule: _specificity(rule.target))


def tier_of(service_tier: str | None, *, batch: bool) -> tuple[str, bool]:
    """Return the tier of a call, `standard` for an ordinary one, and whether it was a batch."""
    words = context_words(catalogue_id="", service_tier=service_tier, batch=batch)
    tier = next((word for word in words if word != BATCH), STANDARD)
    return tier, BATCH in words


def holding(rules: Sequence[Rule], at: datetime) -> list[Rule]:
    """Return, of each target, the one that holds at an instant; their order is kept."""
    latest: dict[Target, Rule] = {}
    for rule in rules:
        if rule.effective_from is not None and rule.effective_from > at:
            continue
        found = latest.get(rule.target)
        if found is None or _later(rule, found):
            latest[rule.target] = rule
    return list(latest.values())


def _later(rule: Rule, other: Rule) -> bool:
    if rule.effective_from is None or other.effective_from is None:
        return other.effective_from is None
    return rule.effective_from > other.effective_from


def _specificity(target: Target) -> tuple[Any, ...]:
    # The texts at the end only make the order one and the same, whoever was set first.
    return (
        *_rank(target.model)[:2],
        target.provider is None,
        target.batch is None,
        target.service_tier is None,
        target.model,
    )


def _rank(pattern: str) -> tuple[bool, int, str]:
    stars = pattern.count(ANY)
    return (stars > 0, stars - len(pattern), pattern)
