"""A declared surface, compiled: what a response reports, as raw values and then as usage.

Reading takes the values; what they mean is worked out when somebody asks, which for most events is
the background worker.
"""

from __future__ import annotations

import contextlib
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final, cast

from .._lazy import lazy
from .._record import Record
from ..batching.processes import loading
from ._paths import Getter, matcher, reader, whole
from ._plan import Plan, Values

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ._extractor import Chunk, Extractor, Flavor, Linked, Paths, Signature, StatedCost

ORDINARY_TIERS: Final = frozenset(("default", "standard", "on_demand", "auto"))
"""Words for ordinary service: another word beside one of them says more."""
ANYWHERE: Final = frozenset(("", "global", "not_available"))
"""Words for a call that was bound to no place (Anthropic)."""

PARTS: Final = (
    ("input_tokens", ("cache_read_tokens", "cache_write_tokens")),
    ("input_tokens", ("audio_input_tokens", "image_input_tokens")),
    ("input_tokens", ("tool_use_prompt_tokens",)),
    ("output_tokens", ("audio_output_tokens", "image_output_tokens")),
    ("output_tokens", ("reasoning_tokens",)),
    ("cache_write_tokens", ("cache_write_1h_tokens", "cache_write_5m_tokens")),
)
"""The counts that are parts of another; those in one line exclude each other."""

UNKNOWN_MODEL: Final = "unknown"
MAX_AMOUNT: Final = 10**15
MAX_COST: Final = 999_999
"""USD; no call costs more, and a damaged number may say so."""
_COST_STEP: Final = Decimal(1).scaleb(-12)
"""The ledger keeps as many digits."""
MAX_REMEMBERED_MODELS: Final = 1_024
Places = tuple[tuple[int, ...], ...]
"""For a sum: where the choices of each summand stand."""


class Usage(Record):
    """What a response reports, in our words."""

    counts: dict[str, int]
    """Token counts by name; one that nobody reported is absent."""
    tool_calls: dict[str, int]
    units: dict[str, int | float]
    service_tier: str | None
    inference_geo: str | None
    """The place that the call was bound to, in the provider's word; None if to none."""
    batch: bool
    provider_cost: Decimal | None
    """US dollars, where the provider itself states them."""
    reported: dict[str, int | float]
    """Numbers of the usage that this version has no word for, by path."""


class Look(Record):
    """One way in which a surface shows itself."""

    flavor: CompiledFlavor
    matches: Callable[[Any], bool]
    particular: int
    """How much it asks for: what asks for more is tried first."""


