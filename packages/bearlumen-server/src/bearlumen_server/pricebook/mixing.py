"""Own prices over the catalogue's, kind by kind, as price sheets."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from math import lcm
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from bearlumen.pricing.compiler import PER, TOKEN_PRICES, UNDERSTOOD
from bearlumen.pricing.pricelist import PriceList, quoted
from bearlumen.pricing.rates import PICODOLLARS
from bearlumen.pricing.usage import NoPrice, cache_writes

from .kinds import CACHED_MEDIA, CATALOGUE_KEYS, TOKEN_KINDS, TOKENS_PER_PRICE, tool_keys, unit_keys
from .sheet import Rate, Sheet, Side

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from decimal import Decimal

    from bearlumen.pricing import Priced, Usage

    from .rules import Rule

_WRITES: Final = ("cache_write_5m_mtok", "cache_write_1h_mtok")
_PERCENT: Final = Fraction(100)
_NO_LIST: Final = "nothing"


@dataclass(frozen=True, kw_only=True, slots=True)
class Sheets:
    """The sheets of one model at one time, by the size of the input."""

    starts: tuple[int, ...]
    """Input tokens above which the next one holds, ascending."""
    tiers: tuple[Sheet, ...]
    """One more than `starts`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Listed:
    """What the catalogue says in one tier, with any discount taken off."""

    prices: Mapping[str, Rate]
    """By its own keys."""
    price_id: str | None
    gap: str | None
    minimum_seconds: int = 0


def sheets(rules: Sequence[Rule], listed: PriceList | Priced, *, name: str, at: datetime) -> Sheets:
    """Put own prices over the catalogue's.

    Args:
        rules: Those that hold at that time, the most specific first.
        listed: What the catalogue has on the model; an answer without a cost where it has nothing.
        name: Provider and model, for reasons.
        at: When the call was made.
    """
    found = _tiers(listed, at, _discount(rules))
    starts = tuple(start for start, _ in found[1:] if start is not None)
    return Sheets(
        starts=starts,
        tiers=tuple(_sheet(rules, tier, name=name, start=start) for start, tier in found),
    )


def _tiers(
    listed: PriceList | Priced, at: datetime, discount: Rule | None
) -> list[tuple[int | None, _Listed]]:
    """Return what the catalogue says, tier by tier: the first one has no start."""
    if not isinstance(listed, PriceList):
        return [(None, _Listed(prices={}, price_id=None, gap=listed.reason or _NO_LIST))]
    try:
        quote = quoted(listed, at)
        found: list[tuple[int | None, _Listed]] = []
        tiers = zip((None, *quote.starts), quote.price_ids, quote.tiers, strict=True)
        for start, price_id, prices in tiers:
            _check(prices)
            rates = {
                key: _listed_rate(key, price, listed.token_factor, discount)
                for key, price in prices.items()
            }
            tier = _Listed(
                prices=rates, price_id=price_id, gap=None, minimum_seconds=listed.minimum_seconds
            )
            found.append((start, tier))
    except NoPrice as gap:
        return [(None, _Listed(prices={}, price_id=None, gap=f"{listed.name} {gap}"))]
    return found


def _check(prices: Mapping[str, Decimal]) -> None:
    if not prices:
        raise NoPrice("is listed in the catalogue without a price")
    if unknown := sorted(prices.keys() - UNDERSTOOD):
        raise NoPrice(f"is priced by {unknown[0]}, which this version cannot count")


def _listed_rate(key: str, price: Decimal, factor: Fraction, discount: Rule | None) -> Rate:
    exact = Fraction(price) * (factor if key in TOKEN_PRICES else 1)
    percent = Fraction(discount.discount_percent or 0) if discount else Fraction(0)
    return Rate(
        kind=TOKEN_KINDS.get(key, key),
        price=exact * (_PERCENT - percent) / _PERCENT,
        per=PER[key],
        scaled=0,
        rule=discount if percent else None,
        listed=exact,
    )


def _discount(rules: Sequence[Rule]) -> Rule | None:
    return next((rule for rule in rules if rule.discount_percent is not None), None)


