"""What the two HTTP clients share: how they are set up, and what an error answer becomes."""

from typing import TYPE_CHECKING, Any, cast

from . import _wire
from ._version import __version__
from .errors import BearLumenApiError, error_class
from .events import utc_now

if TYPE_CHECKING:
    import httpx

    from ._config import Config

MAX_MESSAGE_CHARS = 300
"""Of a body that isn't the contract's: enough to recognise a proxy's page."""


LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")


def _settings(config: "Config") -> dict[str, Any]:
    import httpx

    return {
        "base_url": config.base_url,
        "timeout": config.timeout,
        # A proxy of the environment does not lead to this machine.
        "trust_env": httpx.URL(config.base_url).host not in LOOPBACK_HOSTS,
        "headers": {
            _wire.AUTHORIZATION: f"Bearer {config.api_key}",
            "User-Agent": f"bearlumen-python/{__version__}",
            "Accept": "application/json",
        },
    }


def sync_client(config: "Config") -> "httpx.Client":
    """A client for the API; it connects when it is first used."""
    import httpx

    return httpx.Client(**_settings(config))


def async_client(config: "Config") -> "httpx.AsyncClient":
    """The same, async."""
    import httpx

    return httpx.AsyncClient(**_settings(config))


def error_from(response: "httpx.Response") -> BearLumenApiError:
    """The error that an answer of 400 or more, or one that isn't the contract's, stands for."""
    body: dict[str, Any] = {}
    try:
        parsed: Any = response.json()
        if isinstance(parsed, dict):
            body = cast("dict[str, Any]", parsed)
    except ValueError:
        pass
    code, message = body.get("code"), body.get("message")
    if not isinstance(message, str):
        message = (
            f"{response.request.method} {response.request.url.path} was answered "
            f"{response.status_code} {response.reason_phrase}: "
            f"{response.text[:MAX_MESSAGE_CHARS].strip() or 'an empty body'}"
        )
    correlation = body.get("correlationId") or response.headers.get(_wire.CORRELATION_ID)
    return error_class(response.status_code)(
        message,
        code=code if isinstance(code, str) else None,
        status=response.status_code,
        correlation_id=correlation if isinstance(correlation, str) else None,
        retry_after=retry_after(response.headers.get(_wire.RETRY_AFTER)),
        details=body.get("details"),
    )


def retry_after(value: str | None) -> float | None:
    """The seconds a `Retry-After` header asks for; None where there is none to be read.

    The header holds seconds or a date (RFC 9110, section 10.2.3).
    """
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    from email.utils import parsedate_to_datetime

    try:
        return max(0.0, (parsedate_to_datetime(value) - utc_now()).total_seconds())
    except (TypeError, ValueError):
        return None
