"""What could be better, by rules a person can check; with a saving only where one can be told."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from itertools import zip_longest
from typing import TYPE_CHECKING, Final, Literal

from bearlumen.pricing import Usage

from .costs import percent_of
from .question import Question, ask, filled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bearlumen_server.pricebook.own import Prices
    from bearlumen_server.storage import Store

    from .movers import Movement

Kind = Literal["unpriced_model", "negative_margin", "uncached_input", "unattributed_cost"]

LARGE_INPUT: Final = 1024
"""Tokens: the shortest prompt that OpenAI and most models of Anthropic cache.

https://platform.openai.com/docs/guides/prompt-caching"""
REPEATED: Final = 20
"""Calls: fewer may have had nothing in common."""
UNATTRIBUTED_FROM: Final = Decimal(10)
"""Percent of the cost that has to lack a label for somebody to be told."""

_GROUPS: Final = f"""
    SELECT provider, model, feature, count(*) AS events, coalesce(sum(cost), 0) AS total,
           count(*) - count(cost) AS unpriced, coalesce(sum(cache_read_tokens), 0) AS cached,
           count(CASE WHEN input_tokens >= {LARGE_INPUT} THEN 1 END) AS large,
           min(CASE WHEN input_tokens >= {LARGE_INPUT} THEN input_tokens END) AS smallest
    FROM events WHERE {{where}} GROUP BY provider, model, feature"""  # noqa: S608
_MODELS: Final = f"""
    WITH groups AS ({_GROUPS}),
    unpriced AS (
        SELECT provider, model, CAST(NULL AS VARCHAR) AS feature,
               CAST(sum(unpriced) AS BIGINT) AS events, CAST(0 AS DECIMAL(38, 12)) AS total,
               CAST(NULL AS BIGINT) AS smallest, 1 AS rule
        FROM groups GROUP BY provider, model HAVING sum(unpriced) > 0
        ORDER BY events DESC, provider, model LIMIT {{limit}}),
    uncached AS (
        SELECT provider, model, feature, large, CAST(total AS DECIMAL(38, 12)), smallest, 2
        FROM groups WHERE cached = 0 AND large >= {REPEATED}
        ORDER BY large * smallest DESC, provider, model, feature LIMIT {{limit}})
    SELECT * FROM unpriced UNION ALL SELECT * FROM uncached"""  # noqa: S608
_PAID: Final = "SELECT count(*) FROM revenue_entries WHERE {where} AND amount <> 0"


@dataclass(frozen=True, kw_only=True, slots=True)
class Opportunity:
    """Something to be done, and why."""

    kind: Kind
    explanation: str
    events: int | None = None
    cost: Decimal | None = None
    """USD, of what it is about."""
    saving: Decimal | None = None
    """USD in the range, at most; None where nobody can tell."""
    provider: str | None = None
    model: str | None = None
    feature: str | None = None
    end_user: str | None = None
    label: str | None = None


def anybody_paid(store: Store, question: Question) -> bool:
    """Return whether there is revenue to compare the question's cost with.

    Revenue has no model: what only some of the events cost makes no margin.
    """
    whole = set(question.labels) <= {"end_user"} and not question.dimensions
    return whole and bool(ask(store, _PAID, question)[0][0])


def opportunities(
    store: Store,
    question: Question,
    *,
    movement: Movement,
    prices: Prices,
    revenue: bool,
    limit: int,
) -> list[Opportunity]:
    """Return what could be better, the first of every kind before the second of any.

    Args:
        store: The ledger.
        question: Which events.
        movement: What the cost of the period was, with revenue or not.
        prices: To know what reading from a cache would have cost.
        revenue: Whether it says what end users paid.
        limit: How many.
    """
    unpriced, uncached = _of_models(store, question, prices, limit)
    losing = _of_end_users(movement) if revenue else []
    kinds = (unpriced, losing, uncached, _of_labels(movement))
    return [each for rank in zip_longest(*kinds) for each in rank if each is not None][:limit]


def _of_models(
    store: Store, question: Question, prices: Prices, limit: int
) -> tuple[list[Opportunity], list[Opportunity]]:
    sql = filled(_MODELS, {"limit": store.dialect.bind("limit")})
    unpriced: list[Opportunity] = []
    uncached: list[Opportunity] = []
    for provider, model, feature, events, total, smallest, rule in ask(
        store, sql, question, {"limit": limit}
    ):
        if rule == 1:
            unpriced.append(
                Opportunity(
                    kind="unpriced_model",
                    explanation=f"{events} events have no known price, so that every cost they "
                    "are part of is too low. Set a price for the model.",
                    events=events,
                    provider=provider,
                    model=model,
                )
            )
            continue
        saving = _saving(prices, question, provider, model, smallest)
        if saving is not None and saving > 0:
            uncached.append(
                Opportunity(
                    kind="uncached_input",
                    explanation=f"{events} calls had {smallest} input tokens or more, and none was "
                    "read from the cache. Where they begin alike, reading that from the cache "
                    "saves up to this much.",
                    events=events,
                    cost=total,
                    saving=saving * (events - 1),
                    provider=provider,
                    model=model,
                    feature=feature,
                )
            )
    uncached.sort(key=lambda one: (-(one.saving or 0), one.provider, one.model, one.feature or ""))
    return unpriced, uncached


def _saving(
    prices: Prices, question: Question, provider: str, model: str, tokens: int
) -> Decimal | None:
    """Return what one call saves by reading as many tokens from the cache; None if unknown."""
    plain, cached = (
        prices.price(
            provider=provider,
            model=model,
            at=question.end,
            usage=Usage(input_tokens=tokens, output_tokens=0, cache_read_tokens=read),
        ).cost
        for read in (0, tokens)
    )
    return None if plain is None or cached is None else plain - cached


def _of_end_users(movement: Movement) -> list[Opportunity]:
    """Return those who cost more than they pay."""
    losing = [
        (each.revenue or Decimal(0), each)
        for each in movement.parts
        if each.label == "end_user" and each.value is not None and each.now > (each.revenue or 0)
    ]
    losing.sort(key=lambda one: (one[0] - one[1].now, one[1].value))
    return [
        Opportunity(
            kind="negative_margin",
            explanation=f"Cost {each.now.normalize():f} USD and paid {revenue.normalize():f}.",
            cost=each.now,
            saving=each.now - revenue,
            end_user=each.value,
        )
        for revenue, each in losing
    ]


def _of_labels(movement: Movement) -> list[Opportunity]:
    """Return the labels that some events have and much of the cost has not."""
    whole = movement.whole.now
    found: list[Opportunity] = []
    for label in ("end_user", "feature"):
        parts: Sequence[str] = movement.largest(label)
        without = [one for one in movement.parts if one.label == label and one.value is None]
        if not parts or not without:
            continue
        share = percent_of(without[0].now, whole)
        if share >= UNATTRIBUTED_FROM:
            name = label.replace("_", " ")
            found.append(
                Opportunity(
                    kind="unattributed_cost",
                    explanation=f"{share.normalize():f} % of the cost is of events without "
                    f"{name}, so that nobody can say whose it is. Track them with one.",
                    events=without[0].events,
                    cost=without[0].now,
                    label=label,
                )
            )
    return found
