"""The end of an ASGI server.

uvicorn ends by the signal that it was sent, after which Python runs nothing more, `atexit`
included. It tells the application so before, but Django does not listen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bearlumen.integration import default, deliver, guard_of, made_client

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Send = Callable[[Any], Awaitable[Any]]
    Receive = Callable[[], Awaitable[Any]]
    Application = Callable[[Any, Receive, Send], Awaitable[Any]]


def deliver_at_shutdown(application: Application) -> Application:
    """Django's ASGI application, which delivers what was tracked when its server ends.

        application = deliver_at_shutdown(get_asgi_application())

    Args:
        application: What `get_asgi_application` returned.
    """

    async def served(scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await application(scope, receive, send)
            return
        while True:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                with guard_of(default)("delivering at the server's end"):
                    await deliver(made_client())
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return

    return served
