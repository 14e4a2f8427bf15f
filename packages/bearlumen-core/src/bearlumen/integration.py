"""What the integration packages build on.

It may grow in any release; what is in it changes only with a note in the changelog.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._claims import Claim, claim_call
from ._context import Inside, frame_of, read_scope

if TYPE_CHECKING:
    from ._attributing import Attributing
    from ._guard import Guard

__all__ = ["Claim", "Inside", "claim_call", "guard_of", "inside"]


def guard_of(client: Attributing) -> Guard:
    """What keeps trouble in tracking from the host.

        with guard_of(bear)("reading the user"):
            ...

    An exception within is logged once for each problem, counted, and passed to `on_error`.

    Args:
        client: A client, sync or async.
    """
    return client._attribution_guard()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


def inside(client: Attributing, **labels: Any) -> Inside:
    """A scope for what runs in steps, such as a streamed body: enter it around each of them.

    Unlike `bear.scope` it is not in force between two steps, for then another request may be
    served by the same thread; and a scope that one step leaves open is open again in the next.

    Args:
        client: Told of a value that cannot be a label.
        **labels: As for `bear.scope`.

    Raises:
        TypeError: A scope has no such label.
    """
    return Inside(frame_of(read_scope(labels, guard_of(client))))
