"""The callback for every call of the process, beside those that are there already."""

from __future__ import annotations

from typing import TYPE_CHECKING

import litellm

from .logger import BearLumenLogger

if TYPE_CHECKING:
    from bearlumen import AsyncBearLumen, BearLumen


class _Installed:
    """What was installed; one for the process."""

    logger: BearLumenLogger | None = None


def instrument(client: BearLumen | AsyncBearLumen, *, plain_metadata: bool = True) -> None:
    """Record every call that LiteLLM makes in this process.

    The callbacks that are there already stay. Called again, it replaces the client.

    Args:
        client: Which records and delivers.
        plain_metadata: As for `BearLumenLogger`.
    """
    uninstrument()
    _Installed.logger = BearLumenLogger(client, plain_metadata=plain_metadata)
    litellm.callbacks.append(_Installed.logger)


def uninstrument() -> None:
    """Stop recording what `instrument` records; other callbacks stay."""
    logger, _Installed.logger = _Installed.logger, None
    if logger is not None:
        # LiteLLM copies what is in `callbacks` to its other lists; "all" may lack one of them.
        manager = litellm.logging_callback_manager
        manager.remove_callback_from_all_lists(logger)
        manager.remove_callback_from_list_by_object(
            litellm.input_callback, logger, require_self=False
        )
