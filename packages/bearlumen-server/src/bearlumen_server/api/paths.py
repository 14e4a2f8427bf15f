"""Ids of the callers' own choosing as the last part of a path."""

from __future__ import annotations

from typing import Final

from starlette.convertors import Convertor, register_url_convertor

ANY_TEXT: Final = "text"
"""`{id:text}` is whatever there is: slashes and line breaks too, which `path` stops at."""


class _Text(Convertor[str]):
    regex = r"[\s\S]+"

    def convert(self, value: str) -> str:
        """Return what stands in the path."""
        return value

    def to_string(self, value: str) -> str:
        """Return what stands in the path."""
        return value


register_url_convertor(ANY_TEXT, _Text())
