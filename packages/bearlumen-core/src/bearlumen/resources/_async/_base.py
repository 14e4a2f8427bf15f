"""What every resource is made of."""

from collections.abc import Mapping
from typing import Any, Protocol

from ... import _query
from ..._query import CostFilters, ModelT, Request
from .._raw import WithRawResponse


class AsyncDriver(Protocol):
    """Sends a request, with retries, and parses its answer."""

    async def send(self, request: Request[ModelT]) -> ModelT:
        """The answer to `request`; raises a `BearLumenApiError` if there is none."""
        ...


class AsyncResource:
    """A group of questions; each names a path, a model and its parameters."""

    with_raw_response = WithRawResponse()
    """The same methods, answering with a `RawResponse`: status, headers, correlation id, body."""

    def __init__(self, driver: AsyncDriver, *, scope: Mapping[str, Any] | None = None) -> None:
        self._driver = driver
        self._scope = scope or {}

    async def _get(self, path: str, model: type[ModelT], *params: Mapping[str, Any]) -> ModelT:
        query = _query.parameters(*params, self._scope)
        return await self._driver.send(
            Request(method="GET", path=path, model=model, params=query, idempotent=True)
        )

    async def _post(
        self, path: str, model: type[ModelT], body: Any, *, idempotent: bool = False
    ) -> ModelT:
        return await self._driver.send(
            Request(method="POST", path=path, model=model, body=body, idempotent=idempotent)
        )

    async def _patch(self, path: str, model: type[ModelT], body: Any) -> ModelT:
        return await self._driver.send(Request(method="PATCH", path=path, model=model, body=body))

    async def _delete(self, path: str, model: type[ModelT], *params: Mapping[str, Any]) -> ModelT:
        query = _query.parameters(*params, self._scope)
        return await self._driver.send(
            Request(method="DELETE", path=path, model=model, params=query)
        )

    def _filters(self, filters: Mapping[str, Any], known: type = CostFilters) -> Mapping[str, Any]:
        return _query.check_filters(filters, scope=self._scope, known=known)