def _sheet(rules: Sequence[Rule], listed: _Listed, *, name: str, start: int | None) -> Sheet:
    own = _own(rules, "prices", per=TOKENS_PER_PRICE)
    tokens = {key: rate for key, rate in listed.prices.items() if key in TOKEN_KINDS}
    if "cache_write_tokens" in own:
        # It is the price of what is written for any length of time.
        tokens = {key: rate for key, rate in tokens.items() if key not in _WRITES}
    tokens |= {CATALOGUE_KEYS[kind]: rate for kind, rate in own.items()}
    units = _named(listed.prices, unit_keys(listed.prices)) | _own(rules, "units", per=1)
    tools = _named(listed.prices, tool_keys(listed.prices)) | _own(rules, "tools", per=1)
    taking_part = _taking_part((*tokens.values(), *units.values(), *tools.values()))
    scale = lcm(
        PICODOLLARS,
        *(
            (rate.price / rate.per).denominator
            for rate in (*tokens.values(), *units.values(), *tools.values())
        ),
    )
    tokens, units, tools = (_scaled(each, scale) for each in (tokens, units, tools))
    names = "+".join(rule.name for rule in taking_part)
    return Sheet(
        name=name,
        scale=scale,
        input=_input(tokens),
        output=_output(tokens),
        units=units,
        tools=tools,
        gap=listed.gap,
        catalogue_id=listed.price_id,
        rules=taking_part,
        minimum_seconds=listed.minimum_seconds,
        bills_tokens=(
            listed.gap is not None or bool(own) or bool(TOKEN_PRICES & listed.prices.keys())
        ),
        bills_sessions="audio_hours" in listed.prices and "input_audio_hours" not in listed.prices,
        tier_start=start,
        price_id=f"own:{names}|{listed.price_id}" if listed.price_id else f"own:{names}",
    )


def _own(rules: Sequence[Rule], what: str, *, per: int) -> dict[str, Rate]:
    """Return the own prices, each from the most specific rule that has it."""
    found: dict[str, Rate] = {}
    for rule in rules:
        prices: Mapping[str, Decimal] = getattr(rule, what)
        for kind, price in prices.items():
            if kind not in found:
                found[kind] = Rate(kind=kind, price=Fraction(price), per=per, scaled=0, rule=rule)
    return found


def _named(prices: Mapping[str, Rate], keys: Mapping[str, str]) -> dict[str, Rate]:
    return {name: replace(prices[key], kind=name) for name, key in keys.items()}


def _taking_part(rates: Sequence[Rate]) -> tuple[Rule, ...]:
    found = {rate.rule.name: rate.rule for rate in rates if rate.rule is not None}
    return tuple(found[name] for name in sorted(found))


def _scaled(rates: Mapping[str, Rate], scale: int) -> dict[str, Rate]:
    # The scale is a multiple of every denominator, so nothing is cut off.
    return {
        name: replace(rate, scaled=int(rate.price / rate.per * scale))
        for name, rate in rates.items()
    }


def _input(tokens: Mapping[str, Rate]) -> Side:
    written = tokens.get("cache_write_mtok")
    kinds: tuple[tuple[str, Callable[[Usage], int], Rate | None], ...] = (
        _counted("cache_read_tokens", tokens),
        ("cache_write_5m_tokens", _short_writes, tokens.get("cache_write_5m_mtok", written)),
        (
            "cache_write_1h_tokens",
            attrgetter("cache_write_1h_tokens"),
            tokens.get("cache_write_1h_mtok", written),
        ),
        _counted("audio_input_tokens", tokens),
        _counted("image_input_tokens", tokens),
    )
    return Side(
        name="input",
        total=tokens.get("input_mtok"),
        parts=_priced(kinds),
        cached={
            f"{medium}_input_tokens": tokens[key]
            for medium, key in CACHED_MEDIA.items()
            if key in tokens
        },
    )


def _output(tokens: Mapping[str, Rate]) -> Side:
    kinds = ("reasoning_tokens", "audio_output_tokens", "image_output_tokens")
    return Side(
        name="output",
        total=tokens.get("output_mtok"),
        parts=_priced(tuple(_counted(kind, tokens) for kind in kinds)),
    )


def _counted(
    kind: str, tokens: Mapping[str, Rate]
) -> tuple[str, Callable[[Usage], int], Rate | None]:
    return kind, attrgetter(kind), tokens.get(CATALOGUE_KEYS[kind])


def _priced(
    kinds: tuple[tuple[str, Callable[[Usage], int], Rate | None], ...],
) -> tuple[tuple[str, Callable[[Usage], int], Rate], ...]:
    return tuple((kind, count, rate) for kind, count, rate in kinds if rate is not None)


def _short_writes(usage: Usage) -> int:
    """What is written to cache and not said to be kept for an hour."""
    return cache_writes(usage) - usage.cache_write_1h_tokens
