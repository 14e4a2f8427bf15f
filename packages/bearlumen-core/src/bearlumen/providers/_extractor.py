"""What a provider module declares.

A declaration is data: what a response looks like, and where its model, id and counts stand. The
paths are compiled once (`_paths.py`) and read from SDK objects and JSON alike.

A path is written `usage.prompt_tokens`. `a|b` is whichever is reported first, `items[key=value]`
the item of a list that says so, `items[0]` the first, `items[]` the sum over all, `items[#]` how
many there are, and a tuple of paths is a sum. A count that nobody reported is absent; it does not
become 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from .._record import Record

Paths = str | tuple[str, ...]


class _Word:
    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name


PRESENT: Final = _Word("PRESENT")
"""In a signature: the field is there and is not null."""
ABSENT: Final = _Word("ABSENT")
"""In a signature: the field is not there, or null."""

Signature = Mapping[str, Any]
"""Path to what stands there: a value, a tuple of values, a pattern, `PRESENT` or `ABSENT`."""
ALWAYS: Final[Signature] = {}
"""The signature that everything has."""
_NONE: Final[Mapping[str, Any]] = {}


class Chunk(Record):
    """A stream item that says something about usage."""

    signature: Signature
    """What such an item looks like."""
    at: str = ""
    """Where in the item the response, or the part of it that is known, stands; "" is the item."""
    final: bool = False
    """Whether the usage in it is final, even if the stream is not read to its end."""
    opening: bool = False
    """Whether it only tells which stream this is: it is read once, not item after item."""


class StatedCost(Record):
    """What the provider itself says the call costs."""

    path: str
    """Where the amount stands."""
    unit: Decimal = Decimal(1)
    """US dollars in one of them."""
    upstream: str = ""
    """Where the amount stands that another provider bills for the same call."""
    upstream_if: Signature = ALWAYS
    """When that amount comes on top; otherwise it is only shown."""


class Linked(Record):
    """Usage that a response reports beside its main counts, and that is billed too."""

    at: str
    """Where it stands: an object, or a list of them."""
    counts: Mapping[str, Paths]
    """As a flavor's, from the object."""
    signature: Signature = ALWAYS
    """Which of the objects are meant."""
    model: str = "model"
    """The object's own model; where it names none, it is the response's."""
    model_at: str = ""
    """Where in the response its model stands, if not in the object; unknown without one."""


class Flavor(Record):
    """One surface of a provider: a shape of response and what its fields mean."""

    name: str
    title: str = ""
    """What the surface is called in the documentation."""
    classes: tuple[str, ...] = ()
    """The SDK's classes of such a response; one that descends from them is one too."""
    signature: Signature | None = None
    """What it looks like as JSON, or in a class that nobody named; None: it is never JSON."""
    also: tuple[Signature, ...] = ()
    """Other looks of the same."""
    shared: bool = False
    """The shape is another provider's: as plain JSON it is that provider's, unless a mark tells."""
    counts: Mapping[str, Paths] = _NONE
    """Our name of a count to where it stands. Totals are inclusive."""
    total: str = ""
    """Where the provider states the sum of both, if its SDK's objects lack a part of it."""
    zero: tuple[str, ...] = ()
    """The totals that are 0 by nature, where anything is reported: embeddings generate nothing."""
    omits_zero: bool = False
    """The provider leaves a total out when it is zero, and the other is not."""
    usage: str = "usage"
    """The object in which every number is usage: those that no path reads are kept as reported."""
    ignores: tuple[str, ...] = ()
    """Numbers in there that add nothing: sums of others, and times."""
    model: str = "model"
    id: str = "id"
    service_tier: str = ""
    """The first that says something other than ordinary service wins."""
    inference_geo: str = ""
    """Where it says to which place the call was bound."""
    batch: Signature | None = None
    """How it shows that the call was part of a batch, at the batch price."""
    units: Mapping[str, Paths] = _NONE
    """What is billed by something else than tokens, by the unit's name."""
    units_instead: Mapping[str, Paths] = _NONE
    """The same, where no tokens are reported."""
    tool_calls: Mapping[str, str] = _NONE
    """Billed server tools by name, and where their number stands."""
    cost: StatedCost | None = None
    linked: tuple[Linked, ...] = ()
    pending: Signature | None = None
    """A response that is still being made: it is billed later, under the same id."""
    free: bool = False
    """Recognised, and never billed."""
    chunks: tuple[Chunk, ...] = ()
    """The stream items that matter. A later item's counts replace an earlier one's."""
    snapshot: str = ""
    """The attribute of the SDK's stream helper that holds the response put together so far."""
    finished: Signature = ALWAYS
    """What a whole response has that a snapshot of an unfinished one lacks."""
    own_ids: tuple[str, ...] = ()
    """How its provider's own ids begin, where others answer in the same shape."""
    usage_option: str = ""
    """What to ask the provider for when a stream ends without usage."""


class Envelope(Record):
    """Something that holds a response: an error that carries one, a line of a batch's results."""

    at: str
    """Where the response stands in it."""
    classes: tuple[str, ...] = ()
    signature: Signature | None = None
    """What it looks like as JSON."""
    batch: bool = False
    """The response was part of a batch, at the batch price, and does not say so."""


class Mark(Record):
    """How a response in another provider's shape is told from that provider's own.

    It is then read as this provider's flavor of the same name, if there is one.
    """

    shape: str
    """The provider whose shape it is."""
    signature: Signature


class Extractor(Record):
    """A provider: its name, its SDK's import packages, and its surfaces."""

    provider: str
    title: str
    """Its name in the documentation."""
    packages: tuple[str, ...] = ()
    """Root import packages whose classes are this provider's."""
    provider_at: str = ""
    """Where a response names the provider behind this one."""
    flavors: tuple[Flavor, ...] = ()
    envelopes: tuple[Envelope, ...] = ()
    marks: tuple[Mark, ...] = ()
    hosts: tuple[str, ...] = ()
    """Where it answers: tells it apart in a stream or a raw response of another's client."""
    camel_case: bool = False
    """Whether the JSON spells in camelCase what the SDK's objects spell in snake_case."""
