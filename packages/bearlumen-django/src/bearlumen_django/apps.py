"""The app: its checks, and the client for `bearlumen.track`."""

from django.apps import AppConfig
from django.core import checks

from . import checks as ours
from .settings import install


class BearLumenConfig(AppConfig):
    """It has no models. Nothing connects and no thread starts when it is loaded."""

    name = "bearlumen_django"
    label = "bearlumen"
    verbose_name = "Bear Lumen"

    def ready(self) -> None:
        """Register what `manage.py check` looks at."""
        checks.register(ours.check_settings, "bearlumen")
        install()