class CompiledFlavor:
    """A flavor with its paths turned into functions, each when it is first needed: most never are.

    Args:
        extractor: The provider's declaration.
        flavor: One of its flavors.
        is_marked: Whether other providers answer in this shape, too, and can be told by a mark.
    """

    def __init__(self, extractor: Extractor, flavor: Flavor, *, is_marked: bool) -> None:
        self.extractor = extractor
        self.provider = extractor.provider
        self.declared = flavor
        self.is_marked = is_marked
        self.is_told = is_marked or bool(extractor.provider_at)
        """Whether a response of it may be another provider's."""
        self.is_plain = not (
            flavor.free or flavor.pending or flavor.batch is not None or flavor.linked
        )
        """Whether its counts are all there is to read."""
        self._camel = extractor.camel_case
        plan = Plan(
            camel_case=self._camel,
            usage=flavor.usage,
            ignores=flavor.ignores,
            omits_zero=flavor.omits_zero,
            finds_extras=is_marked and bool(flavor.own_ids),
        )
        self.own = Own(plan, flavor.own_ids) if is_marked and flavor.own_ids else None
        self._counts = _sums(plan, flavor.counts)
        self._units = _sums(plan, flavor.units)
        self._units_instead = _sums(plan, flavor.units_instead)
        self._tools = _sums(plan, flavor.tool_calls)
        self._model = plan.places(flavor.model) if flavor.model else ()
        self.model_place = self._model[0] if self._model else 0
        """Where in the values the model mostly is; no model is at 0."""
        self._id = plan.places(flavor.id) if flavor.id else ()
        self._tier = plan.places(flavor.service_tier) if flavor.service_tier else ()
        self._geo = plan.places(flavor.inference_geo) if flavor.inference_geo else ()
        self._total = plan.places(flavor.total) if flavor.total else ()
        self._cost = _CompiledCost(plan, flavor.cost) if flavor.cost else None
        self._plan = plan

    @lazy
    def read(self) -> Callable[[Any], Values]:
        """Reads a response's values."""
        return self._plan.compiled()

    @lazy
    def plain(self) -> Callable[[Values], tuple[str, str, str] | None]:
        """Writes the values of an ordinary response as JSON; None for one that isn't: `_plain`."""
        with loading():
            from ._plain import PlainForm

        sums = (self._units, self._units_instead, self._tools)
        weighed = {place for one in sums for sum_ in one.values() for p in sum_ for place in p}
        if self._cost:
            weighed.update(self._cost.places)
        return PlainForm(
            counts=self._counts,
            parts=PARTS,
            weighed=tuple(sorted(weighed)),
            zero=self.declared.zero,
            omits_zero=self.declared.omits_zero,
            total=self._total,
            tier=self._tier,
            geo=self._geo,
            anywhere=ANYWHERE,
            response_id=self._id,
        ).compiled()

    @lazy
    def provider_at(self) -> Getter | None:
        """Reads the provider behind this one."""
        return reader(self.extractor.provider_at) if self.extractor.provider_at else None

    @lazy
    def looks(self) -> tuple[Look, ...]:
        """How it shows itself as JSON, or in a class that nobody named."""
        return tuple(
            Look(flavor=self, matches=self._matcher(signature), particular=len(signature))
            for signature in (self.declared.signature, *self.declared.also)
            if signature is not None
        )

    @lazy
    def chunks(self) -> tuple[tuple[Callable[[Any], bool], Getter, Chunk], ...]:
        """The stream items that matter: a test, and where in the item to read."""
        return tuple(
            (self._matcher(chunk.signature), reader(chunk.at, camel_case=self._camel), chunk)
            for chunk in self.declared.chunks
        )

    @lazy
    def snapshot(self) -> Getter | None:
        """Reads the response put together so far from the SDK's stream helper."""
        return reader(self.declared.snapshot) if self.declared.snapshot else None

    @lazy
    def finished(self) -> Callable[[Any], bool]:
        """Whether such a response is whole."""
        return self._matcher(self.declared.finished)

    @lazy
    def linked(self) -> tuple[CompiledLinked, ...]:
        """What is billed beside the main usage."""
        return tuple(CompiledLinked(one, camel_case=self._camel) for one in self.declared.linked)

    @lazy
    def _is_pending(self) -> Callable[[Any], bool] | None:
        return self._matcher(self.declared.pending) if self.declared.pending else None

    @lazy
    def _is_batch(self) -> Callable[[Any], bool] | None:
        return self._matcher(self.declared.batch) if self.declared.batch is not None else None

    def _matcher(self, signature: Signature) -> Callable[[Any], bool]:
        return matcher(signature, camel_case=self._camel)

    def matches(self, response: Any) -> bool:
        """Whether `response` looks like this surface."""
        return any(look.matches(response) for look in self.looks)

    def model(self, values: Values) -> str | None:
        """The model that a response names."""
        for place in self._model:
            if isinstance(values[place], str):
                return values[place]
        return None

    def response_id(self, values: Values) -> str | None:
        """The provider's id of a response."""
        return _first_text(values, self._id)

    def is_unbilled(self, response: Any) -> bool:
        """Whether a response is still being made, or never billed."""
        return self.declared.free or (self._is_pending is not None and self._is_pending(response))

    def is_batch(self, response: Any) -> bool:
        """Whether a response says that it was part of a batch."""
        return self._is_batch is not None and self._is_batch(response)

    def usage(self, values: Values, *, batch: bool = False, partial: bool = False) -> Usage:
        """What the values read from a response mean.

        Args:
            values: What was read.
            batch: The response was part of a batch.
            partial: More was to come: what is not there yet may not be zero.
        """
        counts = _counts(values, self._counts)
        if counts and self.declared.omits_zero and not partial:
            counts = {"input_tokens": 0, "output_tokens": 0, **counts}
        if self._total:
            _raise_to_total(counts, next((c for p in self._total if (c := whole(values[p]))), 0))
        units = _numbers(values, self._units)
        if not counts:
            units = {**_numbers(values, self._units_instead), **units}
        if counts or units:
            counts = {**dict.fromkeys(self.declared.zero, 0), **counts}
        reported: dict[str, int | float] = dict(values[0] or {})
        _keep_parts_within(counts, reported)
        return Usage(
            counts=counts,
            tool_calls={k: n for k, n in _counts(values, self._tools).items() if n},
            units=units,
            service_tier=self._service_tier(values),
            inference_geo=self._inference_geo(values),
            batch=batch,
            provider_cost=self._cost.read(values) if self._cost else None,
            reported=reported,
        )

    def _service_tier(self, values: Values) -> str | None:
        tiers = [tier for place in self._tier if (tier := _text(values[place]))]
        special = [tier for tier in tiers if tier.lower() not in ORDINARY_TIERS]
        return (special or tiers or [None])[0]

    def _inference_geo(self, values: Values) -> str | None:
        place = _first_text(values, self._geo)
        return None if place is None or place.lower() in ANYWHERE else place


