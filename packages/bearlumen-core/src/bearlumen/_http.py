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


def library() -> Any:
    """The HTTP library: httpx2 where it is installed, else httpx, which it continues.

    The current SDKs of OpenAI, Anthropic and Google load httpx2 anyway.
    """
    try:
        import httpx2 as found
    except ImportError:
        import httpx as found
    return found


def errors_of(client: Any) -> Any:
    """The base of what a client of either library raises when there is no answer."""
    import sys

    return sys.modules[type(client).__module__.partition(".")[0]].HTTPError


def headers(config: "Config") -> dict[str, str]:
    """What every request says."""
    return {
        _wire.AUTHORIZATION: f"Bearer {config.api_key}",
        "User-Agent": f"bearlumen-python/{__version__}",
        "Accept": "application/json",
    }


def timeout(config: "Config", client: Any) -> Any:
    """The timeout of one request, as the client's library has it."""
    value: Any = config.timeout
    if not hasattr(value, "as_dict"):
        return value
    import sys

    return sys.modules[type(client).__module__.partition(".")[0]].Timeout(**value.as_dict())


def _settings(config: "Config", found: Any) -> dict[str, Any]:
    url = found.URL(config.base_url)
    return {
        # A proxy of the environment does not lead to this machine.
        "trust_env": url.host not in LOOPBACK_HOSTS,
        # Certificates take 20 ms to load, and there are none.
        "verify": url.scheme == "https",
    }


def sync_client(config: "Config") -> "httpx.Client":
    """A client for the API; it connects when it is first used."""
    found = library()
    return found.Client(**_settings(config, found))


def async_client(config: "Config") -> "httpx.AsyncClient":
    """The same, async."""
    found = library()
    return found.AsyncClient(**_settings(config, found))


def checked(response: "httpx.Response") -> "httpx.Response":
    """The same answer.

    Raises:
        BearLumenApiError: It is an error.
    """
    if not response.is_success:
        raise error_from(response)
    return response


def error_from(response: "httpx.Response") -> BearLumenApiError:
    """The error that an answer of 400 or more, or one that isn't the contract's, stands for."""
    body: dict[str, Any] = {}
    try:
        parsed: Any = response.json()
        if isinstance(parsed, dict):
            body = cast("dict[str, Any]", parsed)
    except (ValueError, RecursionError):
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
    except (TypeError, ValueError, OverflowError):
        return None
