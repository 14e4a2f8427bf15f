"""Own prices and aliases that an import made out of date.

Of the same calls and instant one price holds, and of the same name one alias. A ledger that had one
of them, and is given its successor, would have two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from bearlumen_server.storage import Transaction

# A later version of a price took its place, whatever became of that one since.
_REPLACED: Final = """
    UPDATE own_prices AS old SET retired_at = (
        SELECT min(created_at) FROM own_prices AS new
        WHERE new.org_id = old.org_id AND new.id = old.id AND new.version > old.version)
    WHERE org_id = $org AND retired_at IS NULL AND EXISTS (
        SELECT 1 FROM own_prices AS new
        WHERE new.org_id = old.org_id AND new.id = old.id AND new.version > old.version)"""
_SET_SINCE: Final = """
    UPDATE {table} AS old SET retired_at = since.created_at
    FROM (SELECT id, lead(created_at) OVER (PARTITION BY {same} ORDER BY created_at, id)
                 AS created_at
          FROM {table} WHERE org_id = $org AND retired_at IS NULL) AS since
    WHERE old.org_id = $org AND old.retired_at IS NULL AND old.id = since.id
          AND since.created_at IS NOT NULL"""
_SAME: Final = {
    "own_prices": "provider, model, service_tier, batch, effective_from",
    "price_aliases": "alias, provider",
}


def retire_superseded(transaction: Transaction, org_id: str) -> None:
    """Retire the prices and aliases of an organisation that later ones took the place of."""
    which = {"org": org_id}
    transaction.rows(_REPLACED, which)
    for table, same in _SAME.items():
        transaction.rows(_SET_SINCE.format(table=table, same=same), which)