class Own:
    """Tells most responses of the shape's own provider at a glance, without trying every mark.

    They have no field beyond those that the provider's SDK declares, ids as it makes them, and a
    model and fingerprint that were seen before, when no mark was found.
    """

    __slots__ = ("_fingerprint", "_id", "_ids", "_model", "_seen")

    def __init__(self, plan: Plan, ids: tuple[str, ...]) -> None:
        (self._id,), (self._model,) = plan.places("id"), plan.places("model")
        (self._fingerprint,) = plan.places("system_fingerprint")
        self._ids = ids
        self._seen: set[tuple[Any, Any]] = set()

    def bears_no_mark(self, values: Values) -> bool:
        """Whether no mark needs to be tried on the response with these values.

        At every call, so it is written out: `learn` asks the same but for what was seen.
        """
        response_id = values[self._id]
        try:
            return (
                values[-1]
                and (values[self._model], values[self._fingerprint]) in self._seen
                and type(response_id) is str
                and response_id.startswith(self._ids)
            )
        except TypeError:  # a model that is a dict, say
            return False

    def learn(self, values: Values) -> None:
        """Take note of a response on which no mark was found."""
        response_id = values[self._id]
        if (
            values[-1]
            and len(self._seen) < MAX_REMEMBERED_MODELS
            and type(response_id) is str
            and response_id.startswith(self._ids)
        ):
            with contextlib.suppress(TypeError):
                self._seen.add((values[self._model], values[self._fingerprint]))


class CompiledLinked:
    """Usage beside the main counts, compiled."""

    def __init__(self, declared: Linked, *, camel_case: bool) -> None:
        self._at = reader(declared.at, camel_case=camel_case)
        self._matches = matcher(declared.signature, camel_case=camel_case)
        plan = Plan(camel_case=camel_case)
        self._sums = _sums(plan, declared.counts)
        self._model = plan.places(declared.model) if declared.model else ()
        self._plan = plan
        self._model_at = (
            reader(declared.model_at, camel_case=camel_case) if declared.model_at else None
        )

    @lazy
    def _read(self) -> Callable[[Any], Values]:
        return self._plan.compiled()

    def find(self, response: Any) -> list[Beside]:
        """Each such object that reports any usage."""
        found = self._at(response)
        items = cast("Sequence[Any]", found) if isinstance(found, list | tuple) else (found,)
        usages: list[Beside] = []
        for item in items:
            if item is None or not self._matches(item):
                continue
            values = self._read(item)
            counts = _counts(values, self._sums)
            if any(counts.values()):
                model = _first_text(values, self._model)
                if self._model_at is not None:
                    model = _text(self._model_at(response)) or UNKNOWN_MODEL
                _keep_parts_within(counts, {})
                usages.append(Beside(model=model, counts=counts))
        return usages


