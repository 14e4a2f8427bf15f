"""End users: your customers."""

from collections.abc import Sequence
from typing import Literal

from ... import _wire
from ...models import EndUserErasure
from .._paths import at
from ._base import AsyncResource


class AsyncEndUsers(AsyncResource):
    """Your customers, by the id you know them by."""

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
        kept = ",".join(keep_dimensions) if keep_dimensions else None
        return await self._delete(
            at(_wire.END_USERS, "external_id", external_id),
            EndUserErasure,
            {"mode": mode, "keep_dimensions": kept},
        )
