"""One end user's data taken out of the ledger, on their request.

`anonymize` keeps every event and every amount, so that no total changes, and clears whatever says
or may say who it was. `remove` deletes the events and the revenue; their ids are kept, so that a
resend does not bring them back. Totals without the person are what `anonymize` leaves: there is no
third way that removes the events and keeps their sums, as sums of one person's events under the
same labels are that person's data as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Literal

from bearlumen_server.pricebook.forgetting import forget_in_runs

from .derived import DERIVED
from .schema import UsageDetails

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bearlumen_server.storage import Store

Mode = Literal["anonymize", "remove"]
MODES: Final[tuple[Mode, ...]] = ("anonymize", "remove")

CHUNK_EVENTS: Final = 20_000
"""Handled in one transaction, which the writer of usage waits for."""

_THEIRS = "org_id = $org AND end_user = $user"
_LAST = f"""
    SELECT max(r) FROM (
        SELECT {{row}} AS r FROM events WHERE {_THEIRS} ORDER BY r LIMIT $most)"""  # noqa: S608
# The entries of a JSON object that are kept; a cast to MAP keeps their values as they are written.
_FILTERED = """CAST(to_json(map_from_entries(list_filter(
            map_entries(CAST(CAST({column} AS JSON) AS MAP(VARCHAR, JSON))),
            lambda entry: {kept}))) AS JSON)"""
_DIMS = _FILTERED.format(column="dims", kept="list_contains($keep, entry.key)")
# What else came in `metadata.usage` is in the same column: kept where it counts, else not.
_DETAILS = _FILTERED.format(
    column="details",
    kept="""list_contains($known, entry.key) OR (suffix(entry.key, '_tokens')
                AND json_type(entry.value) IN ('UBIGINT', 'BIGINT', 'DOUBLE'))""",
)
_KNOWN_DETAILS: Final = UsageDetails.__struct_fields__
_ANONYMIZE = f"""
    UPDATE events SET end_user = NULL, session_id = NULL, extra = '{{}}'::JSON::VARIANT,
        details = CAST({_DETAILS} AS VARIANT), dims = CAST({_DIMS} AS VARIANT),
        dim_keys = {DERIVED["dim_keys"].format(dims=_DIMS)},
        number_keys = {DERIVED["number_keys"].format(dims=_DIMS)}
    WHERE """  # noqa: S608
_REMEMBER = "INSERT INTO gone_events SELECT org_id, event_id FROM events WHERE {chunk}"
_REMEMBER_REVENUE = f"""
    INSERT INTO gone_revenue
    SELECT org_id, sha256(revenue_id) FROM revenue WHERE {_THEIRS}"""  # noqa: S608
_REVENUE: Final[dict[Mode, tuple[str, ...]]] = {
    "anonymize": (
        f"UPDATE revenue_entries SET end_user = NULL WHERE {_THEIRS}",  # noqa: S608
        f"UPDATE revenue SET end_user = NULL WHERE {_THEIRS}",  # noqa: S608
    ),
    "remove": (
        _REMEMBER_REVENUE,
        f"DELETE FROM revenue_entries WHERE {_THEIRS}",  # noqa: S608
        f"DELETE FROM revenue WHERE {_THEIRS}",  # noqa: S608
    ),
}
"""The last statement says how much revenue it was."""
_FORGET = "DELETE FROM end_users WHERE org_id = $org AND external_id = $user"
"""What the organisation noted of the end user: name, address, metadata."""
_RECORD = """
    INSERT INTO erasures (org_id, mode, erased_at, events, revenue)
    VALUES ($org, $mode, $at, $events, $revenue)"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Erased:
    """What was found of an end user, and is theirs no more."""

    mode: Mode
    events: int
    revenue: int


def erase(
    store: Store, external_id: str, *, org_id: str, mode: Mode, keep: Sequence[str] = ()
) -> Erased:
    """Take one end user out of an organisation's ledger.

    Done in chunks, so that ingest goes on; whoever gets no answer asks again, and the rest goes.
    Once it returns, no question finds the end user. Old blocks of the file may still hold the
    name until the file is compacted: see `storage.compact`.

    Args:
        store: The ledger.
        external_id: Whom.
        org_id: Whose end user.
        mode: Whether events and revenue stay without the name, or go.
        keep: Custom dimensions that `anonymize` leaves, as they say nothing of the person.
    """
    whom = {"org": org_id, "user": external_id}
    # First: whoever gets no answer asks again, and then no event says whose a session was.
    forget_in_runs(store, org_id, external_id, keep=keep)
    events = 0
    while done := _chunk(store, whom, mode, keep):
        events += done
    with store.transaction() as transaction:
        transaction.rows(_FORGET, whom)
        store.forget_end_user(org_id, external_id)
        *before, last = _REVENUE[mode]
        for sql in before:
            transaction.rows(sql, whom)
        revenue = transaction.rows(last, whom)[0][0]
        now = datetime.now(UTC).replace(tzinfo=None)
        found = {"events": events, "revenue": revenue}
        transaction.rows(_RECORD, {"org": org_id, "mode": mode, "at": now, **found})
    # The log holds what was written lately, the name too.
    store.checkpoint()
    return Erased(mode=mode, events=events, revenue=revenue)


def _chunk(store: Store, whom: dict[str, str], mode: Mode, keep: Sequence[str]) -> int:
    row = store.dialect.row
    with store.transaction() as transaction:
        find = _LAST.format(row=row)
        last = transaction.rows(find, {**whom, "most": CHUNK_EVENTS})[0][0]
        if last is None:
            return 0
        chunk, chosen = f"{_THEIRS} AND {row} <= $last", {**whom, "last": last}
        if mode == "remove":
            transaction.rows(_REMEMBER.format(chunk=chunk), chosen)
            sql = f"DELETE FROM events WHERE {chunk}"  # noqa: S608
            return transaction.rows(sql, chosen)[0][0]
        kept = {"keep": list(keep), "known": list(_KNOWN_DETAILS)}
        return transaction.rows(_ANONYMIZE + chunk, {**chosen, **kept})[0][0]
