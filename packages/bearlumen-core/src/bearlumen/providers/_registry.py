"""Every provider's declaration, found by name; compiled once, and only where it is needed.

A class of a known SDK needs that SDK's module alone, and plain JSON those that declare a shape of
their own. What tells is written down in `_index.py`, so that looking it up imports no provider.
"""

from __future__ import annotations

import importlib
from functools import cache
from typing import TYPE_CHECKING, Any

from .._record import Record
from ..batching.processes import loading
from . import _index
from ._flavor import CompiledFlavor
from ._paths import Getter, matcher, reader

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._extractor import Envelope, Extractor, Signature


class CompiledEnvelope(Record):
    """An envelope with its paths turned into functions."""

    declared: Envelope
    packages: tuple[str, ...]
    matches: Callable[[Any], bool] | None
    at: Getter


class CompiledMark:
    """A mark with its signature turned into a function."""

    def __init__(self, module: str, provider: str, signature: Signature) -> None:
        self._module = module
        self.provider = provider
        self.matches = matcher(signature)

    def reading(self, flavor: CompiledFlavor) -> CompiledFlavor:
        """How the provider's own responses in this shape are read."""
        for own in flavors_of(self._module):
            if own.declared.shared and own.declared.name == flavor.declared.name:
                return own
        return flavor


@cache
def extractors() -> tuple[Extractor, ...]:
    """Every provider module's declaration; a public module of this package is a provider."""
    return tuple(extractor_of(module) for module in modules())


def modules() -> tuple[str, ...]:
    """The names of the provider modules that there are."""
    import pkgutil

    package = importlib.import_module(__package__ or "")
    found = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    return tuple(name for name in found if not name.startswith("_"))


def extractor_of(module: str) -> Extractor:
    """The declaration in a provider module."""
    with loading():
        return importlib.import_module(f".{module}", __package__).EXTRACTOR


def modules_for(packages: set[str]) -> tuple[str, ...]:
    """The modules of the providers whose classes are in one of these import packages."""
    found = {module for one in packages for module in _index.PACKAGES.get(one, ())}
    return tuple(sorted(found))


def flavors_of(module: str) -> tuple[CompiledFlavor, ...]:
    """The flavors of a provider module."""
    return tuple(_flavor(module, place) for place in range(len(extractor_of(module).flavors)))


def flavor_named(module: str, classes: set[str]) -> CompiledFlavor | None:
    """The flavor of a provider module that one of these names of classes tells."""
    for place, flavor in enumerate(extractor_of(module).flavors):
        if classes.intersection(flavor.classes):
            return _flavor(module, place)
    return None


@cache
def _flavor(module: str, place: int) -> CompiledFlavor:
    extractor = extractor_of(module)
    return CompiledFlavor(
        extractor, extractor.flavors[place], is_marked=extractor.provider in _index.MARKS
    )


@cache
def envelopes_of(module: str) -> tuple[CompiledEnvelope, ...]:
    """Every kind of thing of a provider's that holds a response."""
    extractor = extractor_of(module)
    return tuple(
        CompiledEnvelope(
            declared=one,
            packages=extractor.packages,
            matches=None if one.signature is None else matcher(one.signature),
            at=reader(one.at),
        )
        for one in extractor.envelopes
    )


@cache
def flavors() -> tuple[CompiledFlavor, ...]:
    """Every flavor, provider by provider."""
    return tuple(flavor for module in modules() for flavor in flavors_of(module))


@cache
def marks_on(provider: str) -> tuple[CompiledMark, ...]:
    """What tells other providers' responses in the shapes of this one."""
    return tuple(CompiledMark(*mark) for mark in _index.MARKS.get(provider, ()))


def provider_at(host: object) -> str | None:
    """The provider that answers at a host; None for one that nobody declared."""
    if not isinstance(host, str):
        return None
    for suffix, provider in _index.HOSTS:
        if host == suffix or host.endswith(f".{suffix}"):
            return provider
    return None
