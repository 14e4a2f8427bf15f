"""A number that is read exactly."""

from decimal import Decimal
from typing import Annotated

from pydantic import WithJsonSchema

Number = Annotated[Decimal, WithJsonSchema({"type": "number"})]
"""A JSON number, where money is a string: a count that may have a fraction."""
