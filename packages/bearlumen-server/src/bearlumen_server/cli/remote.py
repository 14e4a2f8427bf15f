"""Asking a running server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from .failures import CommandError

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

TIMEOUT_SECONDS: Final = 30.0
LOOPBACK_HOSTS: Final = ("127.0.0.1", "localhost", "::1")


def call(
    method: str,
    path: str,
    *,
    url: str,
    key: str | None,
    params: Mapping[str, str] | None = None,
    body: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Send one request and return the answer.

    Raises:
        CommandError: There is no key, no server, or the server refuses.
    """
    import httpx

    headers = _headers(key)
    try:
        response = httpx.request(
            method,
            url.rstrip("/") + path,
            params=dict(params or {}),
            json=body,
            headers=headers,
            timeout=TIMEOUT_SECONDS,
            # A proxy of the environment does not lead to this machine.
            trust_env=httpx.URL(url).host not in LOOPBACK_HOSTS,
        )
        content: object = response.json()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise CommandError(f"{url} does not answer: {error}") from error
    except ValueError as error:
        raise CommandError(f"{url} is not a Bear Lumen server: its answer is no JSON") from error
    found: dict[str, Any] = cast("dict[str, Any]", content) if isinstance(content, dict) else {}
    if response.is_error:
        raise CommandError(f"{url} answered {response.status_code}: {found.get('message', '')}")
    return found


def stream(path: str, *, url: str, key: str | None, params: Mapping[str, str]) -> Generator[bytes]:
    """Send one request and return its answer piece by piece, however long it is.

    Raises:
        CommandError: There is no key, no server, the server refuses, or the answer breaks off.
    """
    import httpx

    headers = _headers(key)
    trust_env = httpx.URL(url).host not in LOOPBACK_HOSTS
    try:
        with (
            httpx.Client(headers=headers, timeout=TIMEOUT_SECONDS, trust_env=trust_env) as client,
            client.stream("GET", url.rstrip("/") + path, params=dict(params)) as response,
        ):
            if response.is_error:
                response.read()
                raise CommandError(f"{url} answered {response.status_code}: {response.text[:200]}")
            yield from response.iter_bytes()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise CommandError(f"{url} does not answer: {error}") from error


def _headers(key: str | None) -> dict[str, str]:
    if not key:
        raise CommandError("--url needs --key (or BEAR_LUMEN_API_KEY)")
    if not (key.isascii() and key.isprintable()):
        raise CommandError("--key holds characters that cannot be in a key; copy it anew")
    return {"Authorization": f"Bearer {key}"}
