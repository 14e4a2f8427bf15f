"""Answers about prices, in USD."""

from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar, Literal

from ._base import Answer
from ._number import Number
from ._page import Page


class Price(Answer):
    """An own price: what some calls cost from an instant on."""

    id: str
    version: int
    """Counted up by each correction of a price that was there already."""
    provider: str | None
    """None is any."""
    model: str
    """Lower case; `*` stands for any characters."""
    service_tier: str | None = None
    batch: bool | None = None
    prices: dict[str, Decimal]
    """USD for 1,000,000 tokens, by kind."""
    units: dict[str, Decimal]
    """USD for one unit."""
    tools: dict[str, Decimal]
    """USD for one call of a billed tool."""
    discount_percent: Decimal | None = None
    """Off the catalogue's prices of everything that has no own price."""
    effective_from: datetime | None = None
    """None holds since ever."""
    note: str | None = None
    created_at: datetime
    created_by: str | None = None
    """The id of the key it was set with."""
    retired_at: datetime | None = None
    """When it was deleted, or replaced by its next version."""
    change: Literal["created", "replaced", "unchanged"] | None = None
    """What setting it did; None in a list."""


class PriceList(Answer):
    """Own prices, oldest first."""

    prices: list[Price]


class PricesSet(PriceList):
    """What setting prices did."""

    created: int
    replaced: int
    unchanged: int
    dry_run: bool = False


class Alias(Answer):
    """A name that calls go by, and the model behind it."""

    id: str
    alias: str
    """The model id as events have it, lower case; `*` stands for any characters."""
    provider: str | None
    """The provider that events name; None is any."""
    target_provider: str | None
    """None keeps the event's own."""
    target_model: str
    created_at: datetime
    created_by: str | None = None
    retired_at: datetime | None = None
    change: Literal["created", "replaced", "unchanged"] | None = None
    """What setting it did; None in a list."""


class AliasList(Answer):
    """Aliases, oldest first."""

    aliases: list[Alias]


class AliasesSet(AliasList):
    """What setting aliases did."""

    created: int
    replaced: int
    unchanged: int
    dry_run: bool = False


class KindPrice(Answer):
    """The price of one kind."""

    kind: str
    price: Decimal
    """USD for `per` of it."""
    per: int


class PriceTier(Answer):
    """The catalogue's prices of a model for requests of some size."""

    input_tokens_above: int | None
    """None below every tier."""
    price_id: str
    prices: list[KindPrice]


class Catalogue(Answer):
    """The price catalogue, and the prices of the model that was asked for."""

    package: str
    version: str
    as_of: date | None
    """The latest day on which one of its prices starts that is not in the future."""
    at: datetime | None = None
    tiers: tuple[PriceTier, ...] = ()
    reason: str | None = None
    """Why the model has no price."""


class MissingPrice(Answer):
    """The events of one model that have no price."""

    provider: str
    model: str
    event_count: int
    first_seen: datetime
    last_seen: datetime
    example_event_id: str
    reason: str | None
    """Why they have none; None if there is a price by now, which a re-cost puts to them."""


class MissingPrices(Page[MissingPrice]):
    """Models without a price, a page of them, those with the most events first."""

    items: list[MissingPrice]
    unpriced_events: int


class CostLine(Answer):
    """One term of a cost: so many of one kind at its price."""

    kind: str
    """`stated` where somebody stated the whole cost."""
    quantity: Number
    price: Decimal | None
    """USD for `per` of it."""
    per: int
    amount: Decimal
    """USD; those of all lines add up to the cost to the last digit."""
    source: str
    """Whose price it is, and of what date."""
    rule_id: str | None = None
    rule_version: int | None = None
    effective_from: datetime | None = None
    list_price: Decimal | None = None
    """The catalogue's, before any discount."""
    discount_percent: Decimal | None = None


class PricedAs(Answer):
    """The model an event is priced as: another one than it names where an alias says so."""

    provider: str
    model: str


class CurrentCost(Answer):
    """What an event would cost if it came in now, dated as it is."""

    cost: Decimal | None
    cost_source: str | None
    price_id: str | None
    reason: str | None
    """Why it has no price."""


class EventRecost(Answer):
    """What a re-costing run did to an event."""

    recost_id: str
    at: datetime
    status: str
    before: Decimal | None
    after: Decimal | None


class Explanation(Answer):
    """How the cost of an event comes about, under the prices of today."""

    rows_field: ClassVar[str | None] = "lines"

    event_id: str
    timestamp: datetime
    provider: str
    model: str
    cost: Decimal | None
    """As it is stored."""
    cost_source: str | None
    price_id: str | None
    priced_as: PricedAs
    alias_id: str | None = None
    input_tokens_above: int | None = None
    """The catalogue's tier that the size of the input picks; None below every one."""
    lines: list[CostLine]
    total: Decimal | None
    """The sum of the lines."""
    current: CurrentCost
    up_to_date: bool
    """Whether the stored cost is what the lines say."""
    note: str | None = None
    catalogue: Catalogue
    recosts: tuple[EventRecost, ...] = ()


class RecostFigures(Answer):
    """What other prices make of some events; stated costs are not looked at."""

    event_count: int
    cost_before: Decimal
    cost_after: Decimal
    change: Decimal
    changed_events: int
    newly_priced_events: int
    newly_unpriced_events: int
    unpriced_events: int
    """Events without a price afterwards."""


class ModelRecost(RecostFigures):
    """The figures of one model."""

    provider: str
    model: str


class DayRecost(RecostFigures):
    """The figures of one day of the time zone."""

    date: date


class Recost(RecostFigures):
    """A re-costing run, or what one would do."""

    rows_field: ClassVar[str | None] = "models"

    recost_id: str | None
    """None for a dry run."""
    status: str
    """`dry_run`, `running`, `done`, `undoing`, `undone`, or `interrupted`: resume or undo it."""
    start_date: datetime
    end_date: datetime
    """Exclusive."""
    timezone: str
    filters: dict[str, list[str]]
    price_version: str
    created_at: datetime | None = None
    created_by: str | None = None
    finished_at: datetime | None = None
    undone_at: datetime | None = None
    undone_by: str | None = None
    models: tuple[ModelRecost, ...] = ()
    days: tuple[DayRecost, ...] = ()


class Recosts(Answer):
    """Runs, the latest first, without their models and days."""

    recosts: list[Recost]
