"""What type checkers make of questions and answers: read by them, never run."""

from typing import assert_type

from bearlumen import AsyncBearLumen, BearLumen, RawResponse
from bearlumen.models import CostBreakdown, UsageEventRecord, UsageEvents


def sync(bear: BearLumen) -> None:
    """Pages, raw answers and copies of a client keep their types."""
    page = bear.usage.events(start_date="2026-01-01", end_date="2026-01-31")
    assert_type(page, UsageEvents)
    assert_type(page.next_page(), UsageEvents)
    assert_type(next(page.iter_pages()), UsageEvents)
    for event in page:
        assert_type(event, UsageEventRecord)
    raw = bear.usage.with_raw_response.events(start_date="2026-01-01", end_date="2026-01-31")
    assert_type(raw, RawResponse[UsageEvents])
    scoped = bear.costs.with_raw_response.for_user("u")
    costs = scoped.by_model(start_date="2026-01-01", end_date="2026-01-31", model="gpt-4o")
    assert_type(costs.parse(), CostBreakdown)
    assert_type(bear.with_options(timeout=5), BearLumen)
    # A filter that there is not is found here too.
    scoped.by_model(start_date="2026-01-01", end_date="2026-01-31", models="x")  # pyright: ignore[reportCallIssue]


async def awaited(bear: AsyncBearLumen) -> None:
    """The same of the async client."""
    page = await bear.usage.events(start_date="2026-01-01", end_date="2026-01-31")
    assert_type(page, UsageEvents)
    assert_type(await page.next_page_async(), UsageEvents)
    async for event in page:
        assert_type(event, UsageEventRecord)
    raw = await bear.usage.with_raw_response.events(start_date="2026-01-01", end_date="2026-01-31")
    assert_type(raw, RawResponse[UsageEvents])
    assert_type(bear.with_options(timeout=5), AsyncBearLumen)
