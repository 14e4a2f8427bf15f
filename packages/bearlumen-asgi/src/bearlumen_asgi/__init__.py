"""Bear Lumen for FastAPI, Starlette, Litestar, Quart and every other ASGI app.

    app.add_middleware(BearLumenMiddleware, client=bear)

Then `bear.track(response)`, in whichever endpoint, background task or streamed body.
"""

from .middleware import BearLumenMiddleware
from .users import end_user_of, set_end_user, tracked_user

__all__ = ["BearLumenMiddleware", "end_user_of", "set_end_user", "tracked_user"]
