"""How a user asks each SDK for the answer a recording holds."""

import inspect
from typing import Any, Final

from . import calls_clouds, calls_openai, calls_others
from .asking import Call
from .recordings import Recording

_CALLS: Final = {**calls_openai.CALLS, **calls_clouds.CALLS, **calls_others.CALLS}
"""By `sdk/surface`."""


def ask(client: Any, recording: Recording) -> Any:
    """Make the call on the SDK's sync client.

    Raises:
        NotImplementedError: No call is known for the recording's SDK and surface.
    """
    return _call(recording)(client, recording)


async def ask_async(client: Any, recording: Recording) -> Any:
    """Make the call on the SDK's async client.

    Raises:
        NotImplementedError: No call is known for the recording's SDK and surface.
    """
    own = calls_others.ASYNC_CALLS.get(f"{recording.sdk}/{recording.surface}")
    answer = (own or _call(recording))(client, recording)
    return await answer if inspect.isawaitable(answer) else answer


def _call(recording: Recording) -> Call:
    call = _CALLS.get(f"{recording.sdk}/{recording.surface}")
    if call is None and recording.sdk in calls_openai.SHAPED:
        call = _CALLS.get(f"openai/{recording.surface}")
    if call is None:
        raise NotImplementedError(f"no call for {recording.sdk} {recording.surface}")
    return call
