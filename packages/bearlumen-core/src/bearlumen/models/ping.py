"""The answer to `ping`."""

from ._base import Answer


class Ping(Answer):
    """Whether the API answers, and whose key was used."""

    ok: bool
    organization_id: str
