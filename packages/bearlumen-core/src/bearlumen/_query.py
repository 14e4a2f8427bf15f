"""A question to the API as a value: what is asked, how the wire says it, what an answer means.

Nothing here does I/O. Two drivers, one sync and one async, send what these functions say.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypedDict, TypeVar, cast

from . import _wire
from .errors import BearLumenApiError, InvalidRequestError, NetworkError, ServerError

if TYPE_CHECKING:
    import httpx
    from pydantic import BaseModel

ModelT = TypeVar("ModelT", bound="BaseModel")

When = date | datetime | str
"""A date (that whole day), an aware datetime (that instant), or either in ISO form."""

Values = str | list[str] | tuple[str, ...] | set[str] | None
"""One value, or several of which any may match."""

Granularity = Literal["hour", "day", "week", "month"]
"""How long the buckets of a series are; a week begins on Monday."""

RETRY_BASE_SECONDS = 0.5
RETRY_CAP_SECONDS = 8.0
"""Of one wait: a server that asks for more is not asked again; the caller is told how long."""
RETRY_TOTAL_SECONDS = 30.0
"""Of all waits of one question together, whatever `max_retries` is."""
REQUEST_TIMEOUT, TOO_MANY, FIRST_SERVER_ERROR = 408, 429, 500
PASSING_STATUS = (REQUEST_TIMEOUT, TOO_MANY)
"""Besides 5xx. 409 is none of them: what is stored contradicts, which waiting does not mend."""


class CostFilters(TypedDict, total=False):
    """Keep only matching events. Several values of one filter mean any of them."""

    model: Values
    provider: Values
    feature: Values
    agent: Values
    workflow: Values
    session_id: Values
    external_id: Values
    """End users, by their external id."""
    dimensions: Mapping[str, str | int | float | bool | list[str] | tuple[str, ...]] | None
    """Custom dimensions, by key."""
    timezone: str | None
    """The IANA name of the zone in which dates are days; UTC if left out."""


class MarginFilters(TypedDict, total=False):
    """Keep only matching end users: revenue has no model and no feature to filter by."""

    external_id: Values
    timezone: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Request(Generic[ModelT]):
    """One request and what its answer is parsed into."""

    method: str
    path: str
    model: type[ModelT]
    params: tuple[tuple[str, str], ...] = ()
    body: Any = None
    idempotent: bool = False
    """Whether being asked twice is as good as once, so that it may be sent again unseen."""

    def with_params(self, changed: Mapping[str, str]) -> "Request[ModelT]":
        """The same request with other values of some parameters."""
        kept = tuple(pair for pair in self.params if pair[0] not in changed)
        return replace(self, params=(*kept, *changed.items()))


def window(start_date: When, end_date: When) -> dict[str, str]:
    """The two ends of a date range as parameters.

    Raises:
        InvalidRequestError: An end is neither a date nor an aware datetime, or they are reversed.
    """
    start, end = _moment("start_date", start_date), _moment("end_date", end_date)
    # A date against an instant is for the server to compare: it knows the time zone.
    if isinstance(start, datetime) == isinstance(end, datetime) and start > end:
        raise InvalidRequestError(f"start_date {start} is after end_date {end}.")
    return {"start_date": start.isoformat(), "end_date": end.isoformat()}


def optional_window(start_date: When | None, end_date: When | None) -> dict[str, str]:
    """The two ends of a date range as parameters, or none where neither is given.

    Raises:
        InvalidRequestError: Only one end is given, or the range is impossible.
    """
    if start_date is None and end_date is None:
        return {}
    if start_date is None or end_date is None:
        missing = "start_date" if start_date is None else "end_date"
        raise InvalidRequestError(f"{missing} is missing: give both ends of the range, or neither.")
    return window(start_date, end_date)


def _moment(name: str, value: When) -> date | datetime:
    if isinstance(value, str):
        try:
            instant = "T" in value or " " in value
            value = datetime.fromisoformat(value) if instant else date.fromisoformat(value)
        except ValueError:
            raise InvalidRequestError(
                f"{name} is {value!r}; it is a date such as '2026-01-31', or a datetime."
            ) from None
    if not isinstance(value, date):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidRequestError(f"{name} is {value!r}; it is a date, or an aware datetime.")
    if isinstance(value, datetime) and value.tzinfo is None:
        raise InvalidRequestError(
            f"{name} is {value!r} without a time zone; use an aware datetime, or a date."
        )
    return value


def parameters(*groups: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Named values as query parameters in the wire's spelling; None is left out.

    Raises:
        TypeError: A filter is unknown.
    """
    return tuple(pair for group in groups for pair in _parameters(group))


