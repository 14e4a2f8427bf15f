"""Query parameters to a question. Whatever is not understood is a 400 that names it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from bearlumen_server.ledger.limits import MAX_KEY_CHARACTERS, MAX_LABEL_CHARACTERS
from bearlumen_server.reports.buckets import GRANULARITIES, TooManyBucketsError, cut
from bearlumen_server.reports.question import Question

from . import wire
from .errors import invalid

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from starlette.requests import Request

    from bearlumen_server.reports.buckets import Buckets, Granularity

EARLIEST_YEAR: Final = 1970
LATEST_YEAR: Final = 8999
"""Far enough from what a date can hold that no time zone leads out of it."""
DEFAULT_GRANULARITY: Final = "day"
MAX_FILTER_VALUES: Final = 200
MAX_DIMENSIONS: Final = 16
"""That one question may filter by: each takes DuckDB a millisecond and more to plan."""
MAX_OFFSET: Final = 2**53

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_NUMBER = re.compile(r"[0-9]{1,16}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """Which part of a long answer is wanted."""

    limit: int
    offset: int


def parameters(request: Request) -> dict[str, list[str]]:
    """Return every query parameter with all its values."""
    found: dict[str, list[str]] = {}
    for name, value in request.query_params.multi_items():
        found.setdefault(name, []).append(value)
    return found


def question_of(
    request: Request,
    org_id: str,
    *,
    filters: Mapping[str, str] = wire.FILTERS,
    dimensions: bool = True,
    also: Collection[str] = (),
    recent_days: int | None = None,
    ends: tuple[str, str] = (wire.START_DATE, wire.END_DATE),
) -> Question:
    """Read the range and the filters of a request.

    Args:
        request: The request.
        org_id: Whose events are asked about.
        filters: The filters it takes, parameter to column.
        dimensions: Whether it takes `dimension.<key>` too.
        also: Parameters that somebody else reads.
        recent_days: How many days, today included, it is about when no range is given.
        ends: What the two ends of the range are called.

    Raises:
        ApiError: 400, naming the parameter.
    """
    return question_from(
        parameters(request),
        org_id,
        filters=filters,
        dimensions=dimensions,
        also=also,
        recent_days=recent_days,
        ends=ends,
    )


def question_from(
    given: Mapping[str, list[str]],
    org_id: str,
    *,
    filters: Mapping[str, str] = wire.FILTERS,
    dimensions: bool = True,
    also: Collection[str] = (),
    recent_days: int | None = None,
    ends: tuple[str, str] = (wire.START_DATE, wire.END_DATE),
) -> Question:
    """Read a range and filters from parameters, wherever they stood; see `question_of`."""
    window = (*ends, wire.TIMEZONE)
    labels: dict[str, list[str]] = {}
    chosen: dict[str, list[str]] = {}
    for name, values in given.items():
        if name in window or name in also:
            continue
        key = name.removeprefix(wire.DIMENSION_PREFIX)
        if name in filters:
            labels[filters[name]] = _texts(name, values)
        elif dimensions and key not in {name, ""} and len(key) <= MAX_KEY_CHARACTERS:
            chosen[key] = _texts(name, values)
            if len(chosen) > MAX_DIMENSIONS:
                raise invalid(name, f"more than {MAX_DIMENSIONS} dimensions to filter by")
        else:
            known = [*window, *also, *filters]
            known += [f"{wire.DIMENSION_PREFIX}<key>"] if dimensions else []
            raise invalid(name[:100], f"unknown parameter; known are {', '.join(known)}")
    start, end, zone = _window(given, *ends, recent_days)
    return Question(
        org_id=org_id, start=start, end=end, zone=zone, labels=labels, dimensions=chosen
    )


def buckets_of(request: Request, question: Question) -> tuple[Granularity, Buckets]:
    """Read `granularity`, a day if left out, and cut the question's range by it."""
    text = _one(parameters(request), wire.GRANULARITY) or DEFAULT_GRANULARITY
    for granularity in GRANULARITIES:
        if granularity == text:
            break
    else:
        raise invalid(wire.GRANULARITY, f"expected one of {', '.join(GRANULARITIES)}")
    try:
        return granularity, cut(question.start, question.end, granularity, question.zone)
    except TooManyBucketsError as error:
        raise invalid(wire.GRANULARITY, str(error)) from error


def text_of(request: Request, name: str, *, most: int = MAX_LABEL_CHARACTERS) -> str:
    """Read a parameter that has to be there, once."""
    text = _one(parameters(request), name)
    if not text or len(text) > most or "\0" in text:
        raise invalid(name, f"required; a text of at most {most} characters")
    return text


def check_known(request: Request, known: Collection[str]) -> None:
    """Refuse a parameter that nobody reads, of a question that has no range."""
    for name in parameters(request):
        if name not in known:
            words = f"known are {', '.join(known)}" if known else "there are none here"
            raise invalid(name[:100], f"unknown parameter; {words}")


def optional_text_of(request: Request, name: str) -> str | None:
    """Read a parameter that may be left out, and is given at most once."""
    if _one(parameters(request), name) is None:
        return None
    return text_of(request, name)


