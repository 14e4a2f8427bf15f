"""The answer to an erasure."""

from typing import Literal

from ._base import Answer


class EndUserErasure(Answer):
    """What was found of an end user, and is theirs no more."""

    mode: Literal["anonymize", "remove"]
    events: int
    """Usage events that lost the name, or are gone."""
    revenue: int
    """Revenue events, likewise."""
