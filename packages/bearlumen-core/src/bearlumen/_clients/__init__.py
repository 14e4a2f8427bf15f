"""Providers' clients whose every call is tracked: what `bear.wrap` does.

A wrapped client is a copy of the client with its methods of calling replaced, on the copy alone:
no class, no module and no other client is touched. One module a make of client says where its calls
go through; `calls.py` says what is done with each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from . import bedrock, gemini, mistral, ollama, stainless
from .copies import ORIGINAL

if TYPE_CHECKING:
    from collections.abc import Callable

    from .calls import Calls

MAKES: Final[tuple[Any, ...]] = (stainless, bedrock, gemini, mistral, ollama)


def wrapped(client: Any, calls: Calls) -> Any:
    """A copy of a provider's client whose calls are tracked.

    One that is wrapped already is wrapped anew, from the client that it is a copy of.

    Raises:
        TypeError: It is no client that is known.
    """
    client = getattr(client, "__dict__", {}).get(ORIGINAL, client)
    for make in MAKES:
        wrap: Callable[[Any, Calls], Any] = make.wrap
        if make.is_client(client):
            return wrap(client, calls)
    kind: Any = type(client)  # pyright: ignore[reportUnknownVariableType]
    name = f"{kind.__module__}.{kind.__qualname__}"
    raise TypeError(
        f"wrap() does not know a {name}. It takes clients of OpenAI, Anthropic and SDKs of their "
        "make (Groq, Together, Cerebras, Perplexity), google-genai, Mistral, Ollama, and boto3 or "
        "aiobotocore for bedrock-runtime; track the answers of any other with track()."
    )
