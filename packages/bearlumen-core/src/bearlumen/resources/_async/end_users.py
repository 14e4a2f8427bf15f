"""End users: your customers."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from ... import _wire
from ...models import EndUser, EndUserErasure, EndUserPage
from .._erasure import kept_dimensions
from .._paths import at
from ._base import AsyncResource


class AsyncEndUsers(AsyncResource):
    """Your customers, by the id you know them by.

    The first event or revenue of an end user makes it; `upsert` says who it is. Ids may hold any
    characters. Each method raises `NotFoundError` for who is not there.
    """

    async def upsert(
        self,
        external_id: str,
        *,
        name: str | None = None,
        email: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> EndUser:
        """Make an end user, or change the one there is.

        Args:
            external_id: Your id of it.
            name: Shown beside the id. Left out, it stays as it is; `''` takes it away.
            email: The same.
            metadata: What you want to keep with it, up to 10 KB of JSON. It replaces what was
                there.
        """
        told = {"name": name, "email": email, "metadata": metadata}
        body = {key: value for key, value in told.items() if value is not None}
        return await self._post(_wire.END_USERS, EndUser, {"externalId": external_id, **body})

    async def list(
        self,
        *,
        status: Literal["active", "deactivated", "all"] | None = None,
        search: str | None = None,
        limit: int | None = None,
        offset: int | None = None,
    ) -> EndUserPage:
        """One page of end users, in the order of their ids.

        Args:
            status: `all` if left out.
            search: A part of the id, the name or the email, in whatever case.
            limit: End users in the page: 1 to 1000, 100 if left out.
            offset: How many to skip.
        """
        return await self._get(
            _wire.END_USERS,
            EndUserPage,
            {"status": status, "search": search, "limit": limit, "offset": offset},
        )

    async def get(self, external_id: str) -> EndUser:
        """One end user."""
        return await self._get(at(_wire.END_USERS, "external_id", external_id), EndUser)

    async def deactivate(self, external_id: str) -> EndUser:
        """Mark an end user as gone. Its events are recorded and counted all the same."""
        path = at(_wire.END_USERS, "external_id", external_id)
        return await self._post(f"{path}/deactivate", EndUser, {})

    async def reactivate(self, external_id: str) -> EndUser:
        """Take that mark away."""
        path = at(_wire.END_USERS, "external_id", external_id)
        return await self._post(f"{path}/reactivate", EndUser, {})

    async def erase(
        self,
        external_id: str,
        *,
        mode: Literal["anonymize", "remove"] | None = None,
        keep_dimensions: Sequence[str] | None = None,
    ) -> EndUserErasure:
        """Take an end user's data out of the ledger, for good.

        Stop tracking the end user before: what is tracked afterwards is recorded as ever.

        Args:
            external_id: Whom. Somebody unknown is answered with zeros.
            mode: `anonymize`, if left out, keeps every total: events and revenue lose the end user,
                the session, metadata and custom dimensions. `remove` deletes them; sent again,
                they are still duplicates.
            keep_dimensions: Custom dimensions that `anonymize` leaves, as they name nobody.
        """
        kept = kept_dimensions(keep_dimensions)
        return await self._delete(
            at(_wire.END_USERS, "external_id", external_id),
            EndUserErasure,
            {"mode": mode, "keep_dimensions": kept},
        )
