"""Whom a call is for: the user of the request, in whatever kind of view it is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.test import AsyncClient, Client

    from .conftest import Tracked


@pytest.mark.parametrize("view", ["plain", "aplain", "boom", "shop/klass"])
def test_a_call_is_for_the_one_who_is_logged_in(
    view: str, web: Client, tracked: Tracked, alice: User
) -> None:
    """In a sync and an async view under WSGI, and in one that fails."""
    web.get(f"/{view}")
    assert tracked.users == [str(alice.pk)]


@pytest.mark.anyio
@pytest.mark.parametrize("view", ["plain", "aplain", "boom", "shop/klass"])
async def test_a_call_is_for_the_one_who_is_logged_in_under_asgi(
    view: str, asgi: AsyncClient, tracked: Tracked, alice: User
) -> None:
    """In a sync and an async view, and in one that fails."""
    await asgi.get(f"/{view}")
    assert tracked.users == [str(alice.pk)]
