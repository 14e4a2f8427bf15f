"""Who is asking, and what they may do."""

from typing import Annotated, Final

from fastapi import Depends
from starlette.requests import Request

from .api.errors import ApiError
from .api.middleware import CALLER
from .api.state import operations_of
from .api.wire import RETRY_AFTER
from .keys import INGEST_SCOPE, KEY_MARK, ApiKey, KeyRing

_SCHEME: Final = "bearer"
MAX_SECRET_CHARACTERS: Final = 256


# Coroutines though nothing is awaited: FastAPI takes a thread from the pool for a plain function.
async def caller(request: Request) -> ApiKey:
    """Return the key a request carries.

    Raises:
        ApiError: 401 for a key that is missing, wrong or revoked; which one is nobody's business.
    """
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != _SCHEME or not secret.strip():
        raise _unauthenticated(f"send the API key as `Authorization: Bearer {KEY_MARK}…`")
    ring: KeyRing = request.app.state.keys
    key = ring.find(secret.strip()[:MAX_SECRET_CHARACTERS])
    if key is None:
        raise _unauthenticated("this API key is not known, or was revoked")
    request.scope[CALLER] = key
    return key


async def limited_caller(request: Request) -> ApiKey:
    """Return the key a request carries, unless it has asked too much of late.

    Raises:
        ApiError: 401 as above; 429 with the seconds to wait.
    """
    key = await caller(request)
    check_rate(operations_of(request).request_limit.take(key.id), "requests")
    return key


def check_rate(wait: int, what: str) -> None:
    """Refuse a request that has to wait.

    Raises:
        ApiError: 429, unless `wait` is 0.
    """
    if wait:
        raise ApiError(
            429,
            f"this API key has used up its {what}; try again in {wait} s",
            headers={RETRY_AFTER: str(wait)},
        )


class Allowed:
    """A dependency that wants a key with one scope."""

    def __init__(self, scope: str) -> None:
        self.scope = scope

    async def __call__(self, request: Request) -> ApiKey:
        """Return the caller's key.

        Raises:
            ApiError: 401 without a good key, 403 for one that lacks the scope, 429 for one that
                has asked too much.
        """
        # Ingest is limited by its events, once they are counted.
        key = await (caller if self.scope == INGEST_SCOPE else limited_caller)(request)
        check_scope(key, self.scope)
        return key


def check_scope(key: ApiKey, scope: str) -> None:
    """Refuse a key that lacks a scope.

    Raises:
        ApiError: 403, naming it.
    """
    if scope not in key.scopes:
        raise ApiError(
            403, f"this API key lacks the scope {scope}", details={"missingScope": scope}
        )


def _unauthenticated(message: str) -> ApiError:
    return ApiError(401, message, headers={"WWW-Authenticate": "Bearer"})


Caller = Annotated[ApiKey, Depends(limited_caller)]
UsageWriter = Annotated[ApiKey, Depends(Allowed(INGEST_SCOPE))]
UsageReader = Annotated[ApiKey, Depends(Allowed("usage:read"))]
CostReader = Annotated[ApiKey, Depends(Allowed("costs:read"))]
RevenueWriter = Annotated[ApiKey, Depends(Allowed("revenue:write"))]
MarginReader = Annotated[ApiKey, Depends(Allowed("margins:read"))]
PriceWriter = Annotated[ApiKey, Depends(Allowed("prices:write"))]
EndUserWriter = Annotated[ApiKey, Depends(Allowed("end_users:write"))]
DimensionWriter = Annotated[ApiKey, Depends(Allowed("dimensions:write"))]
KeyWriter = Annotated[ApiKey, Depends(Allowed("keys:write"))]
