"""An answer as it came over HTTP, beside what it says."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from . import _wire

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class RawResponse(Generic[T]):
    """What a question got over HTTP: `bear.costs.with_raw_response.by_model(...)`.

    It is always a good answer: an error is raised, as it is without `with_raw_response`.
    """

    http_response: "httpx.Response"
    """The HTTP library's own object."""
    retries_taken: int
    """How often the question was asked again before this answer."""
    answer: T

    def parse(self) -> T:
        """What the method answers without `with_raw_response`."""
        return self.answer

    @property
    def status_code(self) -> int:
        """The HTTP status."""
        return self.http_response.status_code

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, by name in any case."""
        return self.http_response.headers

    @property
    def correlation_id(self) -> str | None:
        """The server's name for the request: include it in support tickets."""
        return self.http_response.headers.get(_wire.CORRELATION_ID)

    @property
    def elapsed(self) -> timedelta:
        """From sending the last attempt to having read its answer."""
        return self.http_response.elapsed

    @property
    def url(self) -> str:
        """What was asked for."""
        return str(self.http_response.url)

    @property
    def text(self) -> str:
        """The body."""
        return self.http_response.text

    def json(self) -> Any:
        """The body as plain values in the wire's names; numbers with a fraction are `Decimal`."""
        return json.loads(self.text, parse_float=Decimal)
