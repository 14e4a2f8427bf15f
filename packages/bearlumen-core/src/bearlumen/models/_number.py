"""Numbers that are read exactly, and are numbers in JSON, where money is a string."""

from decimal import Decimal
from typing import Annotated

from pydantic import WithJsonSchema

Number = Annotated[Decimal, WithJsonSchema({"type": "number"})]
"""A count that may have a fraction."""
NumberOrNone = Annotated[Decimal | None, WithJsonSchema({"type": ["number", "null"]})]
Measure = Annotated[Decimal, WithJsonSchema({"type": ["number", "string"]})]
"""Money or a number, by what it measures."""
MeasureOrNone = Annotated[Decimal | None, WithJsonSchema({"type": ["number", "string", "null"]})]
