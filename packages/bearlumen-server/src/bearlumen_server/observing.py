"""What is told of each request once it is answered: to the access log, and to the metrics."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .logs import FIELDS

if TYPE_CHECKING:
    from .keys import ApiKey

_access = logging.getLogger("bearlumen_server.access")

NO_ROUTE: Final = "unmatched"
METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """A request and its answer, without anything that somebody chose."""

    method: str
    route: str
    """The path's template: an id in a path is its caller's business, and a label without end."""
    status: int
    seconds: float
    key: ApiKey | None


def log_access(request: Answered) -> None:
    """Write the line of a request."""
    key = request.key
    fields = {
        "method": request.method,
        "route": request.route,
        "status": request.status,
        "milliseconds": round(request.seconds * 1000, 2),
        "keyId": key.id if key else None,
        "organizationId": key.org_id if key else None,
    }
    _access.info("request", extra={FIELDS: fields})
