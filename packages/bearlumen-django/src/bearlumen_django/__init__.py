"""Bear Lumen for Django: every AI call tagged with its request's user.

    INSTALLED_APPS = [..., "bearlumen_django"]
    MIDDLEWARE = [..., "bearlumen_django.BearLumenMiddleware"]
    BEARLUMEN = {"API_KEY": os.environ["BEAR_LUMEN_API_KEY"]}

Then `bearlumen.track(response)`, in whichever view or module.
"""

from ._version import __version__
from .asgi import deliver_at_shutdown
from .middleware import BearLumenMiddleware
from .users import end_user_of

__all__ = ["BearLumenMiddleware", "__version__", "deliver_at_shutdown", "end_user_of"]
