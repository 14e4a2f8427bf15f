"""Recognise a response and read what it reports.

The class comes first, by the root package of any class it descends from, so that the many SDKs
that share OpenAI's JSON are told apart; the shape second, for plain JSON. Nothing is guessed: what
fits no declaration is not detected.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, Final

from .._lazy import lazy
from . import _index
from ._fields import is_lasting
from ._paths import reader
from ._registry import (
    CompiledEnvelope,
    envelopes_of,
    flavor_named,
    flavors_of,
    marks_on,
    modules_for,
    provider_at,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ._flavor import Beside, CompiledFlavor, Look, Usage
    from ._plan import Values

MAX_REMEMBERED_TYPES: Final = 4_096
MAX_ENVELOPES: Final = 3
"""An envelope can hold an envelope; something endless holds itself."""


class Detection:
    """What one response, or one finished stream, says about itself.

    The values are taken when it is made; `usage` works out what they mean when it is read.
    """

    __slots__ = (
        "_batch",
        "_partial",
        "_usage",
        "_values",
        "flavor",
        "linked",
        "model",
        "pending",
        "provider",
    )

    def __init__(
        self,
        flavor: CompiledFlavor,
        values: Values,
        provider: str,
        *,
        batch: bool = False,
        pending: bool = False,
        partial: bool = False,
        linked: tuple[Beside, ...] = (),
    ) -> None:
        self.flavor = flavor
        self.provider = provider
        self.pending = pending
        """The response is still being made, or nothing is ever billed for it."""
        self.linked = linked
        """What is billed beside the main usage."""
        model = values[flavor.model_place]
        self.model = model if type(model) is str else flavor.model(values)
        self._values = values
        self._batch = batch
        self._partial = partial
        self._usage: Usage | None = None

    @property
    def usage(self) -> Usage:
        """What was used."""
        if self._usage is None:
            self._usage = self.flavor.usage(self._values, batch=self._batch, partial=self._partial)
        return self._usage

    def plain(self) -> tuple[str, str, str] | None:
        """What an ordinary response reports, as JSON; None for one that isn't: see `_plain`."""
        return None if self._batch else self.flavor.plain(self._values)

    def fill_from(self, other: Detection) -> None:
        """Take from `other`, of the same response, the counts and labels that this one lacks."""
        # It is no ordinary response any more.
        reported: Any = self._values[0] or {}
        self._values = (reported, *self._values[1:])
        own, more = self.usage, other.usage
        self._usage = own.changed(
            counts={**more.counts, **own.counts},
            service_tier=own.service_tier or more.service_tier,
        )

    @property
    def response_id(self) -> str | None:
        """The provider's id of the response."""
        return self.flavor.response_id(self._values)


class _Known:
    """What objects of one class can be."""

    def __init__(self, kind: type[object]) -> None:
        roots = _roots(kind)
        self._names = {base.__name__.partition("[")[0] for base in kind.__mro__}
        self._modules = modules_for(roots)
        self._is_plain = not self._modules and issubclass(kind, dict)
        if self._is_plain:
            self._modules = _index.PLAIN
        self.flavor: CompiledFlavor | None = None
        """The surface that its class alone tells."""
        if not self._is_plain:
            found = (flavor_named(module, self._names) for module in self._modules)
            self.flavor = next((flavor for flavor in found if flavor), None)

    @lazy
    def flavors(self) -> tuple[CompiledFlavor, ...]:
        """The surfaces that it can be of."""
        return tuple(
            flavor
            for module in self._modules
            for flavor in flavors_of(module)
            if not (self._is_plain and flavor.declared.shared)
        )

    @lazy
    def looks(self) -> tuple[Look, ...]:
        """The shapes that it can have, the most particular first."""
        looks = [look for flavor in self.flavors for look in flavor.looks]
        return tuple(sorted(looks, key=lambda look: -look.particular))

    @lazy
    def envelopes(self) -> tuple[CompiledEnvelope, ...]:
        """What it can be that holds a response."""
        return tuple(
            envelope
            for module in self._modules
            for envelope in envelopes_of(module)
            if (
                envelope.matches is not None
                if self._is_plain
                else self._names.intersection(envelope.declared.classes)
            )
        )


_by_type: dict[type[object], _Known] = {}
_fleeting: weakref.WeakKeyDictionary[type[object], _Known] = weakref.WeakKeyDictionary()


def _roots(kind: type[object]) -> set[str]:
    modules = {str(base.__module__) for base in kind.__mro__}
    roots = {module.partition(".")[0] for module in modules}
    return roots | {
        ".".join(module.split(".")[:2]) for module in modules if module.startswith("google.")
    }


def flavor_of(kind: type[object]) -> CompiledFlavor | None:
    """The surface that the class of a response alone tells; None if it tells none."""
    found = _by_type.get(kind)
    return (found or known_type(kind)).flavor


