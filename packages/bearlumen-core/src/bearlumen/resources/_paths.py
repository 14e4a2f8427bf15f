"""Ids of the caller's own choosing as the last part of a path."""

from urllib.parse import quote

from ..errors import InvalidRequestError


def at(path: str, name: str, value: str) -> str:
    """The path of one thing.

    Args:
        path: Of all of them.
        name: What the id is called, for the message.
        value: The id, of any characters.

    Raises:
        InvalidRequestError: It is empty: that would be the path of all of them.
    """
    if not value:
        raise InvalidRequestError(f"{name} is {value!r}, which names nothing.")
    # A dot as well: `..` is a step up to whatever reads a path on the way.
    return f"{path}/{quote(value, safe='').replace('.', '%2E')}"