class Beside(Record):
    """Usage beside the main usage of a response."""

    model: str | None
    """Its own model; None where it is the response's."""
    counts: dict[str, int]


class _CompiledCost:
    def __init__(self, plan: Plan, declared: StatedCost) -> None:
        self._unit = declared.unit
        self._amount = plan.places(declared.path)
        self._upstream = plan.places(declared.upstream) if declared.upstream else ()
        self._if = [(plan.places(path), wanted) for path, wanted in declared.upstream_if.items()]
        self.places = self._amount
        """Where it stands: without an amount there there is none."""

    def read(self, values: Values) -> Decimal | None:
        """The stated cost in US dollars."""
        amount = _first_amount(values, self._amount)
        if amount is None:
            return None
        if self._if and all(values[places[0]] == wanted for places, wanted in self._if):
            upstream = _first_amount(values, self._upstream)
            if upstream is None:
                return None  # another provider bills the call too, and nobody says how much
            amount += upstream
        cost = amount * self._unit
        if cost > MAX_COST:
            return None
        rounded = cost.quantize(_COST_STEP)
        return cost if cost == rounded else rounded


def _sums(plan: Plan, paths: Mapping[str, Paths]) -> dict[str, Places]:
    return {
        name: tuple(plan.places(path) for path in ((one,) if isinstance(one, str) else one))
        for name, one in paths.items()
    }


def _raise_to_total(counts: dict[str, int], total: int) -> None:
    """Generated is at least what the stated total leaves beside the input."""
    if "input_tokens" in counts and total > counts["input_tokens"]:
        generated = total - counts["input_tokens"]
        counts["output_tokens"] = max(generated, counts.get("output_tokens", 0))


def _counts(values: Values, sums: Mapping[str, Places]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for name, summands in sums.items():
        for places in summands:
            for place in places:
                count = whole(values[place])
                if count is not None:
                    counts[name] = counts.get(name, 0) + count
                    break
    return counts


def _numbers(values: Values, sums: Mapping[str, Places]) -> dict[str, int | float]:
    numbers: dict[str, int | float] = {}
    for name, summands in sums.items():
        for places in summands:
            found = next((values[place] for place in places if values[place] is not None), None)
            if isinstance(found, str):
                found = _amount(found)
            if isinstance(found, Decimal):
                found = float(found)
            if (
                isinstance(found, int | float)
                and not isinstance(found, bool)
                and 0 < found <= MAX_AMOUNT
            ):
                count = whole(found)
                numbers[name] = numbers.get(name, 0) + (found if count is None else count)
    return numbers


def _keep_parts_within(counts: dict[str, int], reported: dict[str, int | float]) -> None:
    """Cut a part that is above its whole; the number as it was sent stays beside, as reported.

    xAI counts the files of a prompt among its cached tokens and not among its tokens.
    """
    for total, parts in PARTS:
        left = counts.get(total)
        if left is None:
            continue
        for part in parts:
            if counts.get(part, 0) > left:
                reported[part] = counts[part]
                counts[part] = left
            left -= counts.get(part, 0)


def _first_text(values: Values, places: tuple[int, ...]) -> str | None:
    for place in places:
        text = _text(values[place])
        if text is not None:
            return text
    return None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _first_amount(values: Values, places: tuple[int, ...]) -> Decimal | None:
    amounts = (_amount(values[place]) for place in places)
    return next((amount for amount in amounts if amount is not None), None)


def _amount(value: Any) -> Decimal | None:
    """An amount as it was written: 0.1 is a tenth."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    try:
        amount = Decimal(repr(value) if isinstance(value, float) else value)
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and 0 <= amount <= MAX_AMOUNT else None
