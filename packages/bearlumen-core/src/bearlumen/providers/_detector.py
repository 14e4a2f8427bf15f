"""Recognise a response and read what it reports.

The class comes first, by the root package of any class it descends from, so that the six SDKs that
share OpenAI's JSON are told apart; the shape second, for plain JSON. Nothing is guessed: what
fits no declaration is not detected.
"""

import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from ._extractor import Extractor, Flavor, Getter, matcher, reader, whole

MAX_REMEMBERED_TYPES = 4_096


@dataclass(frozen=True, kw_only=True, slots=True)
class Detection:
    """What one response, or one finished stream, says about itself."""

    provider: str
    flavor: str
    model: str | None
    counts: Mapping[str, int]
    """Reported counts by name; one that nobody reported is absent."""
    tool_calls: Mapping[str, int] = field(default_factory=dict[str, int])
    service_tier: str | None = None
    response_id: str | None = None
    pending: bool = False
    """The response is still being made: nothing is billed yet."""


@dataclass(slots=True)
class Reading:
    """Raw values by their path's place in the flavor, before they become counts.

    A stream is read into one of these item by item: what a later item reports replaces what an
    earlier one did, and what it leaves out stays.
    """

    values: dict[int, int] = field(default_factory=dict[int, int])
    model: str | None = None
    response_id: str | None = None
    service_tier: str | None = None


class CompiledFlavor:
    """A flavor with its paths turned into functions."""

    def __init__(self, extractor: Extractor, flavor: Flavor) -> None:
        camel = extractor.camel_case
        self.provider = extractor.provider
        self.packages = extractor.packages
        self.declared = flavor
        self.matches = matcher(flavor.signature, camel_case=camel)
        self.specificity = len(flavor.signature)
        self._pending = matcher(flavor.pending, camel_case=camel) if flavor.pending else None
        self._model = reader(flavor.model, camel_case=camel) if flavor.model else None
        self._id = reader(flavor.id, camel_case=camel) if flavor.id else None
        self._tier = reader(flavor.service_tier, camel_case=camel) if flavor.service_tier else None
        self.chunks = tuple(
            (matcher(c.signature, camel_case=camel), reader(c.at, camel_case=camel), c)
            for c in flavor.chunks
        )
        self.snapshot = reader(flavor.snapshot) if flavor.snapshot else None
        self.finished = matcher(flavor.finished, camel_case=camel)
        # Each path is read once, however many counts it is part of.
        self._readers: list[Getter] = []
        places: dict[str, int] = {}

        def place(path: str) -> int:
            if path not in places:
                places[path] = len(places)
                self._readers.append(reader(path, camel_case=camel))
            return places[path]

        self._sums = {
            name: tuple(place(path) for path in ((paths,) if isinstance(paths, str) else paths))
            for name, paths in flavor.counts.items()
        }
        self._tools = {name: place(path) for name, path in flavor.tool_calls.items()}

    def read(self, response: Any, into: Reading) -> None:
        """Read what `response`, or a part of one, reports; keep what it leaves out."""
        for place, read in enumerate(self._readers):
            value = whole(read(response))
            if value is not None:
                into.values[place] = value
        if self._model is not None:
            into.model = _text(self._model(response)) or into.model
        if self._id is not None:
            into.response_id = _text(self._id(response)) or into.response_id
        if self._tier is not None:
            into.service_tier = _text(self._tier(response)) or into.service_tier

    def detection(self, reading: Reading, *, pending: bool = False) -> Detection:
        """The counts that a reading adds up to."""
        values = reading.values
        counts: dict[str, int] = {}
        for name, places in self._sums.items():
            reported = [values[place] for place in places if place in values]
            if reported:
                counts[name] = sum(reported)
        if counts and self.declared.omits_zero:
            counts = {"input_tokens": 0, "output_tokens": 0, **counts}
        return Detection(
            provider=self.provider,
            flavor=self.declared.name,
            model=reading.model,
            counts=counts,
            tool_calls={
                name: values[place] for name, place in self._tools.items() if values.get(place)
            },
            service_tier=reading.service_tier,
            response_id=reading.response_id,
            pending=pending,
        )

    def detect(self, response: Any) -> Detection:
        """Read a whole response that this flavor matches."""
        reading = Reading()
        self.read(response, reading)
        pending = self._pending is not None and self._pending(response)
        return self.detection(reading, pending=pending)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


@cache
def extractors() -> tuple[Extractor, ...]:
    """Every provider module's declaration; a public module of this package is a provider."""
    package = importlib.import_module(__package__ or "")
    return tuple(
        importlib.import_module(f"{package.__name__}.{found.name}").EXTRACTOR
        for found in sorted(pkgutil.iter_modules(package.__path__), key=lambda found: found.name)
        if not found.name.startswith("_")
    )


@cache
def flavors() -> tuple[CompiledFlavor, ...]:
    """Every flavor, the most particular signature first."""
    compiled = [
        CompiledFlavor(extractor, flavor)
        for extractor in extractors()
        for flavor in extractor.flavors
    ]
    return tuple(sorted(compiled, key=lambda flavor: -flavor.specificity))


_by_type: dict[type[object], tuple[CompiledFlavor, ...]] = {}


def candidates(value: object) -> tuple[CompiledFlavor, ...]:
    """The flavors that an object of its class can be."""
    kind = type(value)
    known = _by_type.get(kind)
    if known is None:
        roots = {base.__module__.partition(".")[0] for base in kind.__mro__}
        roots |= {
            ".".join(base.__module__.split(".")[:2])
            for base in kind.__mro__
            if base.__module__.startswith("google.")
        }
        known = tuple(f for f in flavors() if roots.intersection(f.packages))
        if not known and issubclass(kind, dict):
            known = flavors()
        if len(_by_type) < MAX_REMEMBERED_TYPES:
            _by_type[kind] = known
    return known


def preferring(provider: str | None, found: Iterable[CompiledFlavor]) -> list[CompiledFlavor]:
    """The same flavors, those of the provider that the caller named first."""
    return sorted(found, key=lambda flavor: flavor.provider != provider)


def detect(response: Any, *, provider: str | None = None) -> Detection | None:
    """Recognise a whole response; None where nothing fits.

    Args:
        response: An SDK object, or the same response as a mapping.
        provider: What the caller says it is: that provider's shapes are tried first.
    """
    found = candidates(response)
    for flavor in preferring(provider, found) if provider else found:
        if flavor.matches(response):
            return flavor.detect(response)
    return None
