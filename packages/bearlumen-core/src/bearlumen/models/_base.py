"""What every answer's model has in common."""

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic.alias_generators import to_camel

if TYPE_CHECKING:
    import pandas as pd  # pyright: ignore[reportMissingTypeStubs]
    import polars as pl

    from ._frames import Money
    from ._origin import Origin


class Answer(BaseModel):
    """snake_case here, camelCase on the wire; a field that we don't know yet is kept."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="allow", frozen=True
    )

    rows_field: ClassVar[str | None] = None
    """The field whose items are the rows of `to_dicts` and of a data frame.

    A model says so only if it has several lists of models; the only one needs no naming.
    """

    @property
    def _origin(self) -> "Origin | None":
        # In the instance's dict, as a cached property is, and not a private attribute: with one,
        # pydantic takes four times as long to make each of a page's thousand items.
        return self.__dict__.get("_origin")

    @property
    def correlation_id(self) -> str | None:
        """The server's name for the request that this answers: include it in support tickets.

        None for a part of an answer, and for one that was made by hand.
        """
        return None if self._origin is None else self._origin.correlation_id

    def came_from(self, origin: "Origin") -> None:
        """Say where this answer came from; the client does."""
        vars(self)["_origin"] = origin

    def to_dict(self) -> dict[str, Any]:
        """The answer as plain Python values, amounts as `Decimal`."""
        return self.model_dump()

    def to_dicts(self) -> list[dict[str, Any]]:
        """The answer's items as plain dicts: a row each, amounts as `Decimal`.

        An answer with a series for each value has a row for each point of each series; one without
        items is a single row. Of a page it is the page's own items.
        """
        from ._rows import dicts

        return dicts(self)

    def to_pandas(self, *, money: "Money" = "decimal") -> "pd.DataFrame":
        """The rows of `to_dicts` as a DataFrame of pandas.

        Columns and their types are those of the model, whether there are rows or not: `string`,
        `Int64`, `float64`, `boolean`, `datetime64[us, UTC]`; amounts, mappings and lists are
        objects. The fields of a nested model are columns such as `previous_period.total_cost`.

        Args:
            money: `decimal` keeps every digit, as `Decimal` objects; `float` rounds, and computes
                much faster.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        from ._frames import to_pandas

        return to_pandas(self, money)

    def to_polars(self, *, money: "Money" = "decimal") -> "pl.DataFrame":
        """The rows of `to_dicts` as a DataFrame of polars.

        Columns and their types are those of the model, whether there are rows or not. Mappings and
        lists are JSON text. The fields of a nested model are columns such as
        `previous_period.total_cost`.

        Args:
            money: `decimal` keeps every digit, as `Decimal(38, 18)`; `float` rounds.

        Raises:
            MissingExtraError: polars is not installed.
        """
        from ._frames import to_polars

        return to_polars(self, money)


def _number(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else value


Percent = Annotated[float, BeforeValidator(_number)]
"""0 to 100."""
