# pyright: reportMissingTypeStubs=false
"""Views that track. `as` says whom the client is logged in as, so that a mix-up shows."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib import auth
from django.contrib.auth.models import User
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.views import View
from rest_framework.authentication import TokenAuthentication
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

import bearlumen

CHAT = {"object": "chat.completion", "model": "gpt-4o", "usage": {"prompt_tokens": 1}}


def track(request: HttpRequest, where: str) -> None:
    """Track a call, and say in it whom it should be for."""
    dimensions = {"where": where, "as": request.GET.get("as", "")}
    bearlumen.track(CHAT, dimensions=dimensions)


def plain(request: HttpRequest, anything: str = "") -> HttpResponse:
    """A sync view."""
    track(request, "plain")
    return HttpResponse("ok")


async def aplain(request: HttpRequest) -> HttpResponse:
    """An async view that looks at its user as Django says it should."""
    await load_user(request)
    track(request, "aplain")
    return HttpResponse("ok")


async def load_user(request: Any) -> None:
    """What an async view does to know its user; Django 4.2 has no `auser`."""
    if hasattr(request, "auser"):
        await request.auser()
    else:
        await sync_to_async(lambda: request.user.pk)()


async def unloaded(request: HttpRequest) -> HttpResponse:
    """An async view that does not care who asks."""
    track(request, "unloaded")
    return HttpResponse("ok")


async def amany(request: HttpRequest) -> HttpResponse:
    """An async view whose work goes on in tasks and threads."""
    await sync_to_async(track)(request, "thread of Django's")
    await sync_to_async(track, thread_sensitive=False)(request, "thread")
    await load_user(request)
    await asyncio.create_task(later(request))
    await asyncio.to_thread(track, request, "to_thread")
    return HttpResponse("ok")


async def later(request: HttpRequest) -> None:
    """Track in a task."""
    await asyncio.sleep(0)
    track(request, "task")


def body(request: HttpRequest) -> StreamingHttpResponse:
    """A streamed body that tracks at each step, and when it is closed."""

    def steps() -> Iterator[str]:
        try:
            for part in "abc":
                track(request, "body")
                yield part
                time.sleep(0.002)
        finally:
            track(request, "end of body")

    return StreamingHttpResponse(steps())


async def abody(request: HttpRequest) -> StreamingHttpResponse:
    """The same, async."""

    async def steps() -> AsyncIterator[str]:
        await load_user(request)
        try:
            for part in "abc":
                track(request, "abody")
                yield part
                await asyncio.sleep(0.002)
        finally:
            track(request, "end of abody")

    return StreamingHttpResponse(steps())


def file(request: HttpRequest) -> FileResponse:
    """A file."""
    return FileResponse(Path(__file__).open("rb"))  # Django closes it


def boom(request: HttpRequest) -> HttpResponse:
    """A view that fails after it tracked."""
    track(request, "boom")
    raise ValueError("boom")


def quiet(request: HttpRequest) -> HttpResponse:
    """A view that tracks nothing."""
    return HttpResponse("ok")


async def aquiet(request: HttpRequest) -> HttpResponse:
    """The same, async."""
    return HttpResponse("ok")


def login(request: HttpRequest) -> HttpResponse:
    """Somebody logs in, and asks."""
    track(request, "before")
    auth.login(request, User.objects.get(username=request.GET["name"]))
    track(request, "after")
    return HttpResponse("ok")


async def alogin(request: HttpRequest) -> HttpResponse:
    """The same, async."""
    await load_user(request)
    track(request, "before")
    user = await User.objects.aget(username=request.GET["name"])
    await sync_to_async(auth.login)(request, user)
    track(request, "after")
    return HttpResponse("ok")


def logout(request: HttpRequest) -> HttpResponse:
    """Somebody logs out, and asks."""
    track(request, "before")
    auth.logout(request)
    track(request, "after")
    return HttpResponse("ok")


class Rest(APIView):
    """A view whose user comes with a token, by DRF."""

    authentication_classes = (TokenAuthentication,)

    def get(self, request: Request) -> Response:
        """Track a call."""
        track(request._request, "rest")
        return Response({})


class Klass(View):
    """A class-based view."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Track a call."""
        track(request, "klass")
        return HttpResponse("ok")


def leak(request: HttpRequest) -> HttpResponse:
    """A view that opens a scope and forgets it."""
    bearlumen.scope(end_user="leaked", feature="leaked").__enter__()
    track(request, "leak")
    return HttpResponse("ok")


def slow(request: HttpRequest) -> HttpResponse:
    """A view in which others get their turn."""
    track(request, "slow")
    time.sleep(0.005)
    track(request, "slow")
    return HttpResponse("ok")


async def aslow(request: HttpRequest) -> HttpResponse:
    """The same, async."""
    await load_user(request)
    track(request, "aslow")
    await asyncio.sleep(0.005)
    track(request, "aslow")
    return HttpResponse("ok")


def senders(request: HttpRequest) -> HttpResponse:
    """How many threads of ours there are in this process."""
    return HttpResponse(str(sum(t.name == "bearlumen-worker" for t in threading.enumerate())))


def sync_middleware(get_response: Any) -> Any:
    """A middleware that knows of sync code only, as many do."""

    def answer(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    return answer
