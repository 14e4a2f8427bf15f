"""Pages: a long answer comes in parts, and iterating over one goes through them all."""

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, cast

from .. import _wire
from ._base import Answer
from ._rows import rows_field

if TYPE_CHECKING:
    from .._query import Request
    from ._origin import Origin

ItemT = TypeVar("ItemT")


class Page(Answer, Generic[ItemT]):
    """One page of a longer answer, and the way to the others.

    Iterating over it gives the items of this page and of all that follow, which are fetched as they
    are reached: `for` with `BearLumen`, `async for` with `AsyncBearLumen`.
    """

    total: int
    """How many there are in all."""
    limit: int
    offset: int
    has_more: bool

    def has_next_page(self) -> bool:
        """Whether there is more after this page."""
        return self.has_more

    def next_page(self) -> Self:
        """Fetch the page after this one, with the same filters.

        Raises:
            RuntimeError: There is none: ask `has_next_page` first.
            BearLumenApiError: As of the question itself.
        """
        origin, request = self._ask_on(is_async=False)
        return self._followed_by(origin.send(request))

    async def next_page_async(self) -> Self:
        """`next_page` for a page of `AsyncBearLumen`."""
        origin, request = self._ask_on(is_async=True)
        return self._followed_by(await origin.send(request))

    def iter_pages(self) -> Iterator[Self]:
        """This page and those that follow, one at a time."""
        self._check(is_async=False)
        return self._pages()

    def iter_pages_async(self) -> AsyncIterator[Self]:
        """`iter_pages` for a page of `AsyncBearLumen`."""
        self._check(is_async=True)
        return self._pages_async()

    def __iter__(self) -> Iterator[ItemT]:  # pyright: ignore[reportIncompatibleMethodOverride]
        # Pydantic's own gives pairs of names and values, which `to_dict` does.
        return (item for page in self.iter_pages() for item in page.page_items())

    def __aiter__(self) -> AsyncIterator[ItemT]:
        pages = self.iter_pages_async()
        return (item async for page in pages for item in page.page_items())

    def page_items(self) -> Sequence[ItemT]:
        """The items of this page alone, whatever its field for them is called."""
        field = rows_field(type(self))
        if field is None:
            raise TypeError(f"{type(self).__name__} does not say which of its fields has the items")
        return cast("Sequence[ItemT]", getattr(self, field))

    def _pages(self) -> Iterator[Self]:
        page = self
        yield page
        while page.has_next_page():
            page = page.next_page()
            yield page

    async def _pages_async(self) -> AsyncIterator[Self]:
        page = self
        yield page
        while page.has_next_page():
            page = await page.next_page_async()
            yield page

    def _check(self, *, is_async: bool) -> None:
        if self._origin is None or self._origin.is_async in {is_async, None}:
            return
        if is_async:
            raise TypeError("This page is one of BearLumen: use `for`, `next_page`, `iter_pages`.")
        raise TypeError(
            "This page is one of AsyncBearLumen: use `async for`, `next_page_async`, "
            "`iter_pages_async`."
        )

    def _ask_on(self, *, is_async: bool) -> "tuple[Origin, Request[Any]]":
        self._check(is_async=is_async)
        origin = self._origin
        if not self.has_next_page():
            raise RuntimeError("This is the last page; ask has_next_page() before next_page().")
        if origin is None or origin.request is None:
            raise RuntimeError("This page does not come from a client, which could fetch another.")
        return origin, self._next_request(origin.request)

    def _followed_by(self, page: Self) -> Self:
        if not page.page_items():
            # Whatever the server says: there is nothing to go on from.
            page = page.model_copy(update={"has_more": False})
        return self._continued_by(page)

    def _next_request(self, request: "Request[Any]") -> "Request[Any]":
        """The request for the next page, after the one for this page."""
        return request.with_params({_wire.OFFSET: str(self.offset + len(self.page_items()))})

    def _continued_by(self, page: Any) -> Any:
        """The next page as it is shown."""
        return page
