"""The `BEARLUMEN` setting, and the client that is made of it."""

from __future__ import annotations

import difflib
import functools
import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.utils.module_loading import import_string

from bearlumen import BearLumen
from bearlumen.errors import BearLumenError
from bearlumen.integration import (
    CLIENT_OPTIONS,
    check_client_options,
    client_that_drops,
    configure_later,
    default,
    guard_of,
)

from .users import end_user_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from django.http import HttpRequest

NAME: Final = "BEARLUMEN"
OWN_OPTIONS: Final = ("USER_RESOLVER", "FEATURE", "TRUST_SCOPE_HEADERS")
OPTIONS: Final = (*(name.upper() for name in CLIENT_OPTIONS), *OWN_OPTIONS)
_MADE_LATER: Final = ("transport", "http_client")
"""May be the dotted path of what makes it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """The setting, read."""

    client: Mapping[str, Any]
    """What the client is made with."""
    user_of: Callable[[HttpRequest], Any]
    feature_of: Callable[[HttpRequest], Any] | None
    trust_scope_headers: bool


@functools.cache
def options() -> Options:
    """What the setting says; read once, and again when a test overrides it.

    Raises:
        ImproperlyConfigured: It cannot be meant.
    """
    setting: object = getattr(settings, NAME, {})
    if not isinstance(setting, dict):
        raise ImproperlyConfigured(f"{NAME} is a {type(setting).__name__}; it has to be a dict.")
    given = cast("dict[str, Any]", setting)
    for name in given:
        if name not in OPTIONS:
            raise ImproperlyConfigured(f"{NAME} has no {name!r}.{_meant(str(name))}")
    client = {name: given[name.upper()] for name in CLIENT_OPTIONS if name.upper() in given}
    if isinstance(client.get("on_error"), str):
        client["on_error"] = _imported("ON_ERROR", client["on_error"])
    for name in _MADE_LATER:
        if isinstance(client.get(name), str):
            _imported(name.upper(), client[name])
    client["api_key"] = client.get("api_key") or ""
    trust = given.get("TRUST_SCOPE_HEADERS", False)
    if not isinstance(trust, bool):
        raise ImproperlyConfigured(f"{NAME}['TRUST_SCOPE_HEADERS'] is True or False.")
    try:
        check_client_options(client)
    except (BearLumenError, TypeError, ValueError) as error:
        raise ImproperlyConfigured(f"{NAME} cannot be used: {error}") from error
    return Options(
        client=client,
        user_of=_function("USER_RESOLVER", given.get("USER_RESOLVER") or end_user_of),
        feature_of=_feature(given.get("FEATURE")),
        trust_scope_headers=trust,
    )


def view_of(request: HttpRequest) -> str | None:
    """The name of the function or class that serves the request, for `FEATURE = "view"`."""
    match = request.resolver_match
    if match is None:
        return None
    view: Any = getattr(match.func, "view_class", getattr(match.func, "cls", match.func))
    return getattr(view, "__name__", type(view).__name__)


def url_of(request: HttpRequest) -> str | None:
    """The name that the URL configuration gives, for `FEATURE = "url"`; never the path itself."""
    match = request.resolver_match
    return match.view_name if match is not None and match.url_name else None


@functools.cache
def install() -> None:
    """Make the setting's client that of `bearlumen.track` and its like, once one is needed."""
    configure_later(make_client)
    setting_changed.connect(_read_again, dispatch_uid="bearlumen")


def make_client() -> BearLumen:
    """A client as the setting has it; one that drops everything, and says so, if it cannot be."""
    given: dict[str, Any] = {}
    try:
        given = dict(options().client)
        why = f"{NAME} cannot be used" if given["api_key"] else f"{NAME} has no API_KEY"
    except ImproperlyConfigured as error:
        why = str(error)
    # Whoever tracks is not the one to be told.
    with guard_of(default)(f"making the client of {NAME}"):
        for name in _MADE_LATER:
            if isinstance(given.get(name), str):
                given[name] = import_string(given[name])()
        if given.get("api_key"):
            return BearLumen(**given)
    return client_that_drops(given, why=why)


def _read_again(*, setting: str, **_: object) -> None:
    if setting == NAME:
        options.cache_clear()
        configure_later(make_client)


def _feature(given: object) -> Callable[[HttpRequest], Any] | None:
    if given is None:
        return None
    known = {"view": view_of, "url": url_of}
    if isinstance(given, str) and given in known:
        return known[given]
    if isinstance(given, str) and "." not in given:
        raise ImproperlyConfigured(
            f"{NAME}['FEATURE'] is {given!r}; it is 'view', 'url', or the dotted path of a "
            "function of the request."
        )
    return _function("FEATURE", given)


def _function(name: str, given: object) -> Callable[[HttpRequest], Any]:
    function = _imported(name, given) if isinstance(given, str) else given
    if not callable(function):
        raise ImproperlyConfigured(f"{NAME}[{name!r}] is {given!r}, which cannot be called.")
    if inspect.iscoroutinefunction(function):
        raise ImproperlyConfigured(
            f"{NAME}[{name!r}] is {given!r}, which is async. It is called in the middle of "
            "tracking, which does not wait: make it a plain function."
        )
    return function


def _imported(name: str, path: str) -> Any:
    try:
        return import_string(path)
    except ImportError as error:
        raise ImproperlyConfigured(
            f"{NAME}[{name!r}] is {path!r}, which cannot be imported: {error}"
        ) from error


def _meant(name: str) -> str:
    close = difflib.get_close_matches(name.upper(), OPTIONS, n=1)
    return f" Did you mean {close[0]!r}?" if close else f" It has {', '.join(OPTIONS)}."