def _parameters(group: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in group.items():
        if name == "dimensions":
            wanted_by_key: Mapping[str, Any] = value or {}
            for key, wanted in wanted_by_key.items():
                for one in _several(f"dimensions[{key!r}]", wanted):
                    yield _wire.DIMENSION_PREFIX + key, _text(one)
        elif value is not None:
            for one in _several(name, value):
                yield _wire.camel(name), _text(one)


def _several(name: str, value: Any) -> list[Any]:
    if not isinstance(value, list | tuple | set | frozenset):
        return [value]
    values = list(cast("list[Any]", value))
    if not values:
        # Any of nothing is nothing; left out, it would be everything.
        raise InvalidRequestError(f"{name} is empty: give at least one value, or leave it out.")
    return values


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def check_filters(
    filters: Mapping[str, Any], *, scope: Mapping[str, Any], known: type = CostFilters
) -> Mapping[str, Any]:
    """The same filters.

    Args:
        filters: What the caller gave.
        scope: What the resource is already narrowed to.
        known: The TypedDict that lists the filters there are.

    Raises:
        TypeError: There is no such filter, or the resource is already scoped by it.
    """
    fixed = filters.keys() & scope.keys()
    if fixed:
        raise TypeError(f"{min(fixed)} is fixed here, by for_user(); leave it out")
    names: list[str] = list(known.__annotations__)
    unknown = filters.keys() - set(names)
    if unknown:
        raise TypeError(f"unexpected filter {min(unknown)!r}; the filters are {', '.join(names)}")
    return filters


@dataclass(frozen=True, kw_only=True, slots=True)
class RetryPolicy:
    """When a question is asked again."""

    max_retries: int
    jitter: Callable[[], float] = field(repr=False)

    def wait_before_next(
        self, error: BearLumenApiError, *, attempt: int, waited: float = 0.0, idempotent: bool
    ) -> float | None:
        """Seconds to wait before attempt number `attempt + 1`; None if there is to be none.

        Args:
            error: What came of the attempt before.
            attempt: How many attempts there have been.
            waited: Seconds waited before those, together.
            idempotent: Whether it does no harm if the server did do what was asked.
        """
        if attempt > self.max_retries or not (_passes(error) if idempotent else _undone(error)):
            return None
        wait = error.retry_after
        if wait is None:
            wait = min(RETRY_CAP_SECONDS, RETRY_BASE_SECONDS * 2 ** (attempt - 1)) * self.jitter()
        return wait if wait <= RETRY_CAP_SECONDS and waited + wait <= RETRY_TOTAL_SECONDS else None


def _passes(error: BearLumenApiError) -> bool:
    """Whether the next attempt may do better."""
    status = error.status
    return status is None or status in PASSING_STATUS or status >= FIRST_SERVER_ERROR


def _undone(error: BearLumenApiError) -> bool:
    """Whether the server surely did nothing: it was not reached, or sent us away."""
    if isinstance(error, NetworkError):
        return not error.maybe_received
    return error.status == TOO_MANY


class Asker(Protocol):
    """Who asked: an answer that is a page asks on through it."""

    @property
    def is_async(self) -> bool:
        """Whether `send` is to be awaited."""
        ...

    @property
    def send(self) -> Callable[[Request[Any]], Any]:
        """Asks a question."""
        ...


def parse(response: "httpx.Response", request: Request[ModelT], *, asked: Asker) -> ModelT:
    """What a good answer says, as a model.

    Raises:
        ServerError: It isn't what the contract says.
    """
    import pydantic

    from .models._base import Answer
    from .models._origin import Origin

    correlation_id = response.headers.get(_wire.CORRELATION_ID)
    try:
        # Amounts are decimal from the wire on: a float between would round them.
        body = json.loads(response.text, parse_float=Decimal)
        answer = request.model.model_validate(body)
    except (ValueError, RecursionError, pydantic.ValidationError) as error:
        raise ServerError(
            f"{request.method} {request.path} was answered {response.status_code} with something "
            f"other than the API's JSON. Is base_url right? ({_short(error)})",
            status=response.status_code,
            correlation_id=correlation_id,
        ) from None
    if isinstance(answer, Answer):
        answer.came_from(
            Origin(
                correlation_id=correlation_id,
                request=request,
                send=asked.send,
                is_async=asked.is_async,
            )
        )
    return answer


def _short(error: Exception) -> str:
    return str(error).splitlines()[0]
