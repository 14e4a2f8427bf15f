"""What a re-costing run changes, as an Arrow table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .arrow import pa

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bearlumen_server.pricebook.figures import Repriced

_TEXT = pa.string()
_COST = pa.decimal128(18, 12)


def changes_table(changes: Sequence[Repriced], *, org_id: str, recost_id: str) -> Any:
    """Return a table of the columns of `recost_changes`."""
    events = [each.event for each in changes]
    ids = pa.array([event.event_id.bytes for event in events], pa.binary(16))
    return pa.table(
        {
            "org_id": pa.array([org_id] * len(events), _TEXT),
            "recost_id": pa.array([recost_id] * len(events), _TEXT),
            "event_id": pa.ExtensionArray.from_storage(pa.uuid(), ids),
            "ts": pa.array([event.at for event in events], pa.timestamp("us")),
            "before_cost": pa.array([event.cost for event in events], _COST),
            "before_source": pa.array([event.source for event in events], _TEXT),
            "before_price_id": pa.array([event.price_id for event in events], _TEXT),
            "after_cost": pa.array([each.cost for each in changes], _COST),
            "after_source": pa.array([each.source for each in changes], _TEXT),
            "after_price_id": pa.array([each.price_id for each in changes], _TEXT),
        }
    )
