"""What every answer's model has in common."""

from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic.alias_generators import to_camel


class Answer(BaseModel):
    """snake_case here, camelCase on the wire; a field that we don't know yet is kept."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="allow", frozen=True
    )

    def to_dict(self) -> dict[str, Any]:
        """The answer as plain Python values, amounts as `Decimal`."""
        return self.model_dump()


def _number(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else value


Percent = Annotated[float, BeforeValidator(_number)]
"""0 to 100."""
