"""Every provider's declaration, found by name and compiled once."""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from ._extractor import Envelope, Extractor
from ._flavor import CompiledFlavor, CompiledMark
from ._paths import Getter, matcher, reader


@dataclass(frozen=True, kw_only=True, slots=True)
class CompiledEnvelope:
    """An envelope with its paths turned into functions."""

    declared: Envelope
    packages: tuple[str, ...]
    matches: Callable[[Any], bool] | None
    at: Getter


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
    """Every flavor, provider by provider."""
    compiled = [
        CompiledFlavor(extractor, flavor)
        for extractor in extractors()
        for flavor in extractor.flavors
    ]
    for flavor in compiled:
        flavor.marks = tuple(
            CompiledMark(
                provider=extractor.provider,
                matches=matcher(mark.signature),
                flavors={
                    own.declared.name: own
                    for own in compiled
                    if own.extractor is extractor and own.declared.shared
                },
            )
            for extractor in extractors()
            for mark in extractor.marks
            if mark.shape == flavor.provider
        )
    return tuple(compiled)


@cache
def envelopes() -> tuple[CompiledEnvelope, ...]:
    """Every kind of thing that holds a response."""
    return tuple(
        CompiledEnvelope(
            declared=one,
            packages=extractor.packages,
            matches=None if one.signature is None else matcher(one.signature),
            at=reader(one.at),
        )
        for extractor in extractors()
        for one in extractor.envelopes
    )


@cache
def providers_by_host() -> tuple[tuple[str, str], ...]:
    """Host suffixes and the providers that answer there."""
    return tuple((host, one.provider) for one in extractors() for host in one.hosts)