def known(value: object) -> _Known:
    """What an object of its class can be."""
    found = known_type(type(value))
    if not found.flavors and not found.envelopes:
        # A proxy says what it stands for.
        stands_for: object = getattr(value, "__class__", None)
        if isinstance(stands_for, type) and stands_for is not type(value):
            return known_type(stands_for)
    return found


def known_type(kind: type[object]) -> _Known:
    """What objects of a class can be."""
    found = _by_type.get(kind) or _fleeting.get(kind)
    if found is None:
        found = _Known(kind)
        if not is_lasting(kind):
            _fleeting[kind] = found
        elif len(_by_type) < MAX_REMEMBERED_TYPES:
            _by_type[kind] = found
    return found


def preferring(provider: str | None, found: Iterable[Look]) -> Iterable[Look]:
    """The same looks, those of the provider that the caller named first."""
    if provider is None:
        return found
    return sorted(found, key=lambda look: look.flavor.provider != provider)


def detect(response: Any, *, provider: str | None = None) -> Detection | None:
    """Recognise a whole response; None where nothing fits.

    Args:
        response: An SDK object, or the same response as a mapping.
        provider: What the caller says it is: that provider's shapes are tried first.
    """
    kind = known(response)
    if kind.flavor is not None:
        return read(kind.flavor, response, stated=provider)
    return _detect(response, provider, batch=False, depth=0)


def detect_json(response: Any, *, held_by: object, provider: str | None) -> Detection | None:
    """Recognise the JSON that an SDK's object holds: it is one of that SDK's provider's."""
    found = known(held_by).looks or known(response).looks
    for look in preferring(provider, found):
        if look.matches(response):
            # Where the shape is shared, whoever answered may be known by the host.
            return read(look.flavor, response, stated=provider or host_provider(held_by))
    return _detect(response, provider, batch=False, depth=0)


def _detect(response: Any, provider: str | None, *, batch: bool, depth: int) -> Detection | None:
    kind = known(response)
    if kind.flavor is not None:
        return read(kind.flavor, response, stated=provider, batch=batch)
    for envelope in kind.envelopes:
        if envelope.matches is None or envelope.matches(response):
            inner = envelope.at(response)
            if inner is None or depth >= MAX_ENVELOPES:
                continue
            batch = batch or envelope.declared.batch
            return _detect(inner, provider, batch=batch, depth=depth + 1)
    for look in preferring(provider, kind.looks):
        if look.matches(response):
            return read(look.flavor, response, stated=provider, batch=batch)
    return None


def read(
    flavor: CompiledFlavor, response: Any, *, stated: str | None = None, batch: bool = False
) -> Detection:
    """Read a whole response that is of this flavor.

    Args:
        flavor: What it is.
        response: The response.
        stated: The provider that the caller, or the host, says it is from.
        batch: It was part of a batch.
    """
    values = flavor.read(response)
    provider = flavor.provider
    glance = flavor.own
    # Most responses are seen at a glance to be the shape's own provider's.
    if (
        glance is None or stated is not None or not glance.bears_no_mark(values)
    ) and flavor.is_told:
        own, provider = answered(flavor, response, values, stated)
        if own is not flavor:
            flavor, values = own, own.read(response)
    if flavor.is_plain:
        return Detection(flavor, values, provider, batch=batch)
    linked: list[Beside] = []
    for one in flavor.linked:
        linked += one.find(response)
    return Detection(
        flavor,
        values,
        provider,
        batch=batch or flavor.is_batch(response),
        pending=flavor.is_unbilled(response),
        linked=tuple(linked),
    )


def answered(
    flavor: CompiledFlavor, response: Any, values: Values, stated: str | None = None
) -> tuple[CompiledFlavor, str]:
    """Who answered in this shape, and how to read it.

    That is the provider that the caller names, one that left its mark, or the shape's own.

    Args:
        flavor: The shape.
        response: The response, or the item of a stream around it.
        values: What the flavor read from the response.
        stated: The provider that the caller names.
    """
    if stated is not None and stated != flavor.provider:
        for mark in marks_on(flavor.provider):
            if mark.provider == stated:
                return mark.reading(flavor), stated
    if flavor.provider_at is not None:
        named = flavor.provider_at(response)
        if isinstance(named, str) and named:
            return flavor, named
    if flavor.own is not None and flavor.own.bears_no_mark(values):
        return flavor, flavor.provider
    for mark in marks_on(flavor.provider):
        if mark.matches(response):
            return mark.reading(flavor), mark.provider
    if flavor.own is not None:
        flavor.own.learn(values)
    return flavor, flavor.provider


_HOSTS: Final = (
    reader("response.request.url.host"),
    reader("http_response.request.url.host"),
    reader("http_request.url.host"),
)


def host_provider(holder: Any) -> str | None:
    """The provider that answers at the host that a stream or a raw response came from."""
    for host_of in _HOSTS:
        provider = provider_at(host_of(holder))
        if provider is not None:
            return provider
    return None
