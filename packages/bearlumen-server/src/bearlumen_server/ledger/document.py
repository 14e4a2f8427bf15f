"""JSON text of any shape, read as far as that is possible.

JSON can say what no ledger can hold. It is read as something that is refused later, by the name of
its field: half a surrogate pair as NUL, a number beyond a double as infinity.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final

import msgspec

NUL: Final = b"\\u0000"
"""NUL as JSON writes it."""
_MANY_DIGITS: Final = 400
"""A double holds no integer of as many, and Python reads none of more than 4,300."""

_ANYTHING = msgspec.json.Decoder()
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89aAbB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(?P<lone>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)


class InvalidBodyError(ValueError):
    """A body that is no batch at all."""


class NotJsonError(InvalidBodyError):
    """A body that is not JSON."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"body: {problem}")
        self.problem = problem


def mended(body: bytes) -> bytes:
    """Return the body with NUL for each half of a surrogate pair.

    Raises:
        NotJsonError: It is not UTF-8.
    """
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise NotJsonError(f"not JSON ({error})") from error
    if not _SURROGATE.search(body):
        return body
    return _ESCAPE.sub(lambda match: NUL if match["lone"] else match[0], body)


def read(body: bytes, decoder: msgspec.json.Decoder[Any]) -> Any:
    """Decode a mended body.

    Raises:
        NotJsonError: The body is not JSON.
        msgspec.ValidationError: It is, but not what the decoder is for.
    """
    try:
        return decoder.decode(body)
    except msgspec.ValidationError:
        raise
    except RecursionError as error:
        raise NotJsonError("nested too deeply") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NotJsonError(f"not JSON ({error})") from error


def read_document(body: bytes) -> object:
    """Read a body of any shape.

    Raises:
        NotJsonError: The body is not JSON.
    """
    text = mended(body)
    try:
        return read(text, _ANYTHING)
    except msgspec.ValidationError:
        return _with_infinities(text)


def _with_infinities(text: bytes) -> object:
    """Read what msgspec does not, for a number in it: five times as slow."""
    try:
        return json.loads(text, parse_int=_integer, parse_constant=_no_json)
    except RecursionError as error:
        raise NotJsonError("nested too deeply") from error
    except ValueError as error:
        raise NotJsonError(f"not JSON ({error})") from error


def _integer(text: str) -> int | float:
    return int(text) if len(text) < _MANY_DIGITS else math.inf


def _no_json(name: str) -> object:
    raise ValueError(f"{name} is no number")
