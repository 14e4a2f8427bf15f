"""What `manage.py check` says of the settings; it asks no server and no database."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004  # their names there
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from bearlumen.integration import is_configured

from .middleware import BearLumenMiddleware
from .settings import NAME, options
from .users import end_user_of

MIDDLEWARE_PATH = "bearlumen_django.BearLumenMiddleware"


def check_settings(**_: Any) -> list[CheckMessage]:
    """The findings, worst first."""
    try:
        wanted = options()
    except ImproperlyConfigured as error:
        return [Error(str(error), id="bearlumen.E001")]
    # It imports models, so that it cannot be imported before they are ready.
    from django.contrib.auth.middleware import AuthenticationMiddleware

    found: list[CheckMessage] = []
    if not wanted.client["api_key"] and not is_configured():
        found.append(
            Warning(
                f"{NAME} has no API_KEY: what is tracked is dropped.",
                hint=f'{NAME} = {{"API_KEY": os.environ["BEAR_LUMEN_API_KEY"]}}',
                id="bearlumen.W001",
            )
        )
    if not _listed(BearLumenMiddleware):
        found.append(
            Warning(
                "The middleware is not listed: what is tracked is nobody's.",
                hint=f'Add "{MIDDLEWARE_PATH}" to MIDDLEWARE.',
                id="bearlumen.W002",
            )
        )
    elif (
        wanted.user_of is end_user_of
        and not _listed(AuthenticationMiddleware)
        and "rest_framework" not in settings.INSTALLED_APPS
    ):
        found.append(
            Warning(
                "Nothing says who is logged in: what is tracked is nobody's.",
                hint=f"Add AuthenticationMiddleware to MIDDLEWARE, or set {NAME}['USER_RESOLVER'].",
                id="bearlumen.W003",
            )
        )
    return found


def _listed(wanted: type) -> bool:
    for path in settings.MIDDLEWARE:
        try:
            middleware = import_string(path)
        except ImportError:
            continue  # Django has something to say about it
        if isinstance(middleware, type) and issubclass(middleware, wanted):
            return True
    return False
