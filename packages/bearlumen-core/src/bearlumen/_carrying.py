"""A scope as a header that another process of yours opens again.

The header is signed: whoever does not know the secret, a browser for one, cannot make one and so
cannot pass for another end user. It says what it says in the open, base64 and not encrypted.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import TYPE_CHECKING, Any, Final, cast

from ._context import names_of, read_scope, settled
from .errors import BearLumenError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ._guard import Guard

HEADER: Final = "bearlumen-scope"
MAX_AGE_SECONDS: Final = 3_600.0
"""Of a header that is believed: a request takes less, a queue may take more."""
CLOCK_SKEW_SECONDS: Final = 300.0
"""By which the clock of the process that made it may be ahead."""
MAX_HEADER_CHARACTERS: Final = 6_000
"""Servers take 8 KB a header. A scope that is longer goes without its dimensions."""
_VERSION: Final = "v1"
_PURPOSE: Final = b"bearlumen scope v1"


def key_of(secret: str) -> bytes:
    """What headers are signed with, made of a secret that has another use as well."""
    return hmac.new(secret.encode(), _PURPOSE, hashlib.sha256).digest()


def to_headers(secret: str, guard: Guard) -> dict[str, str]:
    """The scope in force as headers; none outside every scope."""
    frame = settled(guard)
    if frame is None:
        return {}
    said = {name: value for name, value in names_of(frame.labels).items() if value is not None}
    if not said:
        return {}
    text = _signed(said, secret)
    if len(text) > MAX_HEADER_CHARACTERS and "dimensions" in said:
        del said["dimensions"]
        guard.report(
            BearLumenError(
                f"A scope takes more than {MAX_HEADER_CHARACTERS} characters as a header; it was "
                "sent without its dimensions."
            ),
            problem="a scope is too long for a header",
        )
        text = _signed(said, secret)
    if len(text) > MAX_HEADER_CHARACTERS:
        guard.report(
            BearLumenError(
                f"A scope takes more than {MAX_HEADER_CHARACTERS} characters as a header; it was "
                "not sent."
            ),
            problem="a scope is much too long for a header",
        )
        return {}
    return {HEADER: text}


def from_headers(
    headers: Mapping[Any, Any], *, secret: str, max_age: float | None, guard: Guard
) -> dict[str, Any]:
    """The labels that a header of ours carries; none where there is none, or it is not ours."""
    with guard("reading the header of a scope"):
        text = _header(headers)
        if text is None:
            return {}
        return read_scope(_opened(text, secret=secret, max_age=max_age), guard)
    return {}


def _signed(said: Mapping[str, Any], secret: str) -> str:
    told = {"at": int(time.time()), "scope": said}
    body = json.dumps(told, separators=(",", ":"), ensure_ascii=False)
    payload = f"{_VERSION}.{_base64(body.encode())}"
    return f"{payload}.{_signature(payload, secret)}"


def _signature(payload: str, secret: str) -> str:
    return _base64(hmac.new(key_of(secret), payload.encode(), hashlib.sha256).digest())


def _opened(text: str, *, secret: str, max_age: float | None) -> dict[str, Any]:
    payload, _, signature = text.rpartition(".")
    expected = _signature(payload, secret)
    if not hmac.compare_digest(signature.encode(errors="replace"), expected.encode()):
        raise BearLumenError(
            f"A {HEADER} header was left aside: it is not signed with this client's secret. Both "
            "processes need the same api_key, or the same scope_secret."
        )
    body = json.loads(base64.urlsafe_b64decode(payload.split(".", 1)[1] + "=="))
    age = time.time() - body["at"]
    if max_age is not None and not -CLOCK_SKEW_SECONDS <= age <= max_age:
        raise BearLumenError(
            f"A {HEADER} header was left aside: it is {age:.0f} seconds old, and max_age is "
            f"{max_age:.0f}."
        )
    return cast("dict[str, Any]", body["scope"])


def _header(headers: Mapping[Any, Any]) -> str | None:
    for name, value in headers.items():
        if isinstance(name, bytes):
            name = name.decode("latin-1")  # noqa: PLW2901
        # WSGI writes it in its own way.
        if str(name).lower().removeprefix("http_").replace("_", "-") == HEADER:
            return value.decode("latin-1") if isinstance(value, bytes) else str(value)
    return None


def _base64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
