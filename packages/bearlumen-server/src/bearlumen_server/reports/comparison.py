"""What was spent in a period, against the one before it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from .costs import SPENT, average_of, percent_of
from .question import Question, ask, filled, previous, utc
from .trend import Spent

if TYPE_CHECKING:
    from bearlumen_server.storage import Store

# One scan, so that both periods are of the same moment.
_PERIODS: Final = f"""
    SELECT ts >= {{middle}} AS recent, {SPENT} FROM events WHERE {{where}} GROUP BY recent"""  # noqa: S608
_NOTHING: Final = Spent(total_cost=Decimal(0), events=0, unpriced_events=0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """A period and the one before it, of the same length."""

    now: Spent
    before: Spent
    earlier: Question
    """About the period before."""

    @property
    def average(self) -> Decimal | None:
        """USD of one event with a known price; None without any."""
        return average_of(self.now.total_cost, self.now.events - self.now.unpriced_events)

    @property
    def change(self) -> Decimal:
        """USD more than before; negative for less."""
        return self.now.total_cost - self.before.total_cost

    @property
    def change_percent(self) -> Decimal | None:
        """The change as a percentage of the cost before; None where that is 0."""
        before = self.before.total_cost
        return percent_of(self.change, before) if before else None


def compare(store: Store, question: Question) -> Comparison:
    """Return the cost of the question's period and of the one before it.

    Raises:
        OverflowError: The period before would begin before the calendar does.
    """
    earlier = previous(question)
    both = replace(question, start=earlier.start)
    sql = filled(_PERIODS, {"middle": store.dialect.bind("middle")})
    found = {
        row[0]: Spent(total_cost=row[1], events=row[2], unpriced_events=row[3])
        for row in ask(store, sql, both, {"middle": utc(question.start)})
    }
    return Comparison(
        now=found.get(True, _NOTHING), before=found.get(False, _NOTHING), earlier=earlier
    )
