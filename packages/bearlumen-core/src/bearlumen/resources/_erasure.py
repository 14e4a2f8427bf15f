"""What is kept when an end user is erased, as the wire has it."""

from collections.abc import Sequence

from ..errors import InvalidRequestError


def kept_dimensions(keys: Sequence[str] | None) -> str | None:
    """The custom dimensions to keep, in one parameter.

    Raises:
        InvalidRequestError: They are a text, or one has a comma: others would be kept instead.
    """
    if isinstance(keys, str):
        raise InvalidRequestError(f"keep_dimensions is {keys!r}; it is a list, such as [{keys!r}].")
    for key in keys or ():
        if "," in key:
            raise InvalidRequestError(f"keep_dimensions has {key!r}; a comma cannot be said here.")
    return ",".join(keys) if keys else None
