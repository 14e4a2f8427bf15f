"""Who is asking, and what they may do."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Final

from fastapi import Depends
from starlette.requests import Request

from .api.errors import ApiError
from .keys import KEY_MARK, ApiKey, KeyRing

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
    return key


def allowed(scope: str) -> Callable[[Request], Coroutine[None, None, ApiKey]]:
    """Return a dependency that wants a key with this scope."""

    async def check(request: Request) -> ApiKey:
        key = await caller(request)
        if scope not in key.scopes:
            raise ApiError(
                403,
                f"this API key lacks the scope {scope}",
                details={"missingScope": scope},
            )
        return key

    return check


def _unauthenticated(message: str) -> ApiError:
    return ApiError(401, message, headers={"WWW-Authenticate": "Bearer"})


Caller = Annotated[ApiKey, Depends(caller)]
UsageWriter = Annotated[ApiKey, Depends(allowed("usage:write"))]
UsageReader = Annotated[ApiKey, Depends(allowed("usage:read"))]
CostReader = Annotated[ApiKey, Depends(allowed("costs:read"))]
RevenueWriter = Annotated[ApiKey, Depends(allowed("revenue:write"))]
MarginReader = Annotated[ApiKey, Depends(allowed("margins:read"))]
PriceWriter = Annotated[ApiKey, Depends(allowed("prices:write"))]
EndUserWriter = Annotated[ApiKey, Depends(allowed("end_users:write"))]
KeyWriter = Annotated[ApiKey, Depends(allowed("keys:write"))]
