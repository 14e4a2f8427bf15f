"""End users come to be with their first event: which are new is known without asking the table.

Nearly every event is of an end user seen before, so those are remembered, up to a bound. What is
not remembered is offered to the table, which keeps what it has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    EndUser = tuple[str, str]
    """Organisation and external id."""

MAX_REMEMBERED: Final = 200_000
"""End users: about 30 MB. Beyond it the oldest go, and are offered to the table again."""

_INSERT = """
    INSERT INTO end_users (org_id, external_id, created_at, updated_at)
    SELECT org_id, external_id, $at, $at
    FROM (SELECT unnest($orgs::VARCHAR[]) AS org_id, unnest($ids::VARCHAR[]) AS external_id)
    ON CONFLICT DO NOTHING"""


class Connection(Protocol):
    """What runs a statement within the transaction that the events are written in."""

    def execute(self, query: str, parameters: Mapping[str, object]) -> Any:
        """Run one statement."""
        ...


class EndUserRegister:
    """The end users known to be in the table. Used by whoever holds the writer's lock."""

    def __init__(self, most: int = MAX_REMEMBERED) -> None:
        self._most = most
        self._known: dict[EndUser, None] = {}
        self._new: list[EndUser] = []

    def insert(
        self, connection: Connection, seen: Iterable[tuple[str, str | None]], *, at: datetime
    ) -> None:
        """Insert the end users that are not there yet.

        Args:
            connection: In a transaction, of which `committed` or `rolled_back` tells the end.
            seen: Organisation and external id of each event, repeated or not.
            at: Naive UTC, when they are first heard of.
        """
        known = self._known
        new = [(org, each) for org, each in set(seen) if each is not None]
        self._new = sorted(pair for pair in new if pair not in known)
        if self._new:
            orgs, ids = [org for org, _ in self._new], [each for _, each in self._new]
            connection.execute(_INSERT, {"orgs": orgs, "ids": ids, "at": at}).fetchall()

    def committed(self) -> None:
        """Remember what was inserted: it is on disk."""
        self._known.update(dict.fromkeys(self._new))
        self._new = []
        while len(self._known) > self._most:
            del self._known[next(iter(self._known))]

    def rolled_back(self) -> None:
        """Remember nothing of what was inserted."""
        self._new = []

    def forget(self, org_id: str, external_id: str) -> None:
        """Take note that an end user is taken out of the table."""
        self._known.pop((org_id, external_id), None)