def number_of(request: Request, name: str, default: int, *, least: int, most: int) -> int:
    """Read a whole number that may be left out."""
    return _number(parameters(request), name, default, least, most)


def choice_of(request: Request, name: str, known: Collection[str], default: str) -> str:
    """Read a parameter that is one of a few words."""
    text = _one(parameters(request), name)
    if text is None:
        return default
    if text not in known:
        raise invalid(name, f"expected one of {', '.join(known)}")
    return text


def instant_of(request: Request, name: str) -> datetime | None:
    """Read a date, its first instant in UTC, or a timestamp; None if it is left out."""
    text = _one(parameters(request), name)
    return _instant(name, text, ZoneInfo("UTC"), last_day=False) if text is not None else None


def page_of(request: Request) -> Page:
    """Read `limit` and `offset`."""
    given = parameters(request)
    limit = _number(given, wire.LIMIT, wire.DEFAULT_LIMIT, 1, wire.MAX_LIMIT)
    return Page(limit=limit, offset=_number(given, wire.OFFSET, 0, 0, MAX_OFFSET))


def sort_of(request: Request, known: Collection[str], default: str) -> tuple[str, bool]:
    """Read `sort`: a field, with `-` before it for highest first. Return it, and whether it had."""
    given = _one(parameters(request), wire.SORT)
    text = default if given is None else given
    name = text.removeprefix("-")
    if name not in known:
        raise invalid(wire.SORT, f"expected one of {', '.join(known)}, with - for highest first")
    return name, name != text


def _one(given: Mapping[str, list[str]], name: str) -> str | None:
    values = given.get(name, [])
    if len(values) > 1:
        raise invalid(name, f"given {len(values)} times, expected once")
    return values[0] if values else None


def _texts(name: str, values: list[str]) -> list[str]:
    if len(values) > MAX_FILTER_VALUES:
        raise invalid(name, f"{len(values)} values, the most is {MAX_FILTER_VALUES}")
    for value in values:
        if len(value) > MAX_LABEL_CHARACTERS or "\0" in value:
            raise invalid(name, f"expected a text of at most {MAX_LABEL_CHARACTERS} characters")
    return values


def _number(given: Mapping[str, list[str]], name: str, default: int, low: int, high: int) -> int:
    text = _one(given, name)
    if text is None:
        return default
    if not _NUMBER.fullmatch(text) or not low <= int(text) <= high:
        raise invalid(name, f"expected a whole number from {low} to {high}, got {text[:40]!r}")
    return int(text)


def _window(
    given: Mapping[str, list[str]], start_name: str, end_name: str, recent_days: int | None
) -> tuple[datetime, datetime, ZoneInfo]:
    zone_name = _one(given, wire.TIMEZONE)
    zone = _zone("UTC" if zone_name is None else zone_name)
    if recent_days is not None and not {start_name, end_name} & given.keys():
        tomorrow = datetime.now(zone).date() + timedelta(days=1)
        days = (tomorrow - timedelta(days=recent_days), tomorrow)
        start, end = (datetime.combine(day, time(), zone).astimezone(UTC) for day in days)
        return start, end, zone
    first, last = _one(given, start_name), _one(given, end_name)
    start = _instant(start_name, first, zone, last_day=False)
    end = _instant(end_name, last, zone, last_day=True)
    # A range that ends with a day holds that day at least, so an empty one is reversed.
    if end < start or (end == start and last and _DATE.fullmatch(last)):
        raise invalid(end_name, f"lies before {start_name}")
    return start, end, zone


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    # A name that is a path, a folder or no text at all fails in its own way each.
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        problem = f"expected an IANA name such as Europe/Berlin, got {name[:40]!r}"
        raise invalid(wire.TIMEZONE, problem) from error


def _instant(name: str, text: str | None, zone: ZoneInfo, *, last_day: bool) -> datetime:
    """Read one end of a range: a day in `zone`, or an instant."""
    if not text:
        raise invalid(name, "required; send a date (2026-01-31) or a timestamp with an offset")
    if _DATE.fullmatch(text):
        try:
            day = date.fromisoformat(text) + timedelta(days=last_day)
            _check_year(name, day.year)
        except (ValueError, OverflowError) as error:
            raise invalid(name, f"{text} is no date") from error
        # A day begins at its first instant: where midnight is skipped, that is when clocks jump.
        return datetime.combine(day, time(), zone).astimezone(UTC)
    try:
        at = msgspec.convert(text, datetime)
    except msgspec.ValidationError as error:
        hint = "; send its + as %2B" if " " in text[10:] else ""
        problem = f"expected a date or an RFC 3339 timestamp, got {text[:40]!r}{hint}"
        raise invalid(name, problem) from error
    if at.tzinfo is None:
        raise invalid(name, "a timestamp needs an offset such as Z or +02:00")
    _check_year(name, at.year)
    return at.astimezone(UTC)


def _check_year(name: str, year: int) -> None:
    if not EARLIEST_YEAR <= year <= LATEST_YEAR:
        raise invalid(name, f"expected a year from {EARLIEST_YEAR} to {LATEST_YEAR}")
