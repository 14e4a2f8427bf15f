"""Which events a report is about: whose, from when to when, and which of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, time
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bearlumen_server.storage import Store

    from .dialect import Dialect

UTC: Final = ZoneInfo("UTC")

LABELS: Final = (
    "model",
    "provider",
    "feature",
    "agent",
    "workflow",
    "session_id",
    "end_user",
)
"""The columns events can be chosen and grouped by. Nothing else is ever put into a query's text."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """The events a report looks at. All conditions hold together; the values of one are any-of."""

    org_id: str
    start: datetime
    """Inclusive, aware."""
    end: datetime
    """Exclusive, aware."""
    zone: ZoneInfo = UTC
    """In which days, weeks and months begin."""
    labels: Mapping[str, Sequence[str]] = field(default_factory=dict[str, "Sequence[str]"])
    """Column of `LABELS` to values; '' stands for events without one."""
    dimensions: Mapping[str, Sequence[str]] = field(default_factory=dict[str, "Sequence[str]"])
    """Custom dimension to values, as text; '' stands for events without it."""


def ask(
    store: Store, sql: str, question: Question, more: Mapping[str, object] | None = None
) -> list[tuple[Any, ...]]:
    """Run a query whose text has a `{where}`, and return its rows."""
    where, parameters = condition(question, store.dialect)
    return store.rows(sql.replace("{where}", where), {**parameters, **(more or {})})


def filled(sql: str, words: Mapping[str, str]) -> str:
    """Put words of ours, never a value, in the places of a query that are named for them."""
    for name, word in words.items():
        sql = sql.replace(f"{{{name}}}", word)
    return sql


def condition(question: Question, dialect: Dialect) -> tuple[str, dict[str, object]]:
    """Return the WHERE of a question, and the values it binds; no value is ever in the text."""
    parameters: dict[str, object] = {
        "org": question.org_id,
        "start": utc(question.start),
        "end": utc(question.end),
    }
    bind = dialect.bind
    parts = [f"org_id = {bind('org')} AND ts >= {bind('start')} AND ts < {bind('end')}"]
    for column, values in question.labels.items():
        if column not in LABELS:
            raise KeyError(column)
        parts.append(_any_of(column, f"label_{column}", values, dialect))
        parameters[f"label_{column}"] = list(values)
    for number, (key, values) in enumerate(question.dimensions.items()):
        value = dialect.dimension.format(name=f"key_{number}")
        parts.append(_any_of(value, f"values_{number}", values, dialect))
        parameters |= {f"key_{number}": key, f"values_{number}": list(values)}
    return " AND ".join(parts), parameters


def previous(question: Question) -> Question:
    """Return the same question about the period just before, of the same length.

    A period of whole days is preceded by as many days, whatever hours a clock change gave them.
    """
    first, last = question.start.astimezone(question.zone), question.end.astimezone(question.zone)
    if first == _midnight(first, question.zone) and last == _midnight(last, question.zone):
        days = last.date() - first.date()
        return replace(
            question,
            start=datetime.combine(first.date() - days, time(), question.zone),
            end=question.start,
        )
    return replace(
        question, start=question.start - (question.end - question.start), end=question.start
    )


def _midnight(at: datetime, zone: ZoneInfo) -> datetime:
    return datetime.combine(at.date(), time(), zone)


def utc(at: datetime) -> datetime:
    """Return an aware instant as the ledger holds it: in UTC, without saying so."""
    return at.replace(tzinfo=None) - (at.utcoffset() or at - at)


def _any_of(value: str, name: str, values: Sequence[str], dialect: Dialect) -> str:
    test = dialect.any_of.format(value=value, name=name)
    return f"({test} OR {value} IS NULL)" if "" in values else test
