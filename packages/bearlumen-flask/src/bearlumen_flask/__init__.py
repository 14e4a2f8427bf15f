"""Bear Lumen for Flask: every AI call tagged with its request's user.

    app.config["BEARLUMEN_API_KEY"] = os.environ["BEAR_LUMEN_API_KEY"]
    BearLumenFlask(app)

Then `bearlumen.track(response)`, in whichever view or module.
"""

from .extension import BearLumenFlask
from .users import end_user

__all__ = ["BearLumenFlask", "end_user"]
